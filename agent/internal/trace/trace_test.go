package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/heuristics"
)

// sourceOf yields snapshots and then an error if it is not nil.
func sourceOf(err error, all ...heuristics.Snapshot) pipeline.Source {
	return func(context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			for _, s := range all {
				if !yield(s, nil) {
					return
				}
			}
			if err != nil {
				yield(heuristics.Snapshot{}, err)
			}
		}
	}
}

// everything uses every field that a recording holds.
func everything() []heuristics.Snapshot {
	id := heuristics.ProcessID{PID: 4711, StartTime: 99887766}
	root := heuristics.ProcessID{PID: 4000, StartTime: 99880000}
	when := time.Date(2026, 11, 22, 10, 0, 0, 123456000, time.UTC)
	return []heuristics.Snapshot{
		{Time: when, Cores: 2, Busy: 5 * time.Second, Processes: []heuristics.ProcessSample{{
			ID: id, User: time.Second, System: 1500 * time.Microsecond, Children: time.Minute, Resident: 1 << 30, ReadBytes: 7,
			WriteBytes: 8, Transferred: 9, Info: &heuristics.ProcessInfo{
				Parent: root, Name: "chro)\n\"mium\u202e", Exe: "/usr/lib/chromium/chromium", User: "1000", Nice: 19,
				Browser: &heuristics.BrowserProcess{Family: "chromium", Role: "renderer", Root: root, Renderer: 5},
			},
			Threads: []heuristics.ThreadSample{{TID: 4711, Name: "chromium", Run: time.Second, Wait: time.Millisecond}},
		}}},
		{
			Time: when.Add(time.Second), At: time.Second, Cores: 2, Busy: 6 * time.Second,
			Processes: []heuristics.ProcessSample{},
			Exited:    []heuristics.ProcessID{id},
			Renderers: []heuristics.Renderer{{Process: id, LastOrigin: "https://a.test", User: "idle", Frames: []heuristics.Frame{
				{Tab: 3, Frame: 1, Origin: "https://films.test", TopOrigin: "https://news.test", Hidden: true, Audible: true, Focused: true, FullScreen: true},
			}}},
			Gaps: []heuristics.Gap{{Kind: heuristics.GapSlept, PID: 3, Length: time.Hour}},
		},
	}
}

func record(t *testing.T, source pipeline.Source) (file []byte, passed []heuristics.Snapshot, err error) {
	t.Helper()
	var b bytes.Buffer
	for s, e := range Record(source, &b, Header{Cores: 2, IntervalMS: 1000, OS: "linux"})(t.Context()) {
		if err = e; e != nil {
			break
		}
		passed = append(passed, s)
	}
	return b.Bytes(), passed, err
}

func replay(t *testing.T, file []byte) (Header, []heuristics.Snapshot, error) {
	t.Helper()
	h, source, err := Replay(bytes.NewReader(file), "x")
	if err != nil {
		return h, nil, err
	}
	var all []heuristics.Snapshot
	for s, e := range source(t.Context()) {
		if e != nil {
			return h, all, e
		}
		all = append(all, s)
	}
	return h, all, nil
}

func TestReplayGivesWhatWasRecorded(t *testing.T) {
	want := everything()
	file, passed, err := record(t, sourceOf(nil, want...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, passed); diff != "" {
		t.Errorf("recording changed what passed through (-want +got):\n%s", diff)
	}
	h, got, err := replay(t, file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("replay (-want +got):\n%s", diff)
	}
	if h.Cores != 2 || h.Version != Version || h.Type != headerType {
		t.Errorf("header %+v", h)
	}
}

func TestSourceErrorPassesThrough(t *testing.T) {
	broken := errors.New("the machine is on fire")
	file, passed, err := record(t, sourceOf(broken, everything()...))
	if !errors.Is(err, broken) || len(passed) != 2 {
		t.Fatalf("got %d snapshots and %v", len(passed), err)
	}
	if _, got, err := replay(t, file); err != nil || len(got) != 2 {
		t.Errorf("what was recorded before the error: %d snapshots, %v", len(got), err)
	}
}

// lines compresses text into a file.
func lines(t *testing.T, text string) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll([]byte(text), nil)
}

func TestBadRecordings(t *testing.T) {
	const head = `{"type":"minewatch_trace","version":1,"cores":2,"interval_ms":1000}` + "\n"
	long := make([]heuristics.Snapshot, 2*flushEvery+5)
	for i := range long {
		long[i] = heuristics.Snapshot{At: time.Duration(i+1) * time.Second, Cores: 2}
	}
	good, _, err := record(t, sourceOf(nil, long...))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		file  []byte
		want  string // in the error
		ticks int    // that are read before it
	}{
		"empty":            {nil, "empty", 0},
		"another file":     {[]byte("PK\x03\x04 this is a zip"), "not a minewatch recording", 0},
		"other json":       {lines(t, `{"type":"alert"}`+"\n"), "not a minewatch recording", 0},
		"newer":            {lines(t, `{"type":"minewatch_trace","version":2,"cores":2}`+"\n"), "use a newer minewatch", 0},
		"no cores":         {lines(t, `{"type":"minewatch_trace","version":1}`+"\n"), "damaged", 0},
		"truncated":        {good[:len(good)-9], "ends early", 2 * flushEvery},
		"half a line":      {lines(t, head+`{"at_us":0,"cores":2,"busy_us":0}`+"\n"+`{"at_us":10`), "x:3", 1},
		"time goes back":   {lines(t, head+`{"at_us":9,"cores":2}`+"\n"+`{"at_us":9,"cores":2}`+"\n"), "goes back", 1},
		"negative":         {lines(t, head+`{"at_us":0,"cores":2,"p":[{"id":[1,1],"u":-1}]}`+"\n"), "out of range", 0},
		"overflow":         {lines(t, head+`{"at_us":0,"cores":2,"p":[{"id":[1,1],"u":9223372036854775807}]}`+"\n"), "out of range", 0},
		"huge pid":         {lines(t, head+`{"at_us":0,"cores":2,"p":[{"id":[4294967297,1]}]}`+"\n"), "out of range", 0},
		"a million cores":  {lines(t, head+`{"at_us":0,"cores":1000000}`+"\n"), "1000000 cores", 0},
		"thread of three":  {lines(t, head+`{"at_us":0,"cores":2,"p":[{"id":[1,1],"th":[[1,"a",2]]}]}`+"\n"), "a thread is not", 0},
		"thread of text":   {lines(t, head+`{"at_us":0,"cores":2,"p":[{"id":[1,1],"th":[[1,2,3,4]]}]}`+"\n"), "a thread is not", 0},
		"thread of halves": {lines(t, head+`{"at_us":0,"cores":2,"p":[{"id":[1,1],"th":[[1.5,"a",2,3]]}]}`+"\n"), "a thread is not", 0},
		"huge tid":         {lines(t, head+`{"at_us":0,"cores":2,"p":[{"id":[1,1],"th":[[4294967296,"a",2,3]]}]}`+"\n"), "a thread is not", 0},
		"deep nesting":     {lines(t, head+strings.Repeat("[", 200_000)+"\n"), "x:2", 0},
		"endless line":     {lines(t, head+strings.Repeat(" ", maxLine+1)), "x:2", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, got, err := replay(t, test.file)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want one with %q", err, test.want)
			}
			if len(got) != test.ticks {
				t.Errorf("%d ticks before the error, want %d", len(got), test.ticks)
			}
			if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "x") {
				t.Errorf("the error is not one line that names the file: %q", err)
			}
		})
	}
}

// The quick way through a thread must read what the general way would.
func TestThreadLine(t *testing.T) {
	for text, want := range map[string]threadLine{
		`[1,"a",2,3]`:                            {1, "a", 2, 3},
		" [ 7 , \"\" ,\t2 ,\n3 ] ":               {7, "", 2, 3},
		`[1,"a\"]\\,\u00e9\n",2,3]`:              {1, "a\"]\\,é\n", 2, 3},
		`[1,"日本",2,3]`:                           {1, "日本", 2, 3},
		"[1,\"\xff\",2,3]":                       {1, "\ufffd", 2, 3},
		`[2147483647,"x",9223372036854775807,0]`: {2147483647, "x", 9223372036854775807, 0},
	} {
		var got threadLine
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func FuzzThreadLine(f *testing.F) {
	f.Add([]byte(`[1,"a\"b",2,3]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var quick threadLine
		if json.Unmarshal(b, &quick) != nil {
			return
		}
		var parts []json.RawMessage
		if err := json.Unmarshal(b, &parts); err != nil {
			if string(bytes.TrimSpace(b)) == "null" {
				return
			}
			t.Fatalf("%q was read as %+v: %v", b, quick, err)
		}
		if parts == nil {
			return
		}
		var slow threadLine
		for i, into := range []any{&slow.TID, &slow.Name, &slow.Run, &slow.Wait} {
			if err := json.Unmarshal(parts[i], into); err != nil {
				t.Fatalf("%q was read as %+v: %v", b, quick, err)
			}
		}
		if quick != slow {
			t.Errorf("%q: %+v, the general way %+v", b, quick, slow)
		}
	})
}

// A compressed file that asks for a huge window is refused before the memory is taken.
func TestWindowIsBounded(t *testing.T) {
	z, err := zstd.NewWriter(nil, zstd.WithWindowSize(256<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z.Reset(&b)
	_, _ = z.Write([]byte("x"))
	_ = z.Flush()
	_, _ = z.Write(bytes.Repeat([]byte("y"), 1<<20))
	_ = z.Close()
	if _, _, err := replay(t, b.Bytes()); err == nil || !strings.Contains(err.Error(), "window") {
		t.Errorf("error %v, want the window refused", err)
	}
}

func FuzzReplay(f *testing.F) {
	const head = `{"type":"minewatch_trace","version":1,"cores":2}` + "\n"
	f.Add(head + `{"at_us":0,"cores":2,"p":[{"id":[1,1],"u":5,"th":[[1,"a",2,3]],"info":{"name":"x"}}]}` + "\n")
	f.Add(head + `{"at_us":0,"cores":2,"renderers":[{"id":[1,1],"frames":[{"tab":1}]}],"gaps":[{"kind":"slept"}]}` + "\n")
	z, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, source, err := Replay(bytes.NewReader(z.EncodeAll([]byte(text), nil)), "x")
		if err != nil {
			return
		}
		detector := heuristics.NewDetector(heuristics.Config{})
		last := time.Duration(-1)
		for s, err := range source(t.Context()) {
			if err != nil {
				return
			}
			if s.At <= last || s.Cores < 1 {
				t.Fatalf("a snapshot at %v after %v with %d cores", s.At, last, s.Cores)
			}
			last = s.At
			for _, v := range detector.Observe(s) {
				if !(v.Confidence >= 0 && v.Confidence <= 1) {
					t.Fatalf("confidence %v", v.Confidence)
				}
			}
		}
	})
}
