package importer

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// fuzz throws a text at one importer: it must end, keep to what add checks of every snapshot, and fail in one line.
func fuzz(f *testing.F, kind string, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	columns := map[string]string{"time": "t", "cpu": "u", "process": "n", "pid": "p", "rss": "r"}
	if kind == "auto" {
		columns = nil
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, o := range []Options{{Columns: columns}, {Columns: columns, Interval: time.Second, Cores: 2, Unit: "percent", Host: "h"}} {
			if _, err := add(t, string(text), kind, o); err != nil && (strings.ContainsFunc(err.Error(), unicode.IsControl) || !utf8.ValidString(err.Error())) {
				t.Errorf("an error of several lines, or with control characters: %q", err)
			}
		}
	})
}

func FuzzPidstat(f *testing.F) {
	fuzz(f, "pidstat", pidstatHead+"10:00:01 UID PID %usr %system %guest %wait %CPU CPU Command\n10:00:01 0 1 1 1 0 0 2.00 1 x\n10:00:02 0 1 1 1 0 0 2.00 1 x\n",
		"# Time UID TGID TID %usr %system %CPU RSS Command\n1 0 5 - 1 1 2 9 a b\n1 0 - 6 1 1 2 9 |__w\n2 0 5 - 1 1 2 9 a b\n")
}

func FuzzTop(f *testing.F) {
	fuzz(f, "top", fmt.Sprintf(topHead, "10:00:00")+"1 root 20 0 1 2 3 R 50.0 1 0:01 x y\n"+fmt.Sprintf(topHead, "10:00:01")+"1 root 20 0 1 2g 3 R 50.0 1 0:01 x y\n")
}

func FuzzPerfmon(f *testing.F) {
	head := `"(PDH-CSV 4.0)","\\P\Process(x#1)\% Processor Time","\\P\Process(x#1)\ID Process","\\P\Processor(_Total)\% Processor Time"`
	rows := "\n" + `"11/22/2026 13:57:38.000","1","2","3"` + "\n" + `"11/22/2026 13:57:39.000","1","2","3"` + "\n"
	fuzz(f, "typeperf", head+rows, wide(head+rows))
}

func FuzzPrmon(f *testing.F) {
	fuzz(f, "prmon", "Time wtime rss rchar wchar stime utime\n1 0 1 1 1 0 0\n3 2 1 5 1 1 1\n5 4 1 5 1 0 0\n")
}

func FuzzPsrecord(f *testing.F) {
	fuzz(f, "psrecord", "# Elapsed time   CPU (%)     Real (MB)\n0.1 50 1 2\n1.1 60 1 2\n")
}

func FuzzSar(f *testing.F) {
	fuzz(f, "sar", pidstatHead+"10:00:00 CPU %user %nice %system %idle\n10:00:01 all 1 2 3 94\n10:00:02 all 1 2 3 94\n")
}

func FuzzCSV(f *testing.F) {
	fuzz(f, "csv", "t,u,n,p,r\n1,2,x,4,5\n2,2,x,4,5\n", "t;u\n2026-11-22 10:00:00;1,5\n2026-11-22 10:00:01;1,5\n")
}

func FuzzPrometheus(f *testing.F) {
	fuzz(f, "prometheus", `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"name":"x"},"values":[[1,"1"],[2,"3"],[4,"1"]]}]}}`)
}

func FuzzTopFreeBSD(f *testing.F) {
	fuzz(f, "top-freebsd", "last pid: 1;  load averages: 1  up 0+00:15:38    10:17:26\nCPU: 0.0% user, 50.6% idle\n  PID USERNAME THR PRI NICE SIZE RES STATE C TIME WCPU COMMAND\n 5 www 4 103 0 131M 98M CPU1 1 123:27 99.66% x y\n 11 root 2 155 ki31 0K 32K RUN 0 640:12 100% idle\nlast pid: 1; 10:17:27\n  PID USERNAME WCPU COMMAND\n 5 www 99.66% x\n")
}

func FuzzTopMacOS(f *testing.F) {
	page := "Processes: 481 total, 4 running, 4414 threads\n2026/11/25 21:03:10\nCPU usage: 18.85% user, 76.68% idle\nPID COMMAND %CPU TIME MEM\n9* a b 100.4 05:08:05 27M+\n\n"
	fuzz(f, "top-macos", page+strings.Replace(page, ":10", ":11", 1))
}

func FuzzTopBusyBox(f *testing.F) {
	page := "10:00:00\nMem: 521444K used, 99684K free\nCPU0: 1% usr\nCPU1: 2% usr\n  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n 55 2 root RW 0 0.0 0 21.6 [k]\n 7 1 root S < 1559m 84.3 1 1.2 /x y\n"
	fuzz(f, "top-busybox", page+strings.Replace(page, ":00\n", ":05\n", 1))
}

func FuzzTopAndroid(f *testing.F) {
	page := "10:00:00\nTasks: 8 total\n800%cpu 1%user 7%idle\n  PID USER PR NI VIRT RES SHR S[%CPU] %MEM TIME+ ARGS\n 24 u0 10 -10 7.4G 226M 145M R  366 3.0 0:03.71 x\n\n"
	threads := "10:00:05\nThreads: 8 total\n  TID USER S[%CPU] THREAD PROCESS\n 24 u0 R 366 a b x\n"
	fuzz(f, "top-android", page+strings.Replace(page, ":00\n", ":05\n", 1)+threads)
}

func FuzzPs(f *testing.F) {
	fuzz(f, "ps", "Wed Nov 25 10:00:00 UTC 2026\nUSER PID %CPU RSS STAT START TIME COMMAND\nx 7 396 2 Ssl 09:00 240:00 /a b\nWed Nov 25 10:00:05 UTC 2026\nUSER PID %CPU RSS STAT START TIME COMMAND\nx 7 396 2 Ssl 09:00 240:20 /a b\n",
		"10:00:00\nPID USER TIME COMMAND\n1 root 22h10 x\n10:00:05\nPID STARTED TIME COMMAND\n1 Wed Nov 25 09:00:00 2026 1-02:03:04 x\n")
}

func FuzzGetCounter(f *testing.F) {
	fuzz(f, "get-counter", "Timestamp CounterSamples\n--------- --------------\n25/11/2026 10:00:00 \\\\pc\\process(a)\\% processor time :\n 97,2\n25/11/2026 10:00:01 \\\\pc\\process(a)\\% processor\n time :\n 97,2\n",
		"Timestamp Path  CookedValue\n--------- ----  -----------\n10:00:00  \\\\p\\process(a)\\% processor time 5\n10:00:01  \\\\p\\process(_total)\\% processor time 400\n",
		"\"Timestamp\",\"Path\",\"CookedValue\"\n\"1\",\"\\\\p\\process(a)\\% processor time\",\"5\"\n\"2\",\"\\\\p\\process(a)\\% processor time\",\"5\"\n",
		"Path : \\\\p\\process(a)\\id process\nCookedValue : 5\nTimestamp : 10:00:00\n")
}

func FuzzGetProcess(f *testing.F) {
	fuzz(f, "get-process", "#TYPE x\n\"Time\",\"Name\",\"Id\",\"CPU\",\"WorkingSet64\"\n\"1\",\"a\",\"7\",\"1,5\",\"9\"\n\"3\",\"a\",\"7\",\"2,5\",\"9\"\n",
		"10:00:00\nHandles WS(K) CPU(s) Id SI ProcessName\n------- ----- ------ -- -- -----------\n505 2 1.5 7 1 a\n10:00:05\n505 2 3.5 7 1 a\n")
}

func FuzzInflux(f *testing.F) {
	fuzz(f, "influx", "name: x\ntags: host=a, process_name=b\ntime cpu_usage instance\n---- --------- --------\n1 5 a\n1 6 b\n2 5 a\n\nname: y\ntime                 mean\n----                 ----\n2021-10-07T05:20:00Z 6\n")
}

func FuzzDstat(f *testing.F) {
	fuzz(f, "dstat", "\"Dstat 0.7.2 CSV output\"\n\"Host:\",\"h\"\n\"Cmdline:\",\"x\",,,,\"Date:\",\"03 Dec 2020\"\n\"system\",\"total cpu usage\",,,,,,\"most expensive\"\n\"time\",\"usr\",\"sys\",\"idl\",\"wai\",\"hiq\",\"siq\",\"cpu process\"\n03-12 14:10:38,99,0.5,0.5,0,0,0,a b 99\n03-12 14:10:39,99,0.5,0.5,0,0,0,a b 99\n")
}

func FuzzNmon(f *testing.F) {
	fuzz(f, "nmon", "AAA,host,h\nAAA,cpus,4\nTOP,+PID,Time,%CPU,ResSet,Command\nZZZZ,T0001,10:00:01,25-NOV-2026\nCPU_ALL,T0001,97.5,1.8,0.0,0.7,0.0,,4\nTOP,0005179,T0001,391.40,5,k\nZZZZ,T0002,10:00:02,25-NOV-2026\nTOP,0005179,T0002,391.40,5,k\n")
}

func FuzzAtop(f *testing.F) {
	fuzz(f, "atop", "RESET\nPRC h 1 2026/11/25 10:00:00 1 7 (a b) S 100 399 1 0 120 0 0 0 3 0 7 y\nSEP\nCPU h 2 2026/11/25 10:00:00 1 100 4\nPRC h 2 2026/11/25 10:00:00 1 7 (a b) S 100 399 1 0 120 0 0 0 3 0 7 y\nPRC h 2 2026/11/25 10:00:00 1 8 (t) S 100 39 1 0 120 0 0 0 3 0 7 n\nPRM h 2 2026/11/25 10:00:00 1 7 (a b) S 4096 1 2\nSEP\nPRC h 3 2026/11/25 10:00:01 1 7 (a) S 100 399 1 0\n")
}

func FuzzDocker(f *testing.F) {
	fuzz(f, "docker-stats", "10:00:00\nf32ddb31ba13\tgame\t107.41%\t1.62GiB / 15.34GiB\t10.56%\n10:00:02\nf32ddb31ba13\tgame\t107.41%\t1.62GiB / 15.34GiB\n",
		"{\"CPUPerc\":\"1%\",\"Name\":\"x\"}\n", "NAME  CPU(cores)  MEMORY(bytes)\nw  250m  20Mi\n10:00:01\nw  2  20Mi\n")
}

func FuzzVmstat(f *testing.F) {
	fuzz(f, "vmstat", " r b us sy id wa st UTC\n4 0 98 1 1 0 0 2026-11-25 10:00:00\n4 0 98 1 1 0 0 2026-11-25 10:00:01\n4 0 98 1 1 0 0 2026-11-25 10:00:02\n")
}

func FuzzCollectl(f *testing.F) {
	fuzz(f, "collectl", "# NumCPUs: 4\n#Date Time [CPU]User% [CPU]Wait% [CPU]Idle%\n20201123 18:57:52 97 0 1\n20201123 18:57:53 97 0 1\n")
}

// What a file looks like is told by every format's eyes.
func FuzzRecognition(f *testing.F) {
	fuzz(f, "auto", "Nov 16 10:00:01 web1 top[4123]: top - 10:00:00\nNov 16 10:00:01 web1 top[4123]:   PID %CPU COMMAND\nNov 16 10:00:01 web1 top[4123]:  7 50 x\nNov 16 10:00:02 web1 top[4123]: top - 10:00:01\nNov 16 10:00:02 web1 top[4123]:   PID %CPU COMMAND\n",
		"> time,pid,cpu%\n> 1,2,3\n> 2,2,3\n> 3,2,3\n> 4,2,3\n", "\x1b[1mtime;name;cpu%\x1b[0m\n1;a;5\n2;a;5\n", wide("ps\nPID TIME COMMAND\n"))
}

// A log may neither hold more processes than is believed of a computer, nor take memory of its length.
func TestManyProcessesAreBounded(t *testing.T) {
	read := func(rows int, o Options) error {
		_, source, err := Open(&endless{rows: rows}, "log", "pidstat", o)
		if err != nil {
			return err
		}
		for _, err := range source(t.Context()) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	for name, c := range map[string]struct {
		rows int
		o    Options
		want string
	}{
		"few":            {1000, Options{}, ""},
		"at a time":      {3000, Options{MaxLive: 10_000}, "--max-live"},
		"in all":         {3000, Options{MaxProcesses: 10_000}, "--max-processes"},
		"bytes":          {3000, Options{MaxBytes: 100_000}, "--max-bytes"},
		"in one sample":  {maxRows + 1, Options{}, "rows at one time"},
		"raised on wish": {3000, Options{MaxLive: 20_000, MaxProcesses: 20_000}, ""},
	} {
		err := read(c.rows, c.o)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// endless writes blocks of pidstat in which every process is new.
type endless struct {
	rows, block, row int
	begun            bool
	left             []byte
}

func (e *endless) Read(p []byte) (int, error) {
	for len(e.left) == 0 {
		at := time.Date(2026, 1, 1, 0, 0, e.block, 0, time.UTC).Format("15:04:05")
		switch {
		case !e.begun:
			e.begun = true
			e.left = []byte("Linux 6 (vm) 1/1/26 x (2 CPU)\n# Time UID PID %usr %system %CPU CPU Command\n")
		case e.block == 6:
			return 0, io.EOF
		case e.row == e.rows:
			e.row = 0
			e.block++
		default:
			e.left = fmt.Appendf(nil, "%s 0 %d 0 0 0.01 1 x\n", at, 1+e.row+e.block*e.rows)
			e.row++
		}
	}
	n := copy(p, e.left)
	e.left = e.left[n:]
	return n, nil
}
