package server

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/fault"
)

const (
	// maxID bounds an alert's id in bytes.
	maxID = 256
	// maxList bounds a list of alerts in bytes; the client reads up to 16 MiB.
	maxList = 12 << 20
)

// call is what a route does: it returns the value to answer with, or nil for none.
type call func(ctx context.Context, c Caller, w http.ResponseWriter, r *http.Request) (any, error)

// routes returns the handler of every place that api.Client asks for.
func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, f := range map[string]call{
		"GET /v1/status":                 h.status,
		"POST /v1/alerts/{id}/close-tab": h.act("close"),
		"POST /v1/alerts/{id}/show-tab":  h.act("show"),
		"POST /v1/alerts/{id}/snooze":    h.snooze,
		"DELETE /v1/alerts/{id}/snooze":  h.unsnooze,
		"POST /v1/snoozes":               h.snoozeNamed,
		"DELETE /v1/snoozes":             h.unsnoozeNamed,
		"POST /v1/alerts/{id}/allow":     h.allowAlert,
		"POST /v1/allowances":            h.allow,
		"DELETE /v1/allowances":          h.disallow,
	} {
		mux.HandleFunc(pattern, h.plain(f))
	}
	mux.HandleFunc("GET /v1/alerts", h.alerts)
	mux.HandleFunc("GET /v1/allowances", h.allowances)
	mux.HandleFunc("GET /v1/snoozes", func(w http.ResponseWriter, r *http.Request) { list(h, w, r, h.agent.Snoozes) })
	mux.HandleFunc("GET /v1/events", h.events)
	mux.HandleFunc("GET /v1/browser/channel", h.channel)
	mux.HandleFunc("GET /v1/browser/questions", h.outdatedHost)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { h.fail(w, r, notFound(r)) })
	return mux
}

func (h *handler) plain(f call) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, _ := callerOf(r.Context()) // guard saw it
		ctx, cancel := context.WithTimeout(r.Context(), h.limits.work)
		defer cancel()
		value, err := f(ctx, c, w, r)
		switch {
		case err != nil:
			h.fail(w, r, err)
		case value == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			h.reply(w, r, http.StatusOK, value)
		}
	}
}

func (h *handler) status(ctx context.Context, c Caller, _ http.ResponseWriter, _ *http.Request) (any, error) {
	return h.agent.Status(ctx, c), nil
}

func (h *handler) alerts(w http.ResponseWriter, r *http.Request) {
	within, err := seconds(r.URL.Query().Get("within_s"))
	if err != nil {
		h.fail(w, r, err)
		return
	}
	list(h, w, r, func(ctx context.Context, c Caller) ([]api.Alert, error) { return h.agent.Alerts(ctx, c, within) })
}

func (h *handler) allowances(w http.ResponseWriter, r *http.Request) {
	list(h, w, r, h.agent.Allowances)
}

// list writes a list, the only kind of answer that can be large: how many are being made at a time is bounded for each
// caller until they are written, and so are their bytes.
func list[T any](h *handler, w http.ResponseWriter, r *http.Request, get func(context.Context, Caller) ([]T, error)) {
	c, _ := callerOf(r.Context()) // guard saw it
	leave, _ := h.lists.enter(c, nil)
	if leave == nil {
		h.fail(w, r, fault.New(fault.TooMany, "too many lists at once; try again in a moment"))
		return
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), h.limits.work)
	defer cancel()
	all, err := get(ctx, c)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.reply(w, r, http.StatusOK, newest(h.log, all, maxList))
}

// newest returns, in the same order, the last values that fit in so many bytes as JSON.
func newest[T any](log *zap.Logger, list []T, most int) []json.RawMessage {
	out := make([]json.RawMessage, 0, len(list))
	for i := range slices.Backward(list) {
		b, err := json.Marshal(&list[i])
		if err != nil {
			log.Error("a value of a list cannot be told", zap.Int("place", i), zap.Error(err))
			continue
		}
		if most -= len(b) + 1; most < 0 {
			break
		}
		out = append(out, b)
	}
	slices.Reverse(out)
	return out
}

func (h *handler) act(what string) call {
	return func(ctx context.Context, c Caller, _ http.ResponseWriter, r *http.Request) (any, error) {
		id, err := alertID(r)
		if err != nil {
			return nil, err
		}
		return nil, h.agent.Act(ctx, c, id, what)
	}
}

func (h *handler) snooze(ctx context.Context, c Caller, w http.ResponseWriter, r *http.Request) (any, error) {
	id, span, err := idAndSpan(w, r)
	if err != nil {
		return nil, err
	}
	return nil, h.agent.Snooze(ctx, c, id, span)
}

func (h *handler) unsnooze(ctx context.Context, c Caller, _ http.ResponseWriter, r *http.Request) (any, error) {
	id, err := alertID(r)
	if err != nil {
		return nil, err
	}
	return nil, h.agent.Unsnooze(ctx, c, id)
}

func (h *handler) snoozeNamed(ctx context.Context, c Caller, w http.ResponseWriter, r *http.Request) (any, error) {
	a, err := allowanceOf(c, w, r)
	if err != nil {
		return nil, err
	}
	return h.agent.SnoozeNamed(ctx, c, a)
}

func (h *handler) unsnoozeNamed(ctx context.Context, c Caller, w http.ResponseWriter, r *http.Request) (any, error) {
	a, err := allowanceOf(c, w, r)
	if err != nil {
		return nil, err
	}
	return nil, h.agent.UnsnoozeNamed(ctx, c, a)
}

func (h *handler) allowAlert(ctx context.Context, c Caller, w http.ResponseWriter, r *http.Request) (any, error) {
	id, span, err := idAndSpan(w, r)
	if err != nil {
		return nil, err
	}
	return h.agent.AllowAlert(ctx, c, id, span)
}

func (h *handler) allow(ctx context.Context, c Caller, w http.ResponseWriter, r *http.Request) (any, error) {
	a, err := allowanceOf(c, w, r)
	if err != nil {
		return nil, err
	}
	return h.agent.Allow(ctx, c, a)
}

func (h *handler) disallow(ctx context.Context, c Caller, w http.ResponseWriter, r *http.Request) (any, error) {
	a, err := allowanceOf(c, w, r)
	if err != nil {
		return nil, err
	}
	return nil, h.agent.Disallow(ctx, c, a)
}

// allowanceOf reads an allowance and sees that it is the caller's: only an administrator may name another user.
func allowanceOf(c Caller, w http.ResponseWriter, r *http.Request) (a api.Allowance, err error) {
	if err := decode(w, r, maxBody, &a); err != nil {
		return a, err
	}
	if (a.Site == "") == (a.Program == "") {
		return a, fault.New(fault.Invalid, "name either a site or a program")
	}
	if a.User == "" {
		a.User = c.User
	}
	if a.User != c.User && !c.Admin {
		return a, fault.New(fault.Forbidden, "only an administrator may speak for another user")
	}
	return a, nil
}

func idAndSpan(w http.ResponseWriter, r *http.Request) (id string, span time.Duration, err error) {
	if id, err = alertID(r); err != nil {
		return "", 0, err
	}
	var body struct {
		ForS float64 `json:"for_s"`
	}
	if err = decode(w, r, maxBody, &body); err != nil {
		return "", 0, err
	}
	if body.ForS < 0 || body.ForS > api.MaxSpan.Seconds() {
		return "", 0, fault.New(fault.Invalid, "the time must be between 0 s and ten years")
	}
	return id, time.Duration(body.ForS * float64(time.Second)), nil
}

func alertID(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if id == "" || len(id) > maxID {
		return "", fault.New(fault.NotFound, "there is no such alert")
	}
	return id, nil
}

// seconds reads a whole number of seconds; an empty text is 0.
func seconds(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/int64(time.Second) {
		return 0, fault.New(fault.Invalid, "within_s must be a whole number of seconds, 0 or more")
	}
	return time.Duration(n) * time.Second, nil
}
