package importer

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// fuzz throws a text at one importer: it must end, keep to what add checks of every snapshot, and fail in one line.
func fuzz(f *testing.F, kind string, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	o := Options{
		Columns: map[string]string{"time": "t", "cpu": "u", "process": "n", "pid": "p", "rss": "r"}, Interval: 0, Process: "",
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := add(t, string(text), kind, o); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("an error of several lines: %q", err)
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
