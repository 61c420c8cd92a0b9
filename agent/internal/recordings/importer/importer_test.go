package importer

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

// sum is what a log comes to: the CPU time of each process in seconds by name, and what was not seen.
type sum struct {
	found     *Found
	cpu       map[string]float64
	busy      float64
	gaps      []heuristics.GapKind
	snapshots []heuristics.Snapshot
}

// add imports a text and adds up what it holds. It checks what every snapshot must keep to.
func add(t *testing.T, text, kind string, o Options) (sum, error) {
	t.Helper()
	found, source, err := Open(strings.NewReader(text), "log", kind, o)
	if err != nil {
		return sum{}, err
	}
	s := sum{found: found, cpu: map[string]float64{}}
	names, last := map[heuristics.ProcessID]string{}, map[heuristics.ProcessID]time.Duration{}
	at := time.Duration(-1)
	var written []heuristics.Snapshot
	defer func() { replays(t, found, written) }()
	for snap, err := range source(t.Context()) {
		if err != nil {
			if !oneLine.MatchString(err.Error()) {
				t.Errorf("error %q, want FILE:LINE: what; what to do", err)
			}
			return s, err
		}
		written = append(written, snap)
		if snap.At <= at || snap.Cores < 1 {
			t.Fatalf("the time goes from %v to %v with %d cores", at, snap.At, snap.Cores)
		}
		at = snap.At
		for _, p := range snap.Processes {
			if p.Info != nil {
				if names[p.ID] == "" { // it may turn into another program later
					names[p.ID] = p.Info.Name
				}
			}
			if names[p.ID] == "" || p.CPU() < last[p.ID] {
				t.Fatalf("process %v without a name, or CPU time that goes back to %v", p.ID, p.CPU())
			}
			s.cpu[names[p.ID]] += (p.CPU() - last[p.ID]).Seconds()
			last[p.ID] = p.CPU()
		}
		for _, g := range snap.Gaps {
			s.gaps = append(s.gaps, g.Kind)
		}
		s.busy = snap.Busy.Seconds()
		s.snapshots = append(s.snapshots, snap)
	}
	return s, nil
}

// oneLine is how every error about a log reads.
var oneLine = regexp.MustCompile(`^[^\n:]+:\d+: [^\n]+[;,?] [^\n]+$`)

// replays checks that snapshots can be written, read and judged.
func replays(t *testing.T, found *Found, all []heuristics.Snapshot) {
	t.Helper()
	if len(all) == 0 {
		return
	}
	source := func(context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			for _, s := range all {
				if !yield(s, nil) {
					return
				}
			}
		}
	}
	var file bytes.Buffer
	for _, err := range trace.Record(source, &file, trace.Header{Started: found.Started, Cores: found.Cores, OS: "unknown"})(t.Context()) {
		if err != nil {
			t.Fatalf("the recording cannot be written: %v", err)
		}
	}
	_, read, err := trace.Replay(&file, "trace")
	if err != nil {
		t.Fatal(err)
	}
	d, n := heuristics.NewDetector(heuristics.Config{}), 0
	for s, err := range read(t.Context()) {
		if err != nil {
			t.Fatalf("the recording cannot be read: %v", err)
		}
		d.Observe(s)
		n++
	}
	if n != len(all) {
		t.Fatalf("%d ticks came back of %d", n, len(all))
	}
}

func about(got, want float64) bool { return math.Abs(got-want) < 0.02+0.001*want }

const pidstatHead = "Linux 6.1.0 (vm) \t11/22/26 \t_x86_64_\t(4 CPU)\n\n"

// pidstatRows makes blocks of one process at 150 % and one at 20 %, with times as timestamp writes them.
func pidstatRows(n int, header string, timestamp func(i int) string, row func(pid int, cpu float64, name string) string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s %s\n", timestamp(i), header)
		fmt.Fprintf(&b, "%s %s\n", timestamp(i), row(10, 150, "hash"))
		fmt.Fprintf(&b, "%s %s\n\n", timestamp(i), row(11, 20, "bash"))
	}
	return b.String()
}

// withoutHeaders takes the lines away that hold nothing but a time.
func withoutHeaders(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if len(strings.Fields(line)) > 1 {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestPidstat(t *testing.T) {
	const header = "UID PID %usr %system %guest %wait %CPU CPU Command"
	row := func(pid int, cpu float64, name string) string {
		return fmt.Sprintf("0 %d %.2f 0.00 0.00 1.00 %.2f 1 %s", pid, cpu, cpu, name)
	}
	clock := func(from int) func(int) string {
		return func(i int) string {
			s := (from + i) % day
			return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
		}
	}
	half := func(am, pm string) func(int) string {
		return func(i int) string {
			s := 12*3600 - 5 + i // 11:59:55 in the morning
			h, word := s/3600, am
			if h >= 12 {
				word = pm
			}
			if h > 12 {
				h -= 12
			}
			return fmt.Sprintf("%02d:%02d:%02d %s", h, s/60%60, s%60, word)
		}
	}
	comma := func(s string) string { return strings.ReplaceAll(s, ".", ",") }
	for name, text := range map[string]string{
		"24 hours":      pidstatHead + pidstatRows(11, header, clock(50_000), row),
		"midnight":      pidstatHead + pidstatRows(11, header, clock(day-5), row),
		"12 hours":      pidstatHead + pidstatRows(11, header, half("AM", "PM"), row),
		"Japanese":      pidstatHead + pidstatRows(11, header, half("午前", "午後"), row),
		"averages":      pidstatHead + pidstatRows(11, header, clock(1), row) + "Durchschn.: 0 10 150,00 0,00 0,00 1,00 150,00 - hash\n平均時間: 0 10 1 1 1 1 1 - x\n",
		"decimal comma": pidstatHead + comma(pidstatRows(11, header, clock(1), row)),
		"an old one without waiting": pidstatHead + pidstatRows(11, "UID PID %usr %system %guest %CPU CPU Command", clock(1), func(pid int, cpu float64, name string) string {
			return fmt.Sprintf("0 %d %.2f 0.00 0.00 %.2f 1 %s", pid, cpu, cpu, name)
		}),
		"seconds since 1970, one header": pidstatHead + "# Time UID PID %usr %system %guest %wait %CPU CPU Command\n" +
			withoutHeaders(pidstatRows(11, "", func(i int) string { return fmt.Sprint(1763800000 + i) }, row)),
		"command lines": pidstatHead + pidstatRows(11, header, clock(1), func(pid int, cpu float64, name string) string {
			return row(pid, cpu, "/opt/bin/"+name+" --password secret --x")
		}),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := add(t, text, "auto", Options{})
			if err != nil {
				t.Fatal(err)
			}
			if s.found.Format != "pidstat" || s.found.Cores != 4 || s.found.Interval != time.Second {
				t.Errorf("found %+v", s.found)
			}
			// The first block tells of the second before it, which is not in the log's span; the accounts open with it.
			if hash, bash := s.cpu["hash"], s.cpu["bash"]; !about(hash, 1.5*11) || !about(bash, 0.2*11) || len(s.cpu) != 2 {
				t.Errorf("CPU %v, want 16.5 s and 2.2 s", s.cpu)
			}
			if len(s.gaps) > 0 {
				t.Errorf("gaps %v", s.gaps)
			}
		})
	}
}

func TestPidstatThreads(t *testing.T) {
	var b strings.Builder
	b.WriteString(pidstatHead + "# Time UID TGID TID %usr %system %guest %wait %CPU CPU Command\n")
	for i := range 10 {
		at := fmt.Sprintf("10:00:%02d", i)
		fmt.Fprintf(&b, "%s 0 50 - 99.00 1.00 0.00 0.00 100.00 1 chromium\n", at)
		fmt.Fprintf(&b, "%s 0 - 50 0.00 1.00 0.00 0.00 1.00 1 |__chromium\n", at)
		fmt.Fprintf(&b, "%s 0 - 57 99.00 0.00 0.00 50.00 99.00 1 |__DedicatedWorker\n", at)
	}
	s, err := add(t, b.String(), "auto", Options{})
	if err != nil || !s.found.Threads {
		t.Fatalf("threads %v, %v", s.found, err)
	}
	last := s.snapshots[9].Processes[0].Threads
	if len(last) != 2 || last[1].Name != "DedicatedWorker" || !about(last[1].Run.Seconds(), 9.9) || !about(last[1].Wait.Seconds(), 5) {
		t.Errorf("threads %+v", last)
	}
}

const topHead = "top - %s up 1 day,  1 user,  load average: 0.05, 0.06, 0.01\nTasks: 2 total\n%%Cpu(s): 10.0 us\nMiB Mem : 100 total\nMiB Swap: 0 total\n\n    PID USER      PR  NI    VIRT    RES    SHR S  %%CPU  %%MEM     TIME+ COMMAND\n"

func TestTop(t *testing.T) {
	var b strings.Builder
	for i := range 10 {
		fmt.Fprintf(&b, topHead, fmt.Sprintf("23:59:%02d", 55+i%5))
		if i >= 5 {
			b.Reset()
			break
		}
	}
	for i := range 10 {
		fmt.Fprintf(&b, topHead, time.Date(2026, 1, 1, 23, 59, 55+i, 0, time.UTC).Format("15:04:05"))
		cpu := 50.0
		if i == 0 {
			cpu = 900 // since boot
		}
		fmt.Fprintf(&b, "    77 root      39  19  397916   1.5g   7244 R %.1f  29.3   2541:43 /tmp/x/hash --pool secret\n", cpu)
		if i%2 == 0 { // -i leaves out what idles
			b.WriteString("     9 root      20   0       0      0      0 I  10,0   0.0   0:00.13 [kworker/u65:9-events]\n")
		}
		b.WriteString("\n")
	}
	s, err := add(t, b.String(), "auto", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !about(s.cpu["hash"], 4.5) || !about(s.cpu["[kworker/u65:9-events]"], 0.4) || len(s.cpu) != 2 {
		t.Errorf("CPU %v, want 4.5 s of hash and 0.4 s of the kernel's thread", s.cpu)
	}
	if p := s.snapshots[1].Processes[0]; p.Resident != 1610612736 {
		t.Errorf("resident %d bytes, want 1.5 GiB", p.Resident)
	}
	if in := s.snapshots[0].Processes[0].Info; in.Nice != 19 || in.User != "root" {
		t.Errorf("info %+v", in)
	}
	s, err = add(t, b.String(), "top", Options{AllCores: true, Cores: 8})
	if err != nil || !about(s.cpu["hash"], 36) {
		t.Errorf("in units of all of 8 cores: %v, %v", s.cpu, err)
	}
}

func wide(text string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func TestPerfmon(t *testing.T) {
	const head = `"(PDH-CSV 4.0) (W. Europe Standard Time)(-60)","\\PC\Process(chrome)\%% Processor Time","\\PC\Process(chrome#1)\%% Processor Time","\\PC\Process(_Total)\%% Processor Time","\\PC\Process(chrome)\ID Process","\\PC\Process(chrome#1)\ID Process"` + "\r\n"
	text := strings.ReplaceAll(head, "%%", "%") + `"11/22/2026 13:57:38.000"," "," "," "," "," "` + "\r\n"
	for i := range 10 {
		first, second := "100", "200" // the numbers of the instances change places when one ends
		a, b := "150.0", "10.0"
		if i >= 5 {
			first, second, a, b = second, first, b, a
		}
		text += fmt.Sprintf(`"11/22/2026 13:57:%02d.000","%s","%s","400","%s","%s"`+"\r\n", 39+i, a, b, first, second)
	}
	text += "\r\nThe command completed successfully.\r\n"
	for name, in := range map[string]string{"UTF-8": text, "UTF-16": wide(text)} {
		t.Run(name, func(t *testing.T) {
			s, err := add(t, in, "auto", Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !about(s.cpu["chrome"], 16) {
				t.Errorf("CPU %v, want 16 s of both", s.cpu)
			}
			if n := len(s.snapshots[8].Processes); n != 2 {
				t.Errorf("%d processes, want two, told apart by their ids", n)
			}
		})
	}
	t.Run("German", func(t *testing.T) {
		german := `"(PDH-CSV 4.0)";"\\PC\Prozess(firefox)\Prozessorzeit (%)"` + "\n"
		for i := range 5 {
			german += fmt.Sprintf(`"22.11.2026 13:57:%02d,000";"50,0"`+"\n", 10+i)
		}
		s, err := add(t, german, "auto", Options{})
		if err != nil || !about(s.cpu["firefox"], 2.5) {
			t.Errorf("CPU %v, %v", s.cpu, err)
		}
	})
}

func TestTables(t *testing.T) {
	prmon := "Time\twtime\tpss\trss\trchar\tread_bytes\twchar\twrite_bytes\tstime\tutime\tnprocs\n"
	psrecord, sar := "# Elapsed time   CPU (%)     Real (MB)   Virtual (MB)\n", pidstatHead+"13:57:50 CPU %user %nice %system %iowait %steal %idle\n"
	csv, wideCSV := "t;use;name;id\n", "Time,A CPU,B CPU\n"
	for i := range 10 {
		prmon += fmt.Sprintf("%d\t%d\t10\t20\t%d\t0\t5\t0\t%d\t%d\t1\n", 1763800000+2*i, 2*i, 1000*i, i, 7*i)
		psrecord += fmt.Sprintf("%.3f 80.0 1.5 9\n", float64(i))
		sar += fmt.Sprintf("13:58:%02d all 40.00 5.00 5.00 1.00 0.00 49.00\n13:58:%02d 0 99 0 0 0 0 1\n", i, i)
		csv += fmt.Sprintf("%d;30,5;worker;7\n%d;10;other;8\n", 1763800000000+1000*i, 1763800000000+1000*i)
		wideCSV += fmt.Sprintf("%d,50.0 , 25.0\n", 6*i)
	}
	sar += "Average: all 1 1 1 1 1 1\n"
	for _, c := range []struct {
		name, text, kind string
		o                Options
		cpu              map[string]float64
		busy             float64
	}{
		{"prmon", prmon, "auto", Options{}, map[string]float64{"log": 72}, 0},
		{"psrecord", psrecord, "auto", Options{Process: "/bin/job -x"}, map[string]float64{"job": 8}, 0},
		{"sar", sar, "auto", Options{}, map[string]float64{}, 20},
		{"CSV", csv, "csv", Options{Unit: "percent", Columns: map[string]string{"time": "t", "cpu": "use", "process": "name", "pid": "id"}}, map[string]float64{"worker": 3.05, "other": 1}, 0},
		{"wide CSV", wideCSV, "csv", Options{Columns: map[string]string{"time": "Time", "cpu": "A CPU|B CPU"}}, map[string]float64{"A_CPU": 30, "B_CPU": 15}, 0},
		{"CSV of the host", "t,u\n1,50\n2,50\n3,50\n", "csv", Options{Cores: 4, AllCores: true, Columns: map[string]string{"time": "t", "cpu": "u"}}, map[string]float64{}, 6},
		{"CSV without time", "u\n50\n50\n50\n", "csv", Options{Process: "x", Interval: 2 * time.Second, Columns: map[string]string{"cpu": "u"}}, map[string]float64{"x": 3}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := add(t, c.text, c.kind, c.o)
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range c.cpu {
				if !about(s.cpu[name], want) {
					t.Errorf("CPU %v, want %v", s.cpu, c.cpu)
				}
			}
			if len(s.cpu) != len(c.cpu) || !about(s.busy, c.busy) {
				t.Errorf("CPU %v busy %.2f, want %v and %.2f", s.cpu, s.busy, c.cpu, c.busy)
			}
			if hostOnly := c.busy > 0; s.found.HostOnly != hostOnly || (hostOnly && s.gaps[0] != heuristics.GapHostOnly) {
				t.Errorf("host only %v, gaps %v", s.found.HostOnly, s.gaps)
			}
		})
	}
}

func TestPrometheus(t *testing.T) {
	const text = `{"status":"success","data":{"resultType":"matrix","result":[
	{"metric":{"groupname":"hash","mode":"user"},"values":[[1763800000,"10"],[1763800015,"20"],[1763800030,"2"],[1763800045,"12"]]},
	{"metric":{"groupname":"hash","mode":"system"},"values":[[1763800000,"1"],[1763800015,"2"],[1763800030,"NaN"],[1763800045,"3"]]}]}}`
	s, err := add(t, text, "auto", Options{})
	if err != nil {
		t.Fatal(err)
	}
	// User time: 10, 2 after the counter restarted, 10. System time: 1, and 1 over the sample that is not there.
	if s.found.Interval != 15*time.Second || !about(s.cpu["hash"], 24) || len(s.snapshots) != 4 {
		t.Errorf("found %+v, CPU %v", s.found, s.cpu)
	}
	for _, bad := range []string{`{`, `{"status":"error","error":"no"}`, `{"status":"success","data":{"resultType":"vector"}}`} {
		if _, err := add(t, bad, "prometheus", Options{}); err == nil {
			t.Errorf("%s is taken for a range query", bad)
		}
	}
}

// One series can be most of an answer; the decoder keeps a series whole.
func TestPrometheusSeriesIsBounded(t *testing.T) {
	text := `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[` +
		strings.Repeat(`[1,"1"],`, maxValue/6) + `[2,"2"]]}]}}`
	if _, err := add(t, text, "prometheus", Options{}); err == nil || !strings.Contains(err.Error(), "longer than 8 MiB") {
		t.Errorf("error %v", err)
	}
}

func TestTroubleIsNamedWithItsLine(t *testing.T) {
	good := pidstatHead + "10:00:01 UID PID %usr %system %guest %wait %CPU CPU Command\n10:00:01 0 1 1 1 0 0 2.00 1 x\n10:00:02 0 1 1 1 0 0 2.00 1 x\n10:00:03 0 1 1 1 0 0 2.00 1 x\n"
	for name, c := range map[string]struct{ text, kind, want string }{
		"a broken row":          {good + "10:00:04 0 1 1 1\n", "auto", "log:7: the row has"},
		"no percentage":         {good + "10:00:04 0 1 1 1 0 0 many 1 x\n", "auto", `log:7: "many" is no percentage`},
		"a long line":           {good + strings.Repeat("x", maxLine+1) + "\n", "auto", "log:7: the line is longer"},
		"no header":             {"10:00:04 0 1 1 1 0 0 3 1 x\n", "pidstat", "log:1: a row before any header"},
		"too short":             {pidstatHead, "pidstat", "log:2: the log holds fewer than two samples"},
		"no log":                {"\x00\x01\x02 junk\n", "auto", "log:1: not a log of a kind"},
		"no such format":        {good, "oracle", `no format "oracle"`},
		"no column":             {"a,b\n1,2\n", "csv", "log:1: say which column"},
		"a wrong date":          {`"(PDH-CSV 4.0)","\\P\Process(x)\% Processor Time"` + "\n" + `"x","1"` + "\n", "auto", "log:2: \"x\" is no time"},
		"half a compressed one": {"\x1f\x8b\x08", "auto", "log:1: the compressed file is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := add(t, c.text, c.kind, Options{})
			if name != "no such format" && err != nil && !oneLine.MatchString(err.Error()) {
				t.Errorf("error %q, want FILE:LINE: what; what to do", err)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, c.want)
			}
		})
	}
}

func TestClockThatIsSetBackAndGaps(t *testing.T) {
	head := "# Time UID PID %usr %system %guest %wait %CPU CPU Command\n"
	text := pidstatHead + head
	for _, at := range []string{"10:00:00", "10:00:01", "10:00:02", "09:00:03", "09:00:04", "09:10:00", "09:10:01"} {
		text += at + " 0 1 100 0 0 0 100.00 1 x\n"
	}
	s, err := add(t, text, "auto", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.gaps) != 2 || s.gaps[0] != heuristics.GapClockJumped || s.gaps[1] != heuristics.GapLateTick {
		t.Errorf("gaps %v, want a jump of the clock and ten minutes not seen", s.gaps)
	}
	if !about(s.cpu["x"], 7) { // what happened in the ten minutes is not known
		t.Errorf("CPU %v, want 7 s", s.cpu)
	}
}

// Another program under the same pid is another process, if the pid was away for a while.
func TestReusedPID(t *testing.T) {
	text := pidstatHead + "# Time UID PID %usr %system %guest %wait %CPU CPU Command\n"
	for i := range 7 {
		name := "first"
		if i > 3 {
			name = "second"
		}
		if i == 3 {
			text += "10:00:03 0 8 50 0 0 0 50.00 1 other\n"
			continue
		}
		text += fmt.Sprintf("10:00:0%d 0 9 50 0 0 0 50.00 1 %s\n", i, name)
	}
	s, err := add(t, text, "auto", Options{})
	if err != nil || !about(s.cpu["first"], 1.5) || !about(s.cpu["second"], 1.5) || len(s.snapshots[4].Exited) != 1 {
		t.Errorf("CPU %v, exited %v, %v", s.cpu, s.snapshots[4].Exited, err)
	}
}

// A process may write what it likes over its name: while it is there all along, it is the same one.
func TestAProcessThatRenamesItself(t *testing.T) {
	text, turns := pidstatHead+oneHeader, pidstatHead+oneHeader
	for i := range 9 {
		text += fmt.Sprintf("10:00:0%d 0 9 50 0 0 0 50.00 1 n%d\n", i, i)
		name := "bash"
		if i > 2 {
			name = "hash"
		}
		turns += fmt.Sprintf("10:00:0%d 0 9 50 0 0 0 50.00 1 %s\n", i, name)
	}
	s, err := add(t, text, "auto", Options{})
	if err != nil || !about(s.cpu["n0"], 4.5) || len(s.cpu) != 1 {
		t.Errorf("CPU %v, %v; want 4.5 s of one", s.cpu, err)
	}
	s, err = add(t, turns, "auto", Options{})
	if err != nil || len(s.cpu) != 1 {
		t.Fatalf("CPU %v, %v; want one", s.cpu, err)
	}
	if in := s.snapshots[5].Processes[0].Info; in == nil || in.Name != "hash" {
		t.Errorf("info %+v after three samples of another name, want that name", in)
	}
}
