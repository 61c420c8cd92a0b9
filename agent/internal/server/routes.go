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
	"github.com/minewatch/minewatch/agent/api/words"
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
func (d *door) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, f := range map[string]call{
		"GET /v1/status":                 d.status,
		"POST /v1/alerts/{id}/close-tab": d.act("close"),
		"POST /v1/alerts/{id}/show-tab":  d.act("show"),
		"POST /v1/alerts/{id}/snooze":    d.snooze,
		"POST /v1/alerts/{id}/allow":     d.allowAlert,
		"GET /v1/allowances":             d.allowances,
		"POST /v1/allowances":            d.allow,
		"DELETE /v1/allowances":          d.disallow,
	} {
		mux.HandleFunc(pattern, d.plain(f))
	}
	mux.HandleFunc("GET /v1/alerts", d.alerts)
	mux.HandleFunc("GET /v1/events", d.events)
	mux.HandleFunc("GET /v1/browser/channel", d.channel)
	mux.HandleFunc("GET /v1/browser/questions", d.outdatedHost)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { d.fail(w, r, notFound(r)) })
	return mux
}

func (d *door) plain(f call) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, _ := callerOf(r.Context()) // guard saw it
		ctx, cancel := context.WithTimeout(r.Context(), d.limits.work)
		defer cancel()
		value, err := f(ctx, c, w, r)
		switch {
		case err != nil:
			d.fail(w, r, err)
		case value == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			d.reply(w, r, http.StatusOK, value)
		}
	}
}

func (d *door) status(ctx context.Context, c Caller, _ http.ResponseWriter, _ *http.Request) (any, error) {
	return d.agent.Status(ctx, c), nil
}

// alerts writes the list itself: it is the one answer that can be large, and the room for it is counted until it is
// written.
func (d *door) alerts(w http.ResponseWriter, r *http.Request) {
	c, _ := callerOf(r.Context()) // guard saw it
	within, err := seconds(r.URL.Query().Get("within_s"))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	if ok, _ := d.lists.enter(c.User, c.Admin); !ok {
		d.fail(w, r, fault.New(fault.TooMany, "too many lists at once; try again in a moment"))
		return
	}
	defer d.lists.leave(c.User)
	ctx, cancel := context.WithTimeout(r.Context(), d.limits.work)
	defer cancel()
	list, err := d.agent.Alerts(ctx, c, within)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.reply(w, r, http.StatusOK, d.newest(list, maxList))
}

// newest returns, in the same order, the last alerts that fit in so many bytes as JSON.
func (d *door) newest(list []api.Alert, most int) []json.RawMessage {
	out := make([]json.RawMessage, 0, len(list))
	for i := range slices.Backward(list) {
		b, err := json.Marshal(&list[i])
		if err != nil {
			d.log.Error("an alert cannot be told", zap.String("alert", words.Clean(list[i].ID)), zap.Error(err))
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

func (d *door) act(what string) call {
	return func(ctx context.Context, c Caller, _ http.ResponseWriter, r *http.Request) (any, error) {
		id, err := alertID(r)
		if err != nil {
			return nil, err
		}
		return nil, d.agent.Act(ctx, c, id, what)
	}
}

func (d *door) snooze(ctx context.Context, c Caller, w http.ResponseWriter, r *http.Request) (any, error) {
	id, span, err := idAndSpan(w, r)
	if err != nil {
		return nil, err
	}
	return nil, d.agent.Snooze(ctx, c, id, span)
}

func (d *door) allowAlert(ctx context.Context, c Caller, w http.ResponseWriter, r *http.Request) (any, error) {
	id, span, err := idAndSpan(w, r)
	if err != nil {
		return nil, err
	}
	return d.agent.AllowAlert(ctx, c, id, span)
}

func (d *door) allowances(ctx context.Context, c Caller, _ http.ResponseWriter, _ *http.Request) (any, error) {
	list, err := d.agent.Allowances(ctx, c)
	if list == nil {
		list = []api.Allowance{} // JSON's null is no list
	}
	return list, err
}

func (d *door) allow(ctx context.Context, c Caller, w http.ResponseWriter, r *http.Request) (any, error) {
	a, err := allowanceOf(c, w, r)
	if err != nil {
		return nil, err
	}
	return d.agent.Allow(ctx, c, a)
}

func (d *door) disallow(ctx context.Context, c Caller, w http.ResponseWriter, r *http.Request) (any, error) {
	a, err := allowanceOf(c, w, r)
	if err != nil {
		return nil, err
	}
	return nil, d.agent.Disallow(ctx, c, a)
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
