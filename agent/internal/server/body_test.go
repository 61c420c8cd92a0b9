//go:build unix

package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/fault"
)

func TestBodies(t *testing.T) {
	agent := newFakeAgent()
	s := serveAt(t, "", agent, defaults())
	long := strings.Repeat("x", maxBody)
	for name, c := range map[string]struct {
		text     string
		status   int
		sentence string
	}{
		"unknown field":     {post("/v1/allowances", `{"site":"a.test","sudo":true}`), 400, `the request has a field that this agent does not know: "sudo"`},
		"hostile field":     {post("/v1/allowances", `{"`+strings.Repeat("\u202e\x7f", 500)+`":true}`), 400, "the request has a field that this agent does not know"},
		"wrong type":        {post("/v1/alerts/r-1/snooze", `{"for_s":"an hour"}`), 400, `the request has a string where another type belongs (field "for_s")`},
		"no JSON":           {post("/v1/alerts/r-1/snooze", `for_s=3600`), 400, "the request is not valid JSON"},
		"cut":               {post("/v1/alerts/r-1/snooze", `{"for_s":3`), 400, "the request is not valid JSON"},
		"two values":        {post("/v1/alerts/r-1/snooze", `{"for_s":3}{"for_s":4}`), 400, "the request has more than one JSON value"},
		"garbage after":     {post("/v1/alerts/r-1/snooze", `{"for_s":3}]`), 400, "the request has more than one JSON value"},
		"none":              {post("/v1/alerts/r-1/snooze", ``), 400, "the request has no body"},
		"too large number":  {post("/v1/alerts/r-1/snooze", `{"for_s":1e300}`), 400, "the time must be between 0 s and ten years"},
		"no number":         {post("/v1/alerts/r-1/snooze", `{"for_s":1e999}`), 400, "the request has a number 1e999 where another type belongs"},
		"too long":          {post("/v1/allowances", `{"site":"`+long+`"}`), 413, "the request is longer than 65536 bytes"},
		"long white space":  {post("/v1/alerts/r-1/snooze", `{"for_s":3}`+strings.Repeat(" ", maxBody)), 413, "the request is longer than 65536 bytes"},
		"deep":              {post("/v1/allowances", `{"site":`+strings.Repeat("[", 60_000)), 400, "the request is not valid JSON"},
		"form":              {strings.Replace(post("/v1/alerts/r-1/snooze", `{"for_s":3}`), "application/json", "text/plain", 1), 415, "application/json"},
		"long header":       {"GET /v1/status HTTP/1.1\r\nHost: minewatch\r\nX: " + strings.Repeat("x", maxHeader) + "\r\n\r\n", 431, ""},
		"6 kB header":       {"GET /v1/status HTTP/1.1\r\nHost: minewatch\r\nX: " + strings.Repeat("x", 6000) + "\r\n\r\n", 200, ""},
		"unknown place":     {"GET /v2/status HTTP/1.1\r\nHost: minewatch\r\n\r\n", 404, "this agent does not know GET /v2/status"},
		"unknown method":    {"DELETE /v1/status HTTP/1.1\r\nHost: minewatch\r\n\r\n", 404, "this agent does not know DELETE /v1/status"},
		"unclean path":      {"GET /v1/../v1/status HTTP/1.1\r\nHost: minewatch\r\n\r\n", 404, "this agent does not know"},
		"not a tray":        {"GET /v1/events?tray=x HTTP/1.1\r\nHost: minewatch\r\n\r\n", 400, "a tray is either"},
		"not a time":        {"GET /v1/alerts?within_s=1h HTTP/1.1\r\nHost: minewatch\r\n\r\n", 400, "within_s must be"},
		"a too long time":   {"GET /v1/alerts?within_s=9223372037 HTTP/1.1\r\nHost: minewatch\r\n\r\n", 400, "within_s must be"},
		"no HTTP":           {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, ""},
		"another's consent": {post("/v1/allowances", `{"site":"a.test","user":"12345"}`), anotherUser(), ""},
	} {
		status, sentence := raw(t, s, c.text)
		if status != c.status || !strings.Contains(sentence, c.sentence) {
			t.Errorf("%s: %d %q, want %d %q", name, status, sentence, c.status, c.sentence)
		}
		if status >= 400 && (len(sentence) > 1000 || strings.ContainsAny(sentence, "\x1b\u202e\x7f")) {
			t.Errorf("%s: the sentence is not fit to be shown: %q", name, sentence)
		}
	}
	if n := s.logs.Len(); n > 0 {
		t.Errorf("callers can write %d lines to the log: %v", n, s.logs.All())
	}
}

// anotherUser is the status of speaking for another user: root may.
func anotherUser() int {
	if me() == "0" {
		return 200
	}
	return 403
}

// FuzzBody reads any bytes as each of the bodies there are. A value that is taken can be told and taken again; what is
// not is refused in a short plain sentence.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"for_s":3600}`, `{"site":"films.test"}`, `{"program":"/usr/bin/x","until":"2026-01-02T03:04:05Z"}`,
		`{"x":1}`, `{} {}`, `[`, `{"for_s":1e999}`, "{\"\xff\u202e\":1}", `null`, ``,
		`{"until":"99999-01-01T00:00:00Z"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, fresh := range []func() any{
			func() any { return new(api.Allowance) },
			func() any {
				return new(struct {
					ForS float64 `json:"for_s"`
				})
			},
		} {
			v := fresh()
			err := decodeJSON(bytes.NewReader(b), v)
			if err == nil {
				told, err := json.Marshal(v)
				if err != nil {
					t.Fatalf("%T was taken from %q and cannot be told: %v", v, b, err)
				}
				if err := decodeJSON(bytes.NewReader(told), fresh()); err != nil {
					t.Fatalf("%T was taken from %q but not again: %v", v, b, err)
				}
				continue
			}
			refusal, ok := errors.AsType[*fault.Error](err)
			if !ok || refusal.Kind == fault.Failed || len(refusal.Text) > 800 ||
				!utf8.ValidString(refusal.Text) || strings.ContainsFunc(refusal.Text, func(c rune) bool { return !unicode.IsPrint(c) }) {
				t.Fatalf("%q: %#v", b, err)
			}
		}
	})
}
