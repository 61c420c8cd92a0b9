package browser

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
)

// golden returns a message that the extension's tests read as well.
func golden(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "protocol", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func goldenAnswer(tb testing.TB, name string) api.Answer {
	tb.Helper()
	a, err := decodeAnswer(golden(tb, name))
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return a
}

// framed returns a native message.
func framed(body string) []byte {
	return append(binary.NativeEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// The golden messages hold what the wire types hold, no key more and none less.
func TestGoldenMessages(t *testing.T) {
	paths, err := filepath.Glob("../../../testdata/protocol/*.json")
	if err != nil || len(paths) < 9 {
		t.Fatalf("found only %v (%v)", paths, err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			data := golden(t, name)
			var want bytes.Buffer
			if err := json.Compact(&want, data); err != nil {
				t.Fatal(err)
			}
			var got []byte
			if strings.HasPrefix(name, "question-") {
				var q api.Question
				if err := json.Unmarshal(data, &q); err != nil {
					t.Fatal(err)
				}
				var line bytes.Buffer
				if err := writeFrame(&line, q); err != nil {
					t.Fatal(err)
				}
				if got, err = readFrame(&line); err != nil {
					t.Fatal(err)
				}
			} else if got, err = json.Marshal(goldenAnswer(t, name)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.String(), string(got)); diff != "" {
				t.Errorf("(-golden +ours):\n%s", diff)
			}
		})
	}
}

func TestReadFrame(t *testing.T) {
	huge := binary.NativeEndian.AppendUint32(nil, 1<<32-1)
	for name, c := range map[string]struct {
		in      []byte
		want    string
		wantErr string
	}{
		"one":        {in: framed("{}"), want: "{}"},
		"closed":     {in: nil, wantErr: "EOF"},
		"half head":  {in: []byte{1, 0}, wantErr: "unexpected EOF"},
		"half body":  {in: framed("{}")[:5], wantErr: "broke off"},
		"no body":    {in: framed("x")[:4], wantErr: "broke off"},
		"empty":      {in: framed(""), wantErr: "0 bytes"},
		"four GB":    {in: huge, wantErr: "4294967295 bytes"},
		"one more":   {in: framed(strings.Repeat("x", maxFromBrowser+1)), wantErr: "allowed"},
		"as allowed": {in: framed(strings.Repeat("x", maxFromBrowser)), want: strings.Repeat("x", maxFromBrowser)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readFrame(bytes.NewReader(c.in))
			if string(got) != c.want || (err == nil) != (c.wantErr == "") || (err != nil && !strings.Contains(err.Error(), c.wantErr)) {
				t.Errorf("got %.20q, %v; want %.20q, %q", got, err, c.want, c.wantErr)
			}
		})
	}
	if _, err := readFrame(bytes.NewReader(nil)); !errors.Is(err, io.EOF) {
		t.Errorf("a closed line gives %v, want io.EOF", err)
	}
}

func TestWriteFrameRefusesTheOversized(t *testing.T) {
	var out bytes.Buffer
	if err := writeFrame(&out, api.Question{Origin: strings.Repeat("x", maxToBrowser)}); err == nil || out.Len() > 0 {
		t.Errorf("%d bytes were written, error %v", out.Len(), err)
	}
}

// As many frames as an extension may name in one answer come through, with origins of twice the usual length.
func TestManyFramesFit(t *testing.T) {
	long := "https://" + strings.Repeat("a", 72)
	a := api.Answer{V: 1, Type: "frames", ID: 1<<53 - 1, Renderer: maxRenderer, Last: long}
	for range maxFrames {
		a.Frames = append(a.Frames, api.Frame{Tab: 1<<53 - 1, Frame: 1<<53 - 1, Origin: long, Top: long})
	}
	body, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if body, err = readFrame(bytes.NewReader(framed(string(body)))); err != nil {
		t.Fatal(err)
	}
	got, err := decodeAnswer(body)
	if diff := cmp.Diff(a, got); diff != "" || err != nil {
		t.Errorf("(-sent +read), %v:\n%s", err, diff)
	}
}

// hostile is text that must never come through as an origin.
var hostile = []string{
	"https://news.test/path", "https://news.test?q", "https://news.test#f", "https://user@news.test", "news.test",
	"https://", "://news.test", "https:news.test", "https://news.test\n", "https://news.test\x00", "https://\u202etset.swen",
	"https://$(touch x)';--<b>", "https://a b", "=1+1", "https://bücher.test", "https://NEWS.test", "HTTPS://news.test",
	"https://[::1", "https://::1]", "https://a[::1]", "https://[[]]", "https://a:b:1", "https://:80", "1http://x", "file://x/y",
	"javascript:alert(1)", "https://" + strings.Repeat("a", maxOrigin), strings.Repeat("é", 10_000),
}

func TestCleanOrigin(t *testing.T) {
	for _, good := range []string{
		"https://news.test", "http://127.0.0.1:8080", "http://[2001:db8::1]:8080", "https://xn--bcher-kva.test",
		"https://under_score.test", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "chrome://settings", "file://",
		"http://localhost",
	} {
		if got := cleanOrigin(good); got != good {
			t.Errorf("%q became %q", good, got)
		}
	}
	for _, bad := range append(hostile, "") {
		if got := cleanOrigin(bad); got != "" {
			t.Errorf("%q became %q, want nothing", bad, got)
		}
	}
}

func TestCleanAnswer(t *testing.T) {
	many := make([]api.Frame, maxFrames+1)
	for name, c := range map[string]struct {
		in   api.Answer
		want *api.Answer // nil: refused
	}{
		"another version":   {in: api.Answer{V: 2, Type: "hello"}},
		"no version":        {in: api.Answer{Type: "hello"}},
		"no type":           {in: api.Answer{V: 1, ID: 1}},
		"another type":      {in: api.Answer{V: 1, Type: "who", ID: 1}},
		"to no question":    {in: api.Answer{V: 1, Type: "done", OK: true}},
		"to a negative one": {in: api.Answer{V: 1, Type: "frames", ID: -1, Renderer: 1}},
		"no renderer":       {in: api.Answer{V: 1, Type: "frames", ID: 1}},
		"negative renderer": {in: api.Answer{V: 1, Type: "frames", ID: 1, Renderer: -4}},
		"no such renderer":  {in: api.Answer{V: 1, Type: "frames", ID: 1, Renderer: maxRenderer + 1}},
		"too many frames":   {in: api.Answer{V: 1, Type: "frames", ID: 1, Renderer: 1, Frames: many}},
		"negative tab":      {in: api.Answer{V: 1, Type: "frames", ID: 1, Renderer: 1, Frames: []api.Frame{{Tab: -1}}}},
		"negative frame":    {in: api.Answer{V: 1, Type: "frames", ID: 1, Renderer: 1, Frames: []api.Frame{{Frame: -1}}}},
		"hello with more": {
			in:   api.Answer{V: 1, Type: "hello", ID: 9, Extension: "1.20.3", Renderer: 4, Last: "https://x.test", OK: true},
			want: &api.Answer{V: 1, Type: "hello", Extension: "1.20.3"},
		},
		"hello with markup": {
			in:   api.Answer{V: 1, Type: "hello", Extension: "1.0<script>"},
			want: &api.Answer{V: 1, Type: "hello"},
		},
		"done with more": {
			in:   api.Answer{V: 1, Type: "done", ID: 2, OK: true, Error: "no_tab", Frames: many, Last: "x"},
			want: &api.Answer{V: 1, Type: "done", ID: 2, OK: true},
		},
		"refused, known": {
			in:   api.Answer{V: 1, Type: "done", ID: 2, Error: "other_origin"},
			want: &api.Answer{V: 1, Type: "done", ID: 2, Error: "other_origin"},
		},
		"refused, own words": {
			in:   api.Answer{V: 1, Type: "done", ID: 2, Error: "call 555-0100"},
			want: &api.Answer{V: 1, Type: "done", ID: 2, Error: "failed"},
		},
		"a hostile frame stays, without a name": {
			in: api.Answer{
				V: 1, Type: "frames", ID: 2, Renderer: 3, Last: "https://a b", OK: true, Error: "no_tab", Extension: "1",
				Frames: []api.Frame{
					{Tab: 1, Origin: "https://x.test/secret?token", Top: "https://y.test"},
					{Tab: 1, Origin: "https://x.test", Top: "https://y.test\n<b>"},
				},
			},
			want: &api.Answer{V: 1, Type: "frames", ID: 2, Renderer: 3, Frames: []api.Frame{
				{Tab: 1, Top: "https://y.test"}, {Tab: 1, Origin: "https://x.test"},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cleanAnswer(c.in)
			if c.want == nil {
				if err == nil {
					t.Errorf("accepted as %+v", got)
				}
				return
			}
			if diff := cmp.Diff(*c.want, got); diff != "" || err != nil {
				t.Errorf("(-want +got), %v:\n%s", err, diff)
			}
		})
	}
}

// cleanAnswer works on a copy: what the caller holds stays as it was said.
func TestCleanAnswerLeavesItsArgument(t *testing.T) {
	in := api.Answer{V: 1, Type: "frames", ID: 2, Renderer: 3, Frames: []api.Frame{{Tab: 1, Origin: "nonsense"}}}
	if _, err := cleanAnswer(in); err != nil || in.Frames[0].Origin != "nonsense" {
		t.Errorf("the argument became %+v (%v)", in, err)
	}
}

// FuzzAnswer reads any bytes as a stream of native messages, as a host does.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"answer-hello", "answer-hello-measures", "answer-frames", "answer-frames-last", "answer-done", "answer-refused"} {
		f.Add(framed(string(golden(f, name))))
	}
	f.Add([]byte{255, 255, 255, 255, '{'})
	f.Add(framed(`{"v":1,"type":"frames","id":1,"renderer":1,"frames":[{"origin":"https://\u202e"}],"frames":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for in := bytes.NewReader(data); ; {
			body, err := readFrame(in)
			if err != nil {
				return
			}
			a, err := decodeAnswer(body)
			if err != nil {
				continue
			}
			again, err := cleanAnswer(a)
			if diff := cmp.Diff(a, again); diff != "" || err != nil {
				t.Errorf("clean twice differs, %v:\n%s", err, diff)
			}
			origins := []string{a.Last}
			for _, f := range a.Frames {
				origins = append(origins, f.Origin, f.Top)
			}
			for _, o := range origins {
				if len(o) > maxOrigin || slices.ContainsFunc([]rune(o), func(r rune) bool { return r <= ' ' || r > '~' }) {
					t.Errorf("the origin %q came through", o)
				}
			}
			if len(a.Frames) > maxFrames {
				t.Errorf("%d frames came through", len(a.Frames))
			}
		}
	})
}

// FuzzReadFrame reads any bytes as a stream of native messages: what comes out is within the limit and in the stream,
// and the stream ends without an error only between two messages.
func FuzzReadFrame(f *testing.F) {
	whole := framed(`{"v":1,"type":"hello"}`)
	for _, seed := range [][]byte{nil, whole, whole[:7], whole[:2], append(slices.Clone(whole), whole...), {0, 0, 0, 64, '{'}, {0, 0, 0, 0}, []byte("GET / HTTP/1.1\r\n\r\n")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := bytes.NewReader(data)
		for {
			at := len(data) - in.Len()
			body, err := readFrame(in)
			if err != nil {
				if errors.Is(err, io.EOF) && at != len(data) {
					t.Errorf("%d bytes are left, but the stream ends well", len(data)-at)
				}
				return
			}
			if n := len(body); n == 0 || n > maxFromBrowser || !bytes.Equal(body, data[at+4:at+4+n]) {
				t.Errorf("a message of %d bytes that are not those of the stream", n)
			}
		}
	})
}
