package importer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

const oneHeader = "# Time UID PID %usr %system %guest %wait %CPU CPU Command\n"

// at50 returns one row of a process at 50 % for each time.
func at50(times ...string) string {
	var b strings.Builder
	for _, at := range times {
		b.WriteString(at + " 0 7 50 0 0 0 50.00 1 x\n")
	}
	return b.String()
}

func TestTimesOfDayInManyLocales(t *testing.T) {
	for text, want := range map[string]string{
		"13:57:39":        "13h57m39s",
		"13.57.39":        "13h57m39s",
		"13,57,39":        "13h57m39s",
		"01:57:39 PM":     "13h57m39s",
		"12:00:01 AM":     "1s",
		"12:00:01 PM":     "12h0m1s",
		"01:57:39 下午":     "13h57m39s",
		"下午 01時57分39秒":    "13h57m39s",
		"13时57分39秒":       "13h57m39s",
		"오후 01시 57분 39초":  "13h57m39s",
		"01:57:39 nachm.": "13h57m39s",
	} {
		words := strings.Fields(text + " 0 7 x")
		got, took := timeOfDay(words)
		if time.Duration(got.seconds*1e9).String() != want || took != len(words)-3 {
			t.Errorf("%q is %v of %d words, want %s", text, time.Duration(got.seconds*1e9), took, want)
		}
	}
	for _, text := range []string{"Average: 0 1", "Durchschn.: 0", "99:00:00", "10:00", "1.5", "-1:00:00", ""} {
		if got, took := timeOfDay(strings.Fields(text)); took != 0 {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

// The half of the day may be a word that nobody here knows: the clock still goes on.
func TestUnknownWordsForHalvesOfTheDay(t *testing.T) {
	rows := at50("11:59:58 ante", "11:59:59 ante", "12:00:00 post", "12:00:01 post", "12:00:02 post")
	withTime := "11:59:57 ante UID PID %usr %system %guest %wait %CPU CPU Command\n"
	sar := pidstatHead + "11:59:57 ante CPU %user %nice %system %iowait %steal %idle\n"
	for _, at := range []string{"11:59:58 ante", "11:59:59 ante", "12:00:00 post", "12:00:01 post"} {
		sar += at + " all 50 0 0 0 0 50\n"
	}
	for name, text := range map[string]string{"one header": pidstatHead + oneHeader + rows, "headers": pidstatHead + withTime + rows, "sar": sar} {
		s, err := add(t, text, "auto", Options{})
		if err != nil || s.found.Interval != time.Second || len(s.gaps) > 0 && s.gaps[0] != heuristics.GapHostOnly {
			t.Errorf("%s: %+v, gaps %v, %v", name, s.found, s.gaps, err)
			continue
		}
		if name != "sar" && !about(s.cpu["x"], 2.5) {
			t.Errorf("%s: CPU %v, want 2.5 s", name, s.cpu)
		}
	}
}

func TestDatesAndZones(t *testing.T) {
	at := func(text, kind string, o Options) string {
		t.Helper()
		s, err := add(t, text, kind, o)
		if err != nil {
			return err.Error()
		}
		if !s.found.Started.Equal(s.snapshots[0].Time) {
			t.Errorf("started %v, the first sample is of %v", s.found.Started, s.snapshots[0].Time)
		}
		return s.found.Started.Format("2006-01-02T15:04:05")
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones on this computer")
	}
	rows := oneHeader + at50("10:00:01", "10:00:02")
	perfmon := `"(PDH-CSV 4.0)%s","\\P\Process(x)\%% Processor Time"` + "\n" + `"%s","1"` + "\n" + `"%[2]s","1"` + "\n"
	csv := "t,u,p\n%s,1,7\n%[1]s,1,7\n"
	columns := map[string]string{"time": "t", "cpu": "u", "pid": "p"}
	for _, c := range []struct {
		text, kind string
		o          Options
		want       string
	}{
		{pidstatHead + rows, "auto", Options{}, "2026-11-22T10:00:01"},
		{pidstatHead + rows, "auto", Options{Zone: berlin}, "2026-11-22T09:00:01"},
		{"Linux 6 (vm) 2026-11-22 _x86_64_ (4 CPU)\n" + rows, "auto", Options{}, "2026-11-22T10:00:01"},
		{"Linux 6 (vm) 04.11.2026 _x86_64_ (4 CPU)\n" + rows, "auto", Options{}, "2026-11-04T10:00:01"},
		{"Linux 6 (vm) 04/11/26 _x86_64_ (4 CPU)\n" + rows, "auto", Options{DateOrder: "dmy"}, "2026-11-04T10:00:01"},
		{rows, "auto", Options{}, "1970-01-01T10:00:01"},
		{fmt.Sprintf(perfmon, "", "11/04/2026 13:57:38.000"), "auto", Options{}, "2026-11-04T13:57:38"},
		{fmt.Sprintf(perfmon, "", "11/04/2026 13:57:38.000"), "auto", Options{DateOrder: "dmy"}, "2026-04-11T13:57:38"},
		{fmt.Sprintf(perfmon, " (W. Europe Standard Time)(-60)", "11/22/2026 13:57:38.000"), "auto", Options{}, "2026-11-22T12:57:38"},
		{fmt.Sprintf(csv, "2026-11-22 01:57:38 PM"), "csv", Options{Columns: columns, Unit: "percent"}, "2026-11-22T13:57:38"},
		{fmt.Sprintf(csv, "2026-11-22T13:57:38+01:00"), "csv", Options{Columns: columns, Unit: "percent"}, "2026-11-22T12:57:38"},
		{fmt.Sprintf(csv, "1795355858123"), "csv", Options{Columns: columns, Unit: "percent"}, "2026-11-22T13:57:38"},
	} {
		if got := at(c.text, c.kind, c.o); got != c.want {
			t.Errorf("%.60q begins at %s, want %s", c.text, got, c.want)
		}
	}
}

func TestClockSetBackOverMidnight(t *testing.T) {
	s, err := add(t, pidstatHead+oneHeader+at50("23:59:58", "23:59:59", "00:00:00", "00:00:01", "23:59:59", "00:00:00"), "auto", Options{})
	if err != nil || s.snapshots[5].At > 6*time.Second || len(s.gaps) != 1 || s.gaps[0] != heuristics.GapClockJumped {
		t.Errorf("ends at %v with gaps %v, %v; want 5 s and one jump", s.snapshots[5].At, s.gaps, err)
	}
}

// Two blocks within one second of the log's clock are two samples.
func TestSamplesFasterThanTheClock(t *testing.T) {
	var b strings.Builder
	for i := range 21 {
		fmt.Fprintf(&b, topHead, time.Date(2026, 1, 1, 10, 0, 0, i*5e8, time.UTC).Format("15:04:05"))
		b.WriteString("1 root 20 0 1 2 3 R 80.0 1 0:01 x\n")
	}
	s, err := add(t, b.String(), "auto", Options{})
	if err != nil || len(s.gaps) > 0 || s.found.Interval != 500*time.Millisecond || !about(s.snapshots[20].At.Seconds(), 10) || !about(s.cpu["x"], 8) {
		t.Errorf("interval %v to %v, gaps %v, CPU %v, %v", s.found.Interval, s.snapshots[20].At, s.gaps, s.cpu, err)
	}
}

func TestNamesOfPrograms(t *testing.T) {
	for _, c := range []struct {
		commands, want []string
	}{
		{[]string{"Web Content", "kworker/0:1", "Isolated Web Co", "xmrig"}, nil},
		{
			[]string{"[kthreadd]", "python3 train.py secret", "/usr/lib/chromium/chromium --type=renderer", "nginx: worker process"},
			[]string{"[kthreadd]", "python3", "chromium", "nginx"},
		},
		{[]string{"java -Dpassword=x Main", "sh run"}, []string{"java", "sh"}},
		{[]string{"postgres: bob db idle", `C:\Games\play.exe`}, []string{"postgres", "play.exe"}},
		{[]string{"bash /home/me/secret/run.sh"}, []string{"bash"}},
		{[]string{"kworker/u65:9-events_power_efficient", "ksoftirqd/0"}, nil},
	} {
		var rows []row
		for _, name := range c.commands {
			r := newRow(1)
			r.name = name
			rows = append(rows, r)
		}
		lines := false
		names(rows, &lines)
		want := c.want
		if want == nil {
			want = c.commands
		}
		for i := range rows {
			if rows[i].name != want[i] {
				t.Errorf("%q is named %q, want %q", c.commands[i], rows[i].name, want[i])
			}
		}
	}
}

func TestTopInOtherLanguagesAndShapes(t *testing.T) {
	block := func(summary, header, row string) string {
		var b strings.Builder
		for i := range 4 {
			fmt.Fprintf(&b, "top - 10:00:0%d up 1 day\n%s\n\n%s\n%s\n\n", i, summary, header, row)
		}
		return b.String()
	}
	const english, german = "  PID USER PR NI VIRT RES SHR S %CPU %MEM TIME+ COMMAND", "  PID BENUTZER PR NI VIRT RES SHR S  %CPU  %MEM    ZEIT+ BEFEHL"
	for name, c := range map[string]struct {
		text  string
		cores int
		loose bool
		cpu   float64
		o     Options
	}{
		"German":             {block("%CPU(s): 1,0 us", german, "7 root 20 0 1 2,5g 3 R 50,0 1,0 0:01.00 x"), 1, false, 1.5, Options{}},
		"Chinese":            {block("", "进程号 USER PR NI VIRT RES SHR S %CPU %MEM TIME+ COMMAND", "7 root 20 0 1 2 3 R 50.0 1.0 0:01.00 x"), 1, false, 1.5, Options{}},
		"a line a core":      {block("%Cpu0 : 1.0 us\n%Cpu1 : 2.0 us\n%Cpu2 : 1.0 us\n%Cpu3 : 1.0 us", english, "7 root 20 0 1 2 3 R 50.0 1.0 0:01 x"), 4, false, 1.5, Options{}},
		"two cores a line":   {block("%Cpu0 : 1.0 us  %Cpu1 : 2.0 us\n%Cpu2 : 1.0 us %Cpu3 : 1.0 us", english, "7 root 20 0 1 2 3 R 50.0 1.0 0:01 x"), 4, false, 1.5, Options{}},
		"of all cores":       {block("", english, "7 root 20 0 1 2 3 R 50.0 1.0 0:01 x"), 4, false, 6, Options{AllCores: true, Cores: 4}},
		"threads":            {block("Threads: 9 total", english, "7 root 20 0 1 2 3 R 50.0 1.0 0:01 x"), 1, true, 1.5, Options{}},
		"of three processes": {block("", english, "7 root 20 0 1 2 3 R 50.0 1.0 0:01 x\n8 root 20 0 1 2 3 R 100.0 1.0 0:01 y\n9 root 20 0 1 2 3 R 52.0 1.0 0:01 z"), 2, false, 1.5, Options{}},
	} {
		s, err := add(t, c.text, "auto", c.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.found.Cores != c.cores || s.found.Loose != c.loose || !about(s.cpu["x"], c.cpu) {
			t.Errorf("%s: found %+v, CPU %v", name, s.found, s.cpu)
		}
	}
	if _, err := add(t, block("", "PID USER CPU", "7 root 1"), "auto", Options{}); err == nil || !strings.Contains(err.Error(), "LC_ALL=C") {
		t.Errorf("a top without %%CPU: %v", err)
	}
	if _, err := add(t, block("", english, "7 root 20 0 1 2 3 R 50.0 1.0 0:01 x"), "auto", Options{AllCores: true}); err == nil || !strings.Contains(err.Error(), "--cores") {
		t.Errorf("all of an unknown number of cores: %v", err)
	}
}

// pidstat -urd prints three tables for each moment.
func TestPidstatTables(t *testing.T) {
	text := pidstatHead
	for i := range 5 {
		at := fmt.Sprintf("10:00:0%d", i)
		text += at + " UID PID %usr %system %guest %wait %CPU CPU Command\n" + at50(at) + "\n" +
			at + " UID PID minflt/s majflt/s VSZ RSS %MEM Command\n" + at + " 0 7 1 0 10 2048 0.1 x\n" + at + " 0 8 1 0 10 99 0.1 y\n\n" +
			at + " UID PID kB_rd/s kB_wr/s kB_ccwr/s iodelay Command\n" + at + " 0 7 100.00 10.00 0 0 x\n\n"
	}
	s, err := add(t, text+"Average: UID PID minflt/s majflt/s VSZ RSS %MEM Command\nAverage: 0 7 1 0 10 2048 0.1 x\n", "auto", Options{})
	if err != nil || !about(s.cpu["x"], 2.5) || len(s.cpu) != 1 || !s.found.IO {
		t.Fatalf("CPU %v, found %+v, %v", s.cpu, s.found, err)
	}
	if p := s.snapshots[4].Processes[0]; p.Resident != 2<<20 || p.ReadBytes != 5*100*1024 || p.WriteBytes != 5*10*1024 {
		t.Errorf("sample %+v", p)
	}
}

func TestCSVShapes(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		o       Options
		cores   int
		cpu     map[string]float64
		busy    float64
		samples int
	}{
		"a column a core": {"t,CPU_0,CPU_1\n1,50,100\n2,50,100\n3,50,100\n", Options{Columns: map[string]string{"time": "t", "host": "CPU_*"}}, 2, nil, 4.5, 3},
		"what is idle":    {"t,idle\n1,25\n2,25\n3,25\n", Options{Cores: 4, AllCores: true, Columns: map[string]string{"time": "t", "idle": "idle"}}, 4, nil, 9, 3},
		"thrice a second": {"t,pid,u\n1,9,50\n1,9,50\n1,9,50\n2,9,50\n2,9,50\n2,9,50\n", Options{Columns: map[string]string{"time": "t", "pid": "pid", "cpu": "u"}}, 1, map[string]float64{"log": 6 * 0.25 * 0.5}, 0, 6},
		"tabs":            {"t\tn\tu\n1\tx\t50\n1\tx\t25\n2\tx\t50\n3\tx\t\n", Options{Columns: map[string]string{"time": "t", "process": "n", "cpu": "u"}}, 1, map[string]float64{"x": 1.25}, 0, 3},
	} {
		s, err := add(t, c.text, "csv", c.o)
		if err != nil || s.found.Cores != c.cores || len(s.snapshots) != c.samples || !about(s.busy, c.busy) || len(s.cpu) != len(c.cpu) {
			t.Errorf("%s: found %+v, %d samples, CPU %v, busy %v, %v", name, s.found, len(s.snapshots), s.cpu, s.busy, err)
		}
		for n, want := range c.cpu {
			if !about(s.cpu[n], want) {
				t.Errorf("%s: CPU %v, want %v", name, s.cpu, c.cpu)
			}
		}
	}
}

// Without process ids the instances of a name are one: their numbers move when one of them ends.
func TestPerfmonWithoutIDs(t *testing.T) {
	text := `"(PDH-CSV 4.0)","\\P\Processor(0)\% Processor Time","\\P\Processor(1)\% Processor Time","\\P\Processor(_Total)\% Processor Time",` +
		`"\\P\Process(a)\% Privileged Time","\\P\Process(a)\% Processor Time","\\P\Process(a#1)\% Processor Time","\\P\Process(Idle)\% Processor Time","\\P\PhysicalDisk(0 C:)\% Disk Time"` + "\n"
	for i := range 4 {
		text += fmt.Sprintf(`"11/22/2026 13:57:%02d.000","9","9","9","1","50","30","100","7"`+"\n", i)
	}
	s, err := add(t, text, "auto", Options{})
	if err != nil || s.found.Cores != 2 || s.found.CoresFrom != "log" || !about(s.cpu["a"], 3.2) || len(s.cpu) != 1 {
		t.Errorf("found %+v, CPU %v, %v", s.found, s.cpu, err)
	}
	host := `"(PDH-CSV 4.0)","\\P\Prozessor(_Total)\Prozessorzeit (%)"` + "\n" + `"22.11.2026 13:57:01","50"` + "\n" + `"22.11.2026 13:57:02","50"` + "\n"
	if s, err = add(t, strings.Replace(host, `","\\`, `";"\\`, 1), "auto", Options{Cores: 2}); err == nil {
		t.Errorf("columns parted in two ways: %+v", s.found)
	}
	if s, err = add(t, host, "auto", Options{Cores: 2}); err != nil || !s.found.HostOnly || !about(s.busy, 2) {
		t.Errorf("found %+v, busy %v, %v", s.found, s.busy, err)
	}
}

// A character of UTF-16 may hold the byte that ends lines.
func TestWideLines(t *testing.T) {
	text := `"(PDH-CSV 4.0)","\\P\Process(Ċਅ)\% Processor Time"` + "\r\n" + `"11/22/2026 13:57:01","50"` + "\r\n" + `"11/22/2026 13:57:02","50"` + "\r\n"
	little := wide(text)
	big := []byte(little)
	for i := 0; i+1 < len(big); i += 2 {
		big[i], big[i+1] = big[i+1], big[i]
	}
	for name, in := range map[string]string{"little": little, "big": string(big)} {
		if s, err := add(t, in, "auto", Options{}); err != nil || !about(s.cpu["Ċਅ"], 1) {
			t.Errorf("%s endian: CPU %v, %v", name, s.cpu, err)
		}
	}
}

// A process that was forgotten and comes back is another life, and what came before a broken line is kept.
func TestForgottenProcessesAndKeptBlocks(t *testing.T) {
	var b strings.Builder
	b.WriteString(pidstatHead + oneHeader + "1 0 9 50 0 0 0 50.00 1 rare\n")
	for i := range 2 * forgotten {
		fmt.Fprintf(&b, "%d 0 7 50 0 0 0 50.00 1 x\n", 1+i)
	}
	fmt.Fprintf(&b, "%d 0 9 50 0 0 0 50.00 1 rare\n%[1]d 0 7 broken\n", 1+2*forgotten)
	s, err := add(t, b.String(), "auto", Options{})
	if err == nil || len(s.snapshots) != 2*forgotten {
		t.Fatalf("%d samples, %v", len(s.snapshots), err)
	}
	s, err = add(t, strings.Replace(b.String(), "broken", "50 0 0 0 50.00 1 x", 1), "auto", Options{})
	exited := 0
	for i := range s.snapshots {
		exited += len(s.snapshots[i].Exited)
	}
	if err != nil || exited != 1 || !about(s.cpu["rare"], 1) {
		t.Errorf("%d exited, CPU %v, %v", exited, s.cpu, err)
	}
}
