package importer

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// repeat joins what a log holds of one moment after the other.
func repeat(n int, moment func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(moment(i))
	}
	return b.String()
}

// clockAt returns a time of day, i seconds after ten.
func clockAt(i int) string {
	return time.Date(2026, 11, 25, 10, 0, i, 0, time.UTC).Format("15:04:05")
}

// logCase is a log in a shape that people have, and what it comes to.
type logCase struct {
	text   string
	kind   string // "" for auto
	o      Options
	format string
	cores  int
	from   string // how the cores are known, "" for any
	cpu    map[string]float64
	busy   float64
	note   string // a part of one
	err    string // a part of it: then the log is refused
}

func (c *logCase) run(t *testing.T) {
	t.Helper()
	kind := c.kind
	if kind == "" {
		kind = "auto"
	}
	s, err := add(t, c.text, kind, c.o)
	if c.err != "" {
		if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Fatalf("error %v, want one about %q", err, c.err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if c.format != "" && s.found.Format != c.format {
		t.Errorf("taken for %s, want %s", s.found.Format, c.format)
	}
	if s.found.Cores != c.cores || (c.from != "" && s.found.CoresFrom != c.from) {
		t.Errorf("%d cores (%s), want %d (%s)", s.found.Cores, s.found.CoresFrom, c.cores, c.from)
	}
	for name, want := range c.cpu {
		if !about(s.cpu[name], want) {
			t.Errorf("CPU %v, want %v", s.cpu, c.cpu)
		}
	}
	if len(s.cpu) != len(c.cpu) || !about(s.busy, c.busy) {
		t.Errorf("CPU %v, busy %.2f, want %v and %.2f", s.cpu, s.busy, c.cpu, c.busy)
	}
	if notes := strings.Join(s.found.Notes, "\n"); !strings.Contains(notes, c.note) || (c.note == "" && notes != "") {
		t.Errorf("notes %q, want one about %q", notes, c.note)
	}
	for _, g := range s.gaps {
		if g != "host_only" && g != "unreadable" {
			t.Errorf("gap %s", g)
		}
	}
}

func runCases(t *testing.T, cases map[string]logCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.run(t)
			if c.kind != "" || strings.Contains(c.text, "resultType") {
				return
			}
			crlf := c
			crlf.text = "\ufeff" + strings.ReplaceAll(c.text, "\n", "\r\n")
			t.Run("CRLF and BOM", crlf.run)
			crlf.text = wide(crlf.text[len("\ufeff"):])
			t.Run("UTF-16", crlf.run)
			crlf.text = crlf.text[2:]
			t.Run("UTF-16 without a mark", crlf.run)
		})
	}
}

func topPage(first, above, titles string, rows ...string) func(i int) string {
	return func(i int) string {
		return strings.ReplaceAll(first, "TIME", clockAt(i)) + "\n" + above + "\n\n" + titles + "\n" + strings.Join(rows, "\n") + "\n\n"
	}
}

const (
	linuxFirst  = "top - TIME up 3 days,  1 user,  load average: 1.00, 1.00, 1.00"
	linuxTitles = "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND"
)

func TestTopOfManyKinds(t *testing.T) {
	zh := strings.Replace(strings.Replace(linuxTitles, "PID", "进程号", 1), " S ", "   ", 1)
	load := "  12675 git       20   0 2436912 268512   3216 S 397.9   1.6 120:00.00 hash"
	indent := func(with, text string) string {
		return with + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+with) + "\n"
	}
	french := repeat(5, topPage(linuxFirst, "Tâches: 1153 total\n%Cpu(s):  0,9 ut,  0,1 sy,  0,0 ni, 98,9 id,  0,0 wa,  0,0 hi,  0,0 si,  0,0 st",
		"  PID UTIL.     PR  NI    VIRT    RES    SHR S  %CPU  %MEM    TEMPS+ COM.", "65826 user      20   0   20272   6896   3296 R  97,8   0,0   1:39.15 python"))
	rename := repeat(5, func(i int) string {
		return topPage(linuxFirst, "", linuxTitles, fmt.Sprintf("  23265 ann 20 0 1992 108 64 R 98.0 0.0 25:%02d.39 q%dw%de x/y.conf", i+1, i, i))(i)
	})
	cut := repeat(4, topPage(linuxFirst, "", linuxTitles, "  7 root 20 0 1 2 3 R 50.0 1.0", "  0:01.00 hash", "  8 root 20 0 1 2 3 R 25.0 1.0 0:01.00 other"))
	runCases(t, map[string]logCase{
		"Chinese, with a blank title": {
			text:   repeat(5, topPage(linuxFirst, "任务: 277 total\n%Cpu(s): 99.3 us,  0.7 sy,  0.0 ni,  0.0 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st", zh, load)),
			format: "top", cores: 4, cpu: map[string]float64{"hash": 4 * 3.979},
		},
		"Chinese, all titles": {
			text:   repeat(5, topPage(linuxFirst, "", " 进程号 USER      PR  NI    虚拟   驻留   共享    %CPU  %MEM     时间+ COMMAND", load)),
			format: "top", cores: 4, cpu: map[string]float64{"hash": 4 * 3.979},
		},
		"Polish": {
			text:   repeat(5, topPage(linuxFirst, "Wątki: 3 razem\n%CPU:    50,0 uż,  0,0 sy,  0,0 ni, 50,0 be,  0,0 io,  0,0 hi,  0,0 si,  0,0 sk", "  PID UŻYTK.   PR  NI    WIRT    REZ    WSP S  %CPU  %PAM     CZAS+ KOMENDA", load)),
			format: "top", cores: 8, from: "estimate", cpu: map[string]float64{"hash": 4 * 3.979},
		},
		"Vietnamese": {text: repeat(5, topPage(linuxFirst, "", "  PID NG_DÙNG PR NI VIRT RES SHR S %CPU %MEM THGIAN+ LỆNH", load)), format: "top", cores: 4, cpu: map[string]float64{"hash": 4 * 3.979}},
		"Ukrainian": {
			text:   repeat(5, topPage(linuxFirst, "%CПроц.0: 50.0 us\n%CПроц.1: 50.0 us\n%CПроц.2: 50.0 us\n%CПроц.3: 1 us", "  PID КОР. PR NI VIRT RES SHR S %CPU %MEM TIME+ COMMAND", load)),
			format: "top", cores: 4, from: "log", cpu: map[string]float64{"hash": 4 * 3.979},
		},
		"indented by blanks":    {text: indent("    ", french), format: "top", cores: 89, from: "estimate", cpu: map[string]float64{"python": 4 * 0.978}},
		"indented by tabs":      {text: indent("\t", french), format: "top", cores: 89, from: "estimate", cpu: map[string]float64{"python": 4 * 0.978}},
		"quoted":                {text: indent("> ", french), format: "top", cores: 89, from: "estimate", cpu: map[string]float64{"python": 4 * 0.978}},
		"of a journal":          {text: indent("Nov 16 10:00:01 web1 top[4123]: ", french), format: "top", cores: 89, cpu: map[string]float64{"python": 4 * 0.978}},
		"of a journal in ISO":   {text: indent("2026-11-16T10:00:01+0100 web1 top[4123]: ", french), format: "top", cores: 89, cpu: map[string]float64{"python": 4 * 0.978}},
		"of a container's log":  {text: indent("2026-11-25T10:00:00.123456789Z ", french), format: "top", cores: 89, cpu: map[string]float64{"python": 4 * 0.978}},
		"of docker compose":     {text: indent("web-1  | ", french), format: "top", cores: 89, cpu: map[string]float64{"python": 4 * 0.978}},
		"in colours":            {text: strings.ReplaceAll(french, "%CPU", "\x1b[1m%CPU\x1b[0m"), format: "top", cores: 89, cpu: map[string]float64{"python": 4 * 0.978}},
		"no lines above":        {text: linuxTitles + "\n" + load + "\n", err: "one look only (the busiest, \"hash\", pid 12675, at 397.9 %"},
		"no lines above, twice": {text: strings.Repeat(linuxTitles+"\n"+load+"\n", 3), err: "--interval 3s"},
		"no lines above, with an interval": {
			text: strings.Repeat(linuxTitles+"\n"+load+"\n", 4), o: Options{Interval: 3 * time.Second}, format: "top", cores: 4,
			cpu: map[string]float64{"hash": 9 * 3.979},
		},
		"a process that renames itself": {text: rename, format: "top", cores: 1, cpu: map[string]float64{"q0w0e x/y.conf": 4 * 0.98}},
		"rows that are wrapped":         {text: cut, format: "top", cores: 1, cpu: map[string]float64{"hash": 1.5, "other": 0.75}},
		"a row that is cut":             {text: strings.Replace(cut, "  0:01.00 hash\n", "", 1), err: "is the line broken?"},
		"percent of all cores": {text: repeat(5, func(i int) string {
			return topPage(linuxFirst, "", linuxTitles, fmt.Sprintf("  7 root 20 0 1 2 3 R 99.0 1.0 1:%02d.00 hash", 10+8*i))(i)
		}), err: "add --unit all-cores --cores N"},
		"percent of all cores, as said": {
			text: repeat(5, topPage(linuxFirst, "", linuxTitles, "  7 root 20 0 1 2 3 R 50.0 1.0 0:01 hash")),
			o:    Options{AllCores: true, Cores: 8}, cores: 8, cpu: map[string]float64{"hash": 16},
		},
	})
	for _, word := range []string{"Threads", "Hilos", "线程", "Wątki", "Trådar", "Потоки", "스레드", "ნაკადები", "Fire exec", "Tuyến trình"} {
		s, err := add(t, repeat(3, topPage(linuxFirst, word+": 972 total,   5 running", linuxTitles, load)), "auto", Options{})
		if err != nil || !s.found.Loose || !strings.Contains(strings.Join(s.found.Missing(), ";"), "which threads form a process") {
			t.Errorf("%s: %+v, %v", word, s.found, err)
		}
	}
}

func TestTopsOfOtherSystems(t *testing.T) {
	freebsd := topPage("last pid:  1334;  load averages:  1.00,  0.92,  0.55  up 0+00:15:38    TIME", "76 processes:  2 running\nCPU:  0.0% user,  0.0% nice, 47.1% system,  2.2% interrupt, 50.6% idle",
		"  PID USERNAME    THR PRI NICE   SIZE    RES STATE    C   TIME    WCPU COMMAND", " 2345 www           4 103    0   131M    98M CPU1     1 123:27  99.66% hash", "   11 root          4 155 ki31     0K    64K RUN      0 640:12 300.00% idle",
		" 2346 www           1 103    0   131M    98M select   1   0:27  10.00% idle")
	openbsd := topPage("load averages:  1.10,  0.60,  0.30    host.invalid TIME", "40 processes: 39 idle, 1 on processor", "  PID USERNAME PRI NICE  SIZE   RES STATE     WAIT      TIME    CPU COMMAND", "11021 www       64    0 1024K  512K onproc/1  -         1:02 99.02% hash")
	macos := func(i int) string {
		use := "100.4"
		if i == 0 {
			use = "350.0" // since start
		}
		return fmt.Sprintf("Processes: 481 total, 4 running, 477 sleeping, 4414 threads \n2026/11/25 %s\nLoad Avg: 2.17, 2.52, 2.56 \nCPU usage: 20.0%% user, 5.0%% sys, 75.0%% idle \nDisks: 1/1788G read\n\n"+
			"PID    COMMAND      %%CPU  TIME     #TH    MEM    STATE    UID\n1069   hash worker  %s 05:08:05 4/1    27M    running  501\n468*   Cursor       0.6   11:52:42 51/1   393M+  sleeping 501\n\n", clockAt(i), use)
	}
	busybox := "Mem: 521444K used, 99684K free, 2692K shrd, 3244K buff, 177096K cached\nCPU:  52% usr   7% sys   0% nic  39% idle   0% io   0% irq   0% sirq\nLoad average: 2.45 2.48 2.98 11/341 21523\n" +
		"  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n   55     2 root     RW       0  0.0   0 22.0 [kswapd0]\n  703     1 root     S <  1559m 84.3   1  1.0 /usr/lib/app/hash --x\n"
	android := "Tasks: 829 total,   1 running, 828 sleeping,   0 stopped,   0 zombie\n  Mem:  3665268K total,  3060140K used\n800%cpu 527%user  14%nice  85%sys 156%idle   0%iow  14%irq   4%sirq   0%host\n" +
		"   PID USER         PR  NI VIRT  RES  SHR S[%CPU] %MEM     TIME+ ARGS            \n24411 u0_a449      10 -10 7.4G 226M 145M R  366   3.0   0:03.71 com.example.hash\n\n"
	threads := "Threads: 829 total,   1 running, 828 sleeping,   0 stopped,   0 zombie\n800%cpu 527%user  14%nice  85%sys 156%idle   0%iow  14%irq   4%sirq   0%host\n" +
		"  TID USER         PR  NI VIRT  RES  SHR S[%CPU] %MEM     TIME+ THREAD          PROCESS\n24412 u0_a449      10 -10 7.4G 226M 145M R 98.0   3.0   0:03.71 Signal Catcher  com.example.hash\n24413 u0_a449      10 -10 7.4G 226M 145M R 96.0   3.0   0:03.71 pool-1  com.example.hash\n\n"
	runCases(t, map[string]logCase{
		"FreeBSD":                       {text: repeat(5, freebsd), format: "top-freebsd", cores: 4, from: "log", cpu: map[string]float64{"hash": 5 * 0.9966, "idle": 0.5}},
		"OpenBSD":                       {text: repeat(5, openbsd), format: "top-freebsd", cores: 1, cpu: map[string]float64{"hash": 5 * 0.9902}},
		"macOS":                         {text: repeat(5, macos), format: "top-macos", cores: 4, from: "estimate", cpu: map[string]float64{"hash worker": 4.016, "Cursor": 0.024}},
		"BusyBox without an interval":   {text: strings.Repeat(busybox, 5), err: "--interval 5s"},
		"BusyBox without cores":         {text: strings.Repeat(busybox, 5), o: Options{Interval: 5 * time.Second}, err: "--cores N"},
		"BusyBox":                       {text: strings.Repeat(busybox, 5), o: Options{Interval: 5 * time.Second, Cores: 4}, format: "top-busybox", cores: 4, cpu: map[string]float64{"[kswapd0]": 22, "hash": 1}},
		"BusyBox with a line a core":    {text: strings.Repeat(strings.Replace(busybox, "CPU: ", "CPU0: 1% usr\nCPU1: ", 1), 5), o: Options{Interval: 5 * time.Second}, format: "top-busybox", cores: 2, from: "log", cpu: map[string]float64{"[kswapd0]": 11, "hash": 0.5}},
		"BusyBox with dates":            {text: repeat(5, func(i int) string { return "Wed Nov 25 " + clockAt(5*i) + " UTC 2026\n" + busybox }), o: Options{Cores: 4}, format: "top-busybox", cores: 4, cpu: map[string]float64{"[kswapd0]": 22, "hash": 1}},
		"Android without an interval":   {text: strings.Repeat(android, 5), err: "--interval 3s"},
		"Android":                       {text: strings.Repeat(android, 5), o: Options{Interval: 3 * time.Second}, format: "top-android", cores: 8, from: "log", cpu: map[string]float64{"com.example.hash": 15 * 3.66}},
		"Android, its end cut off":      {text: strings.Repeat(android, 5) + android[:120], o: Options{Interval: 3 * time.Second}, format: "top-android", cores: 8, cpu: map[string]float64{"com.example.hash": 15 * 3.66}},
		"Android, a row a thread of it": {text: strings.Repeat(threads, 5), o: Options{Interval: 3 * time.Second}, format: "top-android", cores: 8, cpu: map[string]float64{"com.example.hash": 15 * 1.94}, note: "one name count as one"},
	})
	s, err := add(t, strings.Repeat(threads, 5), "auto", Options{Interval: 3 * time.Second})
	if err != nil || !s.found.Threads || len(s.snapshots[4].Processes[0].Threads) != 2 {
		t.Errorf("threads of Android: %+v, %v", s.found, err)
	}
}

func TestPs(t *testing.T) {
	const aux = "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
	page := func(i int) string {
		return aux + fmt.Sprintf("www   5179  396  6.7 591444 269732 ?       Ssl  09:00 24%d:%02d /tmp/hash --x\nroot           1  0.0  0.1 168140 11320 ?        Ss   Nov24   0:05 /sbin/init\n", i/3, i%3*20)
	}
	dated := func(date string) string {
		return repeat(6, func(i int) string { return strings.ReplaceAll(date, "TIME", clockAt(5*i)) + "\n" + page(i) })
	}
	want := logCase{format: "ps", cores: 4, cpu: map[string]float64{"hash": 100, "init": 0}}
	cases := map[string]logCase{}
	for name, date := range map[string]string{
		"C": "Wed Nov 25 TIME UTC 2026", "English": "Wed 25 Nov 2026 TIME AM CET", "French": "mer. 25 nov. 2026 TIME CET", "German": "Mi 25. Nov TIME CET 2026",
		"Japanese": "2026年 11月 25日 水曜日 TIME JST", "ISO": "2026-11-25TTIME+01:00", "plain": "2026-11-25 TIME", "framed": "=== Wed Nov 25 TIME UTC 2026 ===", "time": "TIME",
	} {
		c := want
		c.text = dated(date)
		cases["dates: "+name] = c
	}
	seconds := want
	seconds.text = repeat(6, func(i int) string { return fmt.Sprintf("%d\n", 1795600800+5*i) + page(i) })
	cases["seconds since 1970"] = seconds
	interval := want
	interval.text, interval.o = repeat(6, page), Options{Interval: 5 * time.Second}
	cases["an interval"] = interval
	ef := want
	ef.text = repeat(6, func(i int) string {
		return fmt.Sprintf("Wed Nov 25 %s UTC 2026\nUID          PID    PPID  C STIME TTY          TIME CMD\nwww         5179       1 99 09:00 ?        1-02:%02d:%02d /tmp/hash --x\nroot           1       0  0 Nov24 ?        00:00:05 /sbin/init splash\n", clockAt(5*i), i/3, i%3*20)
	})
	cases["ps -ef"] = ef
	busybox := want
	busybox.text = repeat(6, func(i int) string {
		return fmt.Sprintf("Wed Nov 25 %s UTC 2026\nPID   USER     TIME  COMMAND\n    1 root      0:15 init\n 2425 node     0:%02d /tmp/hash\n", clockAt(5*i), 20*i%60+i/3*60)
	})
	busybox.text = strings.NewReplacer("0:60", "1:00", "0:80", "1:20", "0:100", "1:40").Replace(busybox.text)
	cases["BusyBox"] = busybox
	lstart := want
	lstart.text = repeat(6, func(i int) string {
		return fmt.Sprintf("Wed Nov 25 %s UTC 2026\n  PID                  STARTED     TIME COMMAND\n 5179 Wed Nov 25 09:00:00 2026 02:0%d:%02d hash\n    1 Tue Nov 24 09:00:00 2026 00:00:05 init\n", clockAt(5*i), i/3, i%3*20)
	})
	cases["ps -o lstart"] = lstart
	cases["once"] = logCase{text: page(0), err: `one look only (the busiest, "hash", pid 5179, at 396 %, a mean since its start`}
	cases["once, of BusyBox"] = logCase{text: "PID   USER     TIME  COMMAND\n    1 root      0:15 tini -- /x.sh\n 2425 node     22h10 /tmp/hash\n", err: `"hash", pid 2425, used 22h10m0s of CPU time`}
	cases["no time to compare"] = logCase{text: strings.Repeat("2026-11-25 10:00:00\n  PID %CPU COMMAND\n    7 99.0 hash\n", 3), err: "%CPU of ps is a mean since the start"}
	cases["no clock"] = logCase{text: repeat(6, page), err: "--interval 5s"}
	runCases(t, cases)
}

func TestPidstatOfManyKinds(t *testing.T) {
	banner := "Linux 5.15.0 (vm) \t11/25/26 \t_x86_64_\t(6 CPU)\n\n"
	const titles = " UID PID %usr %system %guest %wait %CPU CPU Command\n"
	rows := func(row string) string {
		return repeat(5, func(i int) string { return clockAt(i) + titles + clockAt(i+1) + " " + row + "\n\n" })
	}
	divided, guests := "0 927 554.00 68.00 0.00 0.00 102.81 2 worker", "0 927 0.50 0.50 98.00 0.00 99.00 2 qemu"
	once := func(i int) string {
		return banner + clockAt(10*i) + titles + clockAt(10*i) + " 0 20 62.30 0.40 0.00 0.00 62.70 4 hash\n"
	}
	runCases(t, map[string]logCase{
		"pidstat -I":                   {text: banner + rows(divided), format: "pidstat", cores: 6, cpu: map[string]float64{"worker": 5 * 6.22}, note: "pidstat -I"},
		"guests":                       {text: banner + rows(guests), format: "pidstat", cores: 6, cpu: map[string]float64{"qemu": 5 * 0.99}},
		"more than there is":           {text: banner + rows("0 7 50.00 0 0 0 50.00 1 x") + "10:00:06 0 7 38700 1200 0 0 39900.00 1 x\n10:00:07 0 7 50.00 0 0 0 50.00 1 x\n", format: "pidstat", cores: 6, cpu: map[string]float64{"x": 3}, note: "more of process 7 than 6 cores can do"},
		"more than there is, mostly":   {text: banner + strings.Repeat(rows("0 7 5000 0 0 0 5000.00 1 x"), 3), err: "is --cores or --unit right?"},
		"since boot":                   {text: repeat(4, once), err: "pidstat without an interval tells the mean since boot"},
		"since boot, once":             {text: once(0), err: "pidstat without an interval"},
		"runs of one interval each":    {text: repeat(4, func(i int) string { return once(i) + "\nAverage: 0 20 62.30 0.40 0.00 0.00 62.70 - hash\n\n" }), format: "pidstat", cores: 6, cpu: map[string]float64{"hash": 4 * 6.27}},
		"two computers":                {text: banner + rows(guests) + strings.Replace(banner, "(vm)", "(other)", 1) + rows(guests), err: `several computers ("vm", "other")`},
		"a row that is cut in the end": {text: banner + rows(guests) + "10:00:09 0 927 0.50", err: "the row has"},
	})
}
