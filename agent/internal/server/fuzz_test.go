//go:build unix

package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// FuzzRequest has another user send any request: it is answered with a bounded answer that is plain, nothing of a third
// user is in it, nothing is done in another's name, and the log stays silent.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"GET /v1/status HTTP/1.1\r\nHost: minewatch\r\n\r\n",
		"GET /v1/alerts?within_s=9223372036854775807 HTTP/1.1\r\nHost: minewatch\r\n\r\n",
		"POST /v1/alerts/n-1/close-tab HTTP/1.1\r\nHost: minewatch\r\n\r\n",
		"POST /v1/alerts/r-1%2f..%2fn-1/snooze HTTP/1.1\r\nHost: minewatch\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"for_s\":1e99}",
		"POST /v1/allowances HTTP/1.1\r\nHost: minewatch\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{\"site\":\"a.b\",\"user\":\"0\"}\n",
		"DELETE /v1/allowances HTTP/1.0\r\nHost: minewatch\r\nOrigin: x\r\n\r\n",
		"GET /v1/events?live=1&tray=menu&detail=%1b%5b2J HTTP/1.1\r\nHost: minewatch\r\n\r\n",
		"GET /v1/browser/channel HTTP/1.1\r\nHost: minewatch\r\nConnection: Upgrade\r\nUpgrade: minewatch-extension\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: minewatch\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return // net/http answers those itself
		}
		agent := newFakeAgent()
		core, logs := observer.New(zapcore.InfoLevel)
		h := &handler{agent: agent, log: zap.New(core), limits: defaults(), lists: newBudget(2, 4), rates: newRates()}
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), callerKey{}, Caller{User: "1001", PID: 5}))
		cancel() // so that a stream ends with what is there
		w := httptest.NewRecorder()
		h.guard(h.routes()).ServeHTTP(w, r.WithContext(ctx))
		checkReply(t, raw, w)
		for _, did := range agent.said() {
			if !strings.HasPrefix(did, "1001 ") || strings.HasPrefix(did, "1001 allow ") && !strings.HasSuffix(did, " for 1001") {
				t.Errorf("%q did %q", raw, did)
			}
		}
		if n := logs.FilterLevelExact(zapcore.ErrorLevel).Len(); n > 0 && w.Code != http.StatusInternalServerError {
			t.Errorf("%q wrote %v", raw, logs.All())
		}
	})
}

func checkReply(t *testing.T, raw []byte, w *httptest.ResponseRecorder) {
	t.Helper()
	body := w.Body.Bytes()
	if !utf8.Valid(body) || len(body) > 4<<10 || bytes.Contains(body, []byte("secret.test")) || w.Code/100 == 3 {
		t.Fatalf("%q: %d with %d bytes: %q", raw, w.Code, len(body), body)
	}
	if w.Header().Get("Content-Type") != "application/json" {
		return
	}
	var any any
	if err := json.Unmarshal(body, &any); err != nil && len(body) > 0 {
		t.Fatalf("%q: %d %q: %v", raw, w.Code, body, err)
	}
	for _, c := range string(body) {
		if c != utf8.RuneError && c != '\n' && !unicode.IsPrint(c) && !unicode.Is(unicode.Cf, c) {
			t.Fatalf("%q: %U in %q", raw, c, body)
		}
	}
}
