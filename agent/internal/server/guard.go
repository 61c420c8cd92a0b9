package server

import (
	"bufio"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"path"
	"strings"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/fault"
)

// maxHeader bounds a request's header in bytes.
const maxHeader = 8 << 10

// host is what a client of ours names as the host; a web page that was led here by DNS names another.
const host = "minewatch"

// guard lets through what a client of ours may send and answers everything else itself. It also catches panics.
func (h *handler) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &answer{ResponseWriter: w}
		defer h.catch(out, r)
		out.Header().Set("Cache-Control", "no-store")
		out.Header().Set("X-Content-Type-Options", "nosniff")
		if err := h.admit(r); err != nil {
			out.Header().Set("Connection", "close")
			h.fail(out, r, err)
			return
		}
		next.ServeHTTP(out, r)
	})
}

// admit returns why a request is refused, or nil.
func (h *handler) admit(r *http.Request) error {
	c, ok := callerOf(r.Context())
	if !ok {
		return fault.New(fault.Forbidden, "the agent could not see who is calling")
	}
	if !h.rates.allow(c.User) {
		return fault.New(fault.TooMany, "too many requests; try again in a second")
	}
	for name := range r.Header {
		if name == "Origin" || name == "Referer" || strings.HasPrefix(name, "Sec-") {
			return fault.New(fault.Forbidden, "requests from web pages are refused")
		}
	}
	if r.Host != host {
		return fault.New(fault.Forbidden, "requests for another host are refused")
	}
	if h.owner != "" && c.User != h.owner && !c.Admin {
		return fault.New(fault.Forbidden, "this agent belongs to another user; start your own with `minewatch run --user`")
	}
	// The router would answer an unclean path with a redirect, which no client of ours needs.
	if r.URL.Path != path.Clean(r.URL.Path) {
		return notFound(r)
	}
	return nil
}

func notFound(r *http.Request) error {
	return fault.New(fault.Unknown, "this agent does not know "+words.Clean(r.Method+" "+r.URL.Path)+
		"; is it older than the program that asked?")
}

// catch turns a panic into an answer, so that one bad request does not end the agent.
func (h *handler) catch(out *answer, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
		h.log.Error("a request at the local API panicked", zap.String("request", words.Clean(r.Method+" "+r.URL.Path)),
			zap.Any("panic", p), zap.Stack("stack"))
	}
	if out.started {
		panic(http.ErrAbortHandler) // the caller must see that the answer is cut off
	}
	h.refuse(out, r, statuses()[fault.Failed], sayFailed)
}

// reply writes one JSON value.
func (h *handler) reply(w http.ResponseWriter, r *http.Request, status int, value any) {
	b, err := json.Marshal(value)
	if err != nil { // a NaN; a Problem always has a form
		h.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(b, '\n')) // a caller who is gone is nobody's trouble
}

// answer is a ResponseWriter that knows whether the answer has begun.
type answer struct {
	http.ResponseWriter
	started bool
}

// Unwrap serves http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Hijack serves http.ResponseController. There is no answer to be given after it.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.started = true
	return http.NewResponseController(a.ResponseWriter).Hijack()
}

func (a *answer) WriteHeader(status int) {
	a.started = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.started = true
	return a.ResponseWriter.Write(b)
}
