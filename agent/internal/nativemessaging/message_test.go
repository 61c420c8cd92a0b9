package nativemessaging

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// payload makes fresh values of what a method's messages hold; result is nil for an event.
type payload struct {
	from   string
	params func() any
	result func() any
}

func payloads() map[string]payload {
	none := func() any { return new(None) }
	return map[string]payload{
		Hello:           {"extension", func() any { return new(HelloParams) }, func() any { return new(HelloResult) }},
		Measuring:       {"extension", func() any { return new(MeasuringParams) }, nil},
		PopupLoad:       {"extension", func() any { return new(LoadParams) }, func() any { return new(LoadResult) }},
		PopupAllow:      {"extension", func() any { return new(AlertParams) }, none},
		PopupSnooze:     {"extension", func() any { return new(AlertParams) }, none},
		PopupDisallow:   {"extension", func() any { return new(DisallowParams) }, none},
		RendererFrames:  {"agent", func() any { return new(FramesParams) }, func() any { return new(FramesResult) }},
		TabClose:        {"agent", func() any { return new(TabParams) }, none},
		TabShow:         {"agent", func() any { return new(TabParams) }, none},
		MemoryGrow:      {"agent", func() any { return new(GrowParams) }, func() any { return new(GrowResult) }},
		MemoryShrink:    {"agent", none, none},
		RendererLives:   {"agent", func() any { return new(LivesParams) }, none},
		NumbersDistrust: {"agent", none, none},
		SiteFlagged:     {"agent", func() any { return new(FlaggedParams) }, nil},
		SitesUnflagged:  {"agent", func() any { return new(UnflaggedParams) }, nil},
		AgentState:      {"host", func() any { return new(AgentParams) }, nil},
	}
}

// golden is a file of messages that the extension's tests read as well.
type golden struct {
	Method   string
	From     string
	Messages map[string]json.RawMessage
}

func goldens(tb testing.TB) map[string]golden {
	tb.Helper()
	paths, err := filepath.Glob("../../../testdata/protocol/*.json")
	if err != nil {
		tb.Fatal(err)
	}
	out := map[string]golden{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		var g golden
		if err := json.Unmarshal(data, &g); err != nil {
			tb.Fatalf("%s: %v", path, err)
		}
		out[strings.TrimSuffix(filepath.Base(path), ".json")] = g
	}
	return out
}

// The golden messages hold what the wire types hold, no key more and none less, and there is a file for each method.
func TestGoldenMessages(t *testing.T) {
	files := goldens(t)
	for method, p := range payloads() {
		g, ok := files[method]
		if !ok || g.Method != method || g.From != p.from || len(g.Messages) == 0 {
			t.Errorf("%s: the file holds %+v", method, g)
		}
		seen := map[string]bool{}
		for name, message := range g.Messages {
			t.Run(method+" "+name, func(t *testing.T) {
				var want bytes.Buffer
				if err := json.Compact(&want, message); err != nil {
					t.Fatal(err)
				}
				m, err := Parse(message)
				if err != nil {
					t.Fatal(err)
				}
				most := MaxFromExtension
				if p.from != "extension" == (m.Method != "") {
					most = MaxToExtension
				}
				var params, result any
				switch {
				case m.Method != "":
					seen["request"] = true
					if m.Method != method || (m.ID == 0) != (p.result == nil) {
						t.Errorf("a message of another kind: %+v", m)
					}
					if m.Params != nil {
						params = p.params()
						if err := json.Unmarshal(m.Params, params); err != nil {
							t.Fatal(err)
						}
					}
				case m.Error == nil:
					seen["response"] = true
					result = p.result()
					if err := json.Unmarshal(m.Result, result); err != nil {
						t.Fatal(err)
					}
				}
				m.Params, m.Result = nil, nil
				got, err := Encode(m, params, result, most)
				if diff := cmp.Diff(want.String(), string(got)); diff != "" || err != nil {
					t.Errorf("%v (-golden +ours):\n%s", err, diff)
				}
			})
		}
		if !seen["request"] || seen["response"] != (p.result != nil) {
			t.Errorf("%s: there are only messages of the kinds %v", method, seen)
		}
		delete(files, method)
	}
	if len(files) > 0 {
		t.Errorf("files of no method: %v", files)
	}
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		in      string
		wantErr error // errAny for any
	}{
		"request":               {`{"id":1,"method":"hello","params":{}}`, nil},
		"request, newer":        {`{"id":1,"method":"hello","of_tomorrow":{"a":[1]}}`, nil},
		"request with v":        {`{"v":3,"id":1,"method":"hello"}`, nil},
		"event":                 {` {"method":"measuring"}`, nil},
		"response":              {`{"id":1,"result":{}}`, nil},
		"error":                 {`{"id":1,"error":{"code":"no_tab"}}`, nil},
		"nothing":               {``, errNoObject},
		"null":                  {`null`, errNoObject},
		"a list":                {`[{"id":1,"method":"hello"}]`, errNoObject},
		"a text":                {`"hello"`, errNoObject},
		"empty":                 {`{}`, errNoKind},
		"id alone":              {`{"id":1}`, errNoKind},
		"both":                  {`{"id":1,"result":{},"error":{"code":"x"}}`, errNoKind},
		"request and response":  {`{"id":1,"method":"hello","result":{}}`, errNoKind},
		"an error without code": {`{"id":1,"error":{}}`, errNoKind},
		"response to nothing":   {`{"result":{}}`, errNoID},
		"response to 0":         {`{"id":0,"result":{}}`, errNoID},
		"a negative id":         {`{"id":-1,"method":"hello"}`, errNoID},
		"cut":                   {`{"id":1,"method":"hel`, errAny},
		"two":                   {`{"method":"a"}{"method":"b"}`, errAny},
		"a fraction":            {`{"id":1.5,"method":"hello"}`, errAny},
		"an id beyond":          {`{"id":1e999,"method":"hello"}`, errAny},
		"an id as text":         {`{"id":"1","method":"hello"}`, errAny},
		"a method as number":    {`{"id":1,"method":7}`, errAny},
		"deep":                  {`{"method":"a","params":` + strings.Repeat("[", 60_000) + strings.Repeat("]", 60_000) + `}`, errAny},
		"version 1":             {`{"v":1,"type":"hello","extension":"0.1.0"}`, OutdatedError{1}},
		"version 99":            {`{"v":99,"type":"frames","id":4}`, OutdatedError{99}},
		"no version":            {`{"v":"1","type":"hello"}`, errNoKind},
	} {
		if _, err := Parse([]byte(c.in)); !errors.Is(err, c.wantErr) && (c.wantErr != errAny || err == nil) { //nolint:errorlint // a mark
			t.Errorf("%s: %v, want %v", name, err, c.wantErr)
		}
	}
}

var errAny = errors.New("any error")

func TestEncodeRefusesTheOversized(t *testing.T) {
	if _, err := Encode(Message{Method: TabClose}, TabParams{Origin: strings.Repeat("x", MaxToExtension)}, nil, MaxToExtension); err == nil {
		t.Error("a message that is too long was accepted")
	}
}

func TestFits(t *testing.T) {
	if u := (UnflaggedParams{Sites: []string{strings.Repeat("x", MaxToExtension-100)}}); !Fits(u) {
		t.Error("a message that fits was refused")
	}
	if u := (UnflaggedParams{Sites: []string{strings.Repeat("x", MaxToExtension-20)}}); Fits(u) {
		t.Error("a message that is too long was accepted")
	}
}

// FuzzParse reads any bytes as a message. One that is taken is a request, an event or a response, and the same when it
// is said again.
func FuzzParse(f *testing.F) {
	for _, g := range goldens(f) {
		for _, message := range g.Messages {
			f.Add([]byte(message))
		}
	}
	f.Add([]byte(`{"v":1,"type":"frames","id":1,"renderer":1,"frames":[{"origin":"https://\u202e"}],"frames":null}`))
	f.Add([]byte(`{"id":1,"id":-1,"method":"a","METHOD":"","params":null}`))
	f.Add([]byte(`{"id":1,"result":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		kinds := 0
		for _, is := range []bool{m.Method != "", len(m.Result) > 0, m.Error != nil && m.Error.Code != ""} {
			if is {
				kinds++
			}
		}
		if kinds != 1 || m.ID < 0 || (m.Method == "" && m.ID == 0) {
			t.Fatalf("%q was taken as %+v", data, m)
		}
		body, err := Encode(m, nil, nil, 10*len(data)+100)
		if err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		again, err := Parse(body)
		if diff := cmp.Diff(m.Method, again.Method); diff != "" || err != nil || m.ID != again.ID {
			t.Fatalf("%q became %q: %v", data, body, err)
		}
	})
}
