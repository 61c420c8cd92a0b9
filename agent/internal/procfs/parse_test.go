package procfs

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// tail is what stands behind the name of process 42.
const tail = " S 7 1 1 0 -1 4194560 1 2 3 4 50 60 700 800 25 5 3 0 123456 1000 200 18446744073709551615"

func TestParseStat(t *testing.T) {
	want := Stat{
		PID: 42, Parent: 7, State: 'S', User: 500 * time.Millisecond, System: 600 * time.Millisecond,
		Children: 15 * time.Second, Nice: 5, Threads: 3, Started: 123456, Resident: 200,
	}
	for _, name := range []string{"sh", "a) R 1 (b", "x\n) S 9", "((((", ")", "", ") ) )", "\n", " ", "42 (x) S 1"} {
		want.Name = name
		if got, err := ParseStat([]byte("42 (" + name + ")" + tail)); err != nil || got != want {
			t.Errorf("name %q: %+v, %v", name, got, err)
		}
	}
	if got, err := ParseStat([]byte("42 (x)" + strings.ReplaceAll(tail, "25 5 3", "0 -20 3"))); err != nil || got.Nice != -20 {
		t.Errorf("nice -20: %+v, %v", got, err)
	}
}

func TestParseStatRefusesWhatIsNoStat(t *testing.T) {
	whole := "42 (x)" + tail
	for name, bad := range map[string]string{
		"nothing": "", "no name": "42", "no more": "42 (x)", "too short": "42 (x) S 1 2 3", "brackets swapped": ")42(" + tail,
		"start below 0": strings.ReplaceAll(whole, "123456", "-1"), "too much time": strings.ReplaceAll(whole, " 700 ", " 99999999999999999 "),
		"no number": strings.ReplaceAll(whole, " 50 ", " x "), "no pid": "(x)" + tail, "pid of another size": "4200000000 (x)" + tail,
		"a state of two letters": strings.ReplaceAll(whole, " S ", " SS "), "overflow": strings.ReplaceAll(whole, "123456", "9999999999999999999"),
	} {
		if got, err := ParseStat([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestParseOwner(t *testing.T) {
	const status = "Name:\ta\\nUid:\t0\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n"
	if uid, err := ParseOwner([]byte(status)); err != nil || uid != 1000 {
		t.Errorf("%d, %v", uid, err)
	}
	for _, bad := range []string{"", "Uid:\n", "Uid:\tx\t0\n", "Uid:\t5000000000\t0\n", "Uid:\t10", "Gid:\t1\t1\t1\t1\n"} {
		if uid, err := ParseOwner([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseOwner(%q) = %d, %v", bad, uid, err)
		}
	}
}

func TestParseIO(t *testing.T) {
	const text = "rchar: 100\nwchar: 20\nsyscr: 3\nsyscw: 4\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n"
	if got := ParseIO([]byte(text)); got != (IO{Read: 4096, Written: 8192, Transferred: 120}) {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"", "rchar", "rchar: -1", "rchar: 99999999999999999999999", "rchar: x\nread_bytes: "} {
		if got := ParseIO([]byte(bad)); got != (IO{}) {
			t.Errorf("ParseIO(%q) = %+v", bad, got)
		}
	}
}

func TestParseSchedstat(t *testing.T) {
	if run, wait, err := ParseSchedstat([]byte("837873 496285 2\n")); err != nil || run != 837873 || wait != 496285 {
		t.Errorf("%v, %v, %v", run, wait, err)
	}
	for _, bad := range []string{"", "1", "-1 2", "1 x", "9999999999999999999 1"} {
		if run, wait, err := ParseSchedstat([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseSchedstat(%q) = %v, %v, %v", bad, run, wait, err)
		}
	}
}

func TestParseBusy(t *testing.T) {
	if got, err := ParseBusy([]byte("cpu  100 20 3 9999 8 7 6 5 4 3\ncpu0 1 1")); err != nil || got != 1230*time.Millisecond {
		t.Errorf("busy %v, %v", got, err)
	}
	for _, bad := range []string{"", "cpu0 1 2 3", "cpu 1 2", "cpu 1 -2 3", "cpu 1 x 3", "cpu 1 99999999999999999999 3"} {
		if got, err := ParseBusy([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseBusy(%q) = %v, %v", bad, got, err)
		}
	}
}

func TestParseLoad(t *testing.T) {
	if got, err := ParseLoad([]byte("0.20 0.18 0.12 1/80 11206\n")); err != nil || got.LastPID != 11206 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"", "\n", "0.1 1/2 x\n", "0.1 1/2 99999999999\n", "0.1 1/2 11206", "0.1 1/2 -5\n", "1/2 \n", "0.1 1/2 0\n"} {
		if got, err := ParseLoad([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseLoad(%q) = %+v, %v", bad, got, err)
		}
	}
}

// entry is a raw directory entry.
func entry(name string, length int) []byte {
	b := make([]byte, length)
	b[16], b[17] = byte(length), byte(length>>8)
	copy(b[19:], name)
	return b
}

func TestAppendNumbers(t *testing.T) {
	all := bytes.Join([][]byte{
		entry("self", 24), entry("1", 24), entry("4194304", 32), entry("12x", 24), entry("99999999999", 32), entry("0", 24),
	}, nil)
	if got := appendNumbers(nil, all); len(got) != 2 || got[0] != 1 || got[1] != 4194304 {
		t.Errorf("%v", got)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (x)" + tail))
	f.Add([]byte("1 (a) b) S 1 1 1 0 -1 4194560 1 2 3 4 50 60 700 800 20 0 1 0 123456 1 1"))
	f.Add([]byte("11 (a) b (c\n) S 10 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 88 0 0\n"))
	f.Add([]byte(") ("))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseStat(b)
		if err != nil {
			return
		}
		if s.PID < 0 || s.Parent < 0 || s.User < 0 || s.System < 0 || s.Children < 0 || s.CPU() < 0 || s.Started < 0 || s.Resident < 0 || s.Threads < 0 {
			t.Errorf("%+v", s)
		}
		if !bytes.Contains(b, []byte("("+s.Name+")")) {
			t.Errorf("the name %q is not in %q", s.Name, b)
		}
	})
}

// Whatever a program calls itself, its figures are found.
func FuzzName(f *testing.F) {
	f.Add("a) R 1 (b")
	f.Fuzz(func(t *testing.T, name string) {
		s, err := ParseStat([]byte("42 (" + name + ")" + tail))
		if err != nil || s.Name != name || s.PID != 42 || s.Started != 123456 {
			t.Errorf("name %q: %+v, %v", name, s, err)
		}
	})
}

func FuzzParseOwner(f *testing.F) {
	f.Add([]byte("Name:\ta\\nUid:\t0\nUid:\t1000\t0\t0\t0\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ParseOwner(b); err == nil && !bytes.Contains(b, []byte("Uid:")) {
			t.Errorf("an owner was found in %q", b)
		}
	})
}

func FuzzParseIO(f *testing.F) {
	f.Add([]byte("rchar: 100\nwchar: 20\nread_bytes: 4096\nwrite_bytes: 8192\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if io := ParseIO(b); io.Read > 1<<62 || io.Written > 1<<62 {
			t.Errorf("%+v", io)
		}
	})
}

func FuzzParseSchedstat(f *testing.F) {
	f.Add([]byte("837873 496285 2\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if run, wait, err := ParseSchedstat(b); err == nil && (run < 0 || wait < 0) {
			t.Errorf("run %v wait %v", run, wait)
		}
	})
}

func FuzzParseBusy(f *testing.F) {
	f.Add([]byte("cpu  100 20 3 9999 8 7 6 5 4 3\ncpu0 1 1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if busy, err := ParseBusy(b); err == nil && busy < 0 {
			t.Errorf("%v", busy)
		}
	})
}

func FuzzParseLoad(f *testing.F) {
	f.Add([]byte("0.20 0.18 0.12 1/80 11206\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := ParseLoad(b); err == nil && l.LastPID <= 0 {
			t.Errorf("%+v", l)
		}
	})
}

func FuzzAppendNumbers(f *testing.F) {
	f.Add(entry("123", 24))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, n := range appendNumbers(nil, b) {
			if n <= 0 {
				t.Errorf("%d", n)
			}
		}
	})
}
