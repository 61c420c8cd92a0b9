package sampler

import (
	"bytes"
	"testing"
	"time"
)

func TestParsePSTime(t *testing.T) {
	tests := map[string]time.Duration{
		"0:00.00":          0,
		"0:00.07":          70 * time.Millisecond,
		"1:02.34":          62*time.Second + 340*time.Millisecond,
		"123:45.67":        123*time.Minute + 45*time.Second + 670*time.Millisecond,
		"123456:59.99":     123456*time.Minute + 59*time.Second + 990*time.Millisecond,
		"1:02,34":          62*time.Second + 340*time.Millisecond,
		"00:00:17":         17 * time.Second,
		"12:34:56":         12*time.Hour + 34*time.Minute + 56*time.Second,
		"100:00:01.5":      100*time.Hour + 1500*time.Millisecond,
		"1-02:03:04":       26*time.Hour + 3*time.Minute + 4*time.Second,
		"400-00:00:00":     400 * 24 * time.Hour,
		"500-23:59:59.999": 500*24*time.Hour + 24*time.Hour - time.Millisecond,
	}
	for text, want := range tests {
		if got, ok := parsePSTime([]byte(text)); !ok || got != want {
			t.Errorf("parsePSTime(%q) = %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "-", "5", "5.00", ":", "1:", ":30", "1:60", "1:2:60", "1:60:00", "1:2:3:4", "-1:00", "1:00.", "1:00.x", "1:00.1.2", "1:00.1234567",
		"a:00", "1-", "-00:00", "x-00:00:00", "99999999999999999999:00", "40000000000:00", "2000000000:00:00", "99999999-00:00:00", "1:-2", "+1:00", "1: 2",
	} {
		if got, ok := parsePSTime([]byte(text)); ok {
			t.Errorf("parsePSTime(%q) = %v", text, got)
		}
	}
}

func TestParsePSStart(t *testing.T) {
	parse := func(text string) (int64, bool) {
		var f [5][]byte
		copy(f[:], bytes.Fields([]byte(text)))
		return parsePSStart(f)
	}
	for _, text := range []string{
		"Sun Nov 22 15:42:20 2026", "Mon Nov  2 00:00:00 2026", "Thu Jan  1 00:00:00 1970", "Tue Feb 29 23:59:59 2028",
	} {
		want, err := time.Parse("Mon Jan _2 15:04:05 2006", text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := parse(text); !ok || got != want.UnixMilli() {
			t.Errorf("parsePSStart(%q) = %d, %v, want %d", text, got, ok, want.UnixMilli())
		}
	}
	for _, text := range []string{
		"", "Sun Nov 22 15:42:20", "Sun Nov 22 2026", "22 Nov Sun 15:42:20 2026", "Sun anF 22 15:42:20 2026", "Sun Nov 0 15:42:20 2026",
		"Sun Nov 32 15:42:20 2026", "Sun Nov 22 24:42:20 2026", "Sun Nov 22 15:60:20 2026", "Sun Nov 22 15:42:61 2026", "Sun Nov 22 1:42:20 2026",
		"Sun Nov 22 15.42.20 2026", "Sun Nov 22 15:42:20 1969", "Sun Nov 22 15:42:20 12026", "Sun 11 22 15:42:20 2026", "Sun Nov 22 15:42:-1 2026",
	} {
		if got, ok := parse(text); ok {
			t.Errorf("parsePSStart(%q) = %d", text, got)
		}
	}
}

// macPS is what ps of macOS writes for psColumns, put together after the columns' widths and formats in ps(1) and its
// published source. It was not recorded: there was no Mac.
const macPS = `    1     0     0  18:47.06 Fri Nov 20 07:12:01 2026     launchd         
  312     1    88 301:22.90 Fri Nov 20 07:12:19 2026     WindowServer    
  501     1    -2   0:00.41 Fri Nov 20 07:12:25 2026     mdworker
 4711   801   501 1002:33.44 Sun Nov 22 15:42:20 2026     Google Chrome He
 4712   801   501   0:00.00 Sun Nov 22 15:42:21 2026     sp ace  d )     
 4713  4711   501   0:00.00 Sun Nov  1 05:02:03 2026                     
 9000  8999   501   0:00.01 Sun Nov 22 16:00:00 2026     ps              
`

func TestParsePSLine(t *testing.T) {
	type row struct {
		pid, parent int32
		uid         int64
		cpu         time.Duration
		start       string
		name        string
	}
	want := []row{
		{1, 0, 0, 18*time.Minute + 47*time.Second + 60*time.Millisecond, "2026-11-20T07:12:01Z", "launchd"},
		{312, 1, 88, 301*time.Minute + 22*time.Second + 900*time.Millisecond, "2026-11-20T07:12:19Z", "WindowServer"},
		{501, 1, -2, 410 * time.Millisecond, "2026-11-20T07:12:25Z", "mdworker"},
		{4711, 801, 501, 1002*time.Minute + 33*time.Second + 440*time.Millisecond, "2026-11-22T15:42:20Z", "Google Chrome He"},
		{4712, 801, 501, 0, "2026-11-22T15:42:21Z", "sp ace  d )"},
		{4713, 4711, 501, 0, "2026-11-01T05:02:03Z", ""},
		{9000, 8999, 501, 10 * time.Millisecond, "2026-11-22T16:00:00Z", "ps"},
	}
	i := 0
	for line := range bytes.Lines([]byte(macPS)) {
		p, ok := parsePSLine(line)
		got := row{p.pid, p.parent, p.uid, p.cpu, time.UnixMilli(p.start).UTC().Format(time.RFC3339), string(p.name)}
		if !ok || got != want[i] {
			t.Errorf("%q: %+v, %v", line, got, ok)
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d lines", i)
	}
}

func TestParsePSLineRefuses(t *testing.T) {
	const rest = " 1 501 0:00.00 Sun Nov 22 15:42:20 2026 x"
	tests := map[string]int32{ // the pid that is still told
		"": 0, "\n": 0, "x": 0, "0" + rest: 0, "-5" + rest: 0, "99999999999" + rest: 0, "PID PPID UID TIME STARTED UCOMM": 0,
		"7": 7, "7\n": 7, "7 1 501": 7, "7 1 501 - Sun Nov 22 15:42:20 2026 x": 7, "7 1 root 0:00.00 Sun Nov 22 15:42:20 2026 x": 7,
		"7 -1 501 0:00.00 Sun Nov 22 15:42:20 2026 x": 7, "7 1 501 0:00.00 Sun Nov 22 15:42:20": 7,
	}
	for line, pid := range tests {
		if p, ok := parsePSLine([]byte(line)); ok || p.pid != pid {
			t.Errorf("%q: %+v, %v", line, p, ok)
		}
	}
	for _, line := range []string{"7" + rest, "\t7" + rest + "\r\n", "7" + rest[:len(rest)-2] + "\n"} {
		if p, ok := parsePSLine([]byte(line)); !ok || p.pid != 7 {
			t.Errorf("%q: %+v, %v", line, p, ok)
		}
	}
}

func FuzzParsePSLine(f *testing.F) {
	for line := range bytes.Lines([]byte(macPS)) {
		f.Add(line)
	}
	f.Add([]byte("    1     0     0 1-00:00:17 Sun Nov 22 15:37:09 2026 systemd\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		before := bytes.Clone(line)
		p, ok := parsePSLine(line)
		if p.pid < 0 || ok && (p.pid == 0 || p.parent < 0 || p.cpu < 0 || p.start < 0 || len(p.name) > len(line)) {
			t.Errorf("%+v, %v", p, ok)
		}
		if !bytes.Equal(before, line) {
			t.Error("the line was changed")
		}
	})
}
