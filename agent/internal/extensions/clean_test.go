package extensions

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
)

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

func TestCleanHello(t *testing.T) {
	for _, c := range []struct{ in, want nm.HelloParams }{
		{nm.HelloParams{Extension: "1.20.3", Browser: "firefox", Measures: true}, nm.HelloParams{Extension: "1.20.3", Browser: "firefox", Measures: true}},
		{nm.HelloParams{Extension: "1.0<script>", Browser: "<b>"}, nm.HelloParams{}},
		{nm.HelloParams{Extension: "1.0\n"}, nm.HelloParams{}},
		{nm.HelloParams{Extension: strings.Repeat("1.", 4) + "1"}, nm.HelloParams{}},
	} {
		got := c.in
		if cleanHello(&got); got != c.want {
			t.Errorf("%+v became %+v", c.in, got)
		}
	}
}

func TestCleanFrames(t *testing.T) {
	many := make([]nm.Frame, maxFrames+1)
	for name, c := range map[string]struct {
		in   nm.FramesResult
		want *nm.FramesResult // nil: refused
	}{
		"too many frames": {in: nm.FramesResult{Frames: many}},
		"negative tab":    {in: nm.FramesResult{Frames: []nm.Frame{{Tab: -1}}}},
		"negative frame":  {in: nm.FramesResult{Frames: []nm.Frame{{Frame: -1}}}},
		"as many as may":  {in: nm.FramesResult{Frames: many[1:]}, want: &nm.FramesResult{Frames: many[1:]}},
		"an odd state":    {in: nm.FramesResult{User: "asleep", Last: "https://x.test"}, want: &nm.FramesResult{Last: "https://x.test"}},
		"a hostile frame stays, without a name": {
			in: nm.FramesResult{
				Last: "https://a b", User: "locked",
				Frames: []nm.Frame{
					{Tab: 1, Origin: "https://x.test/secret?token", Top: "https://y.test"},
					{Tab: 1, Origin: "https://x.test", Top: "https://y.test\n<b>"},
				},
			},
			want: &nm.FramesResult{User: "locked", Frames: []nm.Frame{{Tab: 1, Top: "https://y.test"}, {Tab: 1, Origin: "https://x.test"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.in
			got.Frames = slices.Clone(c.in.Frames)
			err := cleanFrames(&got)
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

func TestCleanGrow(t *testing.T) {
	for in, want := range map[int]int{12: 12, maxRenderer: maxRenderer, 0: 0, -1: 0, maxRenderer + 1: 0} {
		r := nm.GrowResult{Renderer: in}
		if err := cleanGrow(&r); err != nil || r.Renderer != want {
			t.Errorf("%d became %d, %v", in, r.Renderer, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for code, want := range map[string]error{
		nm.NoTab: errNoTab, nm.OtherOrigin: errOtherSite, nm.OtherRenderer: errMoved, nm.Unanswered: errUnanswered, nm.Failed: errFailed,
		"": errFailed, "call 555-0100": errFailed,
	} {
		if got := refusal(code); got != want { //nolint:errorlint // it is not wrapped
			t.Errorf("%q means %v", code, got)
		}
	}
}

// As many frames as an extension may name in one result come through, with origins of twice the usual length.
func TestManyFramesFit(t *testing.T) {
	long := "https://" + strings.Repeat("a", 72)
	r := nm.FramesResult{Last: long}
	for range maxFrames {
		r.Frames = append(r.Frames, nm.Frame{Tab: 1<<53 - 1, Frame: 1<<53 - 1, Origin: long, Top: long})
	}
	if _, err := nm.Encode(nm.Message{ID: 1<<53 - 1}, nil, r, nm.MaxFromExtension); err != nil {
		t.Error(err)
	}
	if err := cleanFrames(&r); err != nil {
		t.Error(err)
	}
}

// FuzzFrames reads any bytes as the result of renderer.frames: what comes through is bounded, plain, and the same when it
// is read again.
func FuzzFrames(f *testing.F) {
	for _, name := range []string{"response", "response-last", "response-none"} {
		f.Add([]byte(golden(f, nm.RendererFrames, name).Result))
	}
	f.Add([]byte(`{"frames":[{"origin":"https://\u202e"}],"frames":null}`))
	f.Add([]byte(`{"frames":[{"tab":-1}],"last":"https://x.test/y","user":"<b>"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r nm.FramesResult
		if json.Unmarshal(data, &r) != nil || cleanFrames(&r) != nil {
			return
		}
		again := r
		again.Frames = slices.Clone(r.Frames)
		if err := cleanFrames(&again); err != nil || !cmp.Equal(r, again) {
			t.Errorf("clean twice differs, %v: %+v, %+v", err, r, again)
		}
		origins := []string{r.Last, r.User}
		for _, f := range r.Frames {
			origins = append(origins, f.Origin, f.Top)
		}
		for _, o := range origins {
			if len(o) > maxOrigin || slices.ContainsFunc([]rune(o), func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("the origin %q came through", o)
			}
		}
		if len(r.Frames) > maxFrames {
			t.Errorf("%d frames came through", len(r.Frames))
		}
	})
}
