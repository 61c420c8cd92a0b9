package extensions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api/words"
	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
)

// popupWithin is how long a popup request may take; the window gives up sooner.
const popupWithin = 5 * time.Second

// Popup does what people ask for in the extension's window. It must see to it that a popup sees and acts on no more than
// what concerns its own browser (Peer.Root) and its own user. An error is told as "refused", without its text.
type Popup interface {
	Load(ctx context.Context, peer Peer, lang string) (nm.LoadResult, error)
	// Allow allows what an alert is about, for good if the time is 0.
	Allow(ctx context.Context, peer Peer, alert string, length time.Duration) error
	Snooze(ctx context.Context, peer Peer, alert string, length time.Duration) error
	// Disallow takes back the allowance of the one site in a renderer.
	Disallow(ctx context.Context, peer Peer, renderer int) error
	// Allowed returns the sites that the peer's user allows.
	Allowed(ctx context.Context, peer Peer) ([]string, error)
}

var (
	errInvalid = &nm.Error{Code: nm.InvalidParams}
	errRefused = &nm.Error{Code: nm.Refused}
)

// requests answers what an extension asks for. Its goroutines are those of the connection.
type requests struct {
	link    *link
	service *Service
	working *sync.WaitGroup
	room    chan struct{}
}

// take takes one request.
func (r *requests) take(ctx context.Context, m nm.Message, greeted bool) {
	if m.Method == nm.Hello {
		r.hello(ctx, m, greeted)
		return
	}
	do, err := r.popup(m)
	if err != nil {
		r.link.drop(err)
		r.respond(m.ID, nil, err)
		return
	}
	if !r.link.user.popups.Allow() {
		r.respond(m.ID, nil, &nm.Error{Code: nm.Busy})
		return
	}
	select {
	case r.room <- struct{}{}:
	default:
		r.respond(m.ID, nil, &nm.Error{Code: nm.Busy})
		return
	}
	r.working.Go(func() {
		defer func() { <-r.room }()
		ctx, cancel := context.WithTimeout(ctx, popupWithin)
		defer cancel()
		result, err := r.safely(ctx, m.Method, do)
		r.respond(m.ID, result, err)
	})
}

// hello begins the conversation, or says what is too old for it.
func (r *requests) hello(ctx context.Context, m nm.Message, again bool) {
	var p nm.HelloParams
	err := json.Unmarshal(m.Params, &p)
	switch {
	case again:
		r.link.drop(errSecond)
		r.respond(m.ID, nil, errInvalid)
		return
	case err != nil || m.Params == nil:
		r.link.drop(errors.New("a malformed hello"))
		r.respond(m.ID, nil, errInvalid)
		return
	case p.Protocol < nm.Protocol:
		r.link.outdated()
		r.link.drop(nm.OutdatedError{Version: p.Protocol})
		r.respond(m.ID, nil, &nm.Error{Code: nm.ExtensionOutdated, Message: updateExtension})
		return
	}
	cleanHello(&p)
	r.link.greet(&p)
	r.respond(m.ID, nm.HelloResult{Protocol: nm.Protocol, Agent: r.service.options.Version}, nil)
	if popup := r.service.options.Popup; popup != nil {
		r.working.Go(func() { r.unflag(ctx, popup) })
	}
}

// unflag tells an extension that has just come what was allowed while it was away.
func (r *requests) unflag(ctx context.Context, popup Popup) {
	ctx, cancel := context.WithTimeout(ctx, popupWithin)
	defer cancel()
	allowed, err := popup.Allowed(ctx, r.link.Peer)
	if err != nil {
		return // the list matters little and comes again
	}
	sites := []string{}
	for _, site := range allowed {
		if !nm.Fits(nm.UnflaggedParams{Sites: append(sites, site)}) {
			break
		}
		sites = append(sites, site)
	}
	if len(sites) > 0 {
		r.link.event(nm.SitesUnflagged, nm.UnflaggedParams{Sites: sites})
	}
}

// popup returns what does a popup request, or why it is none.
func (r *requests) popup(m nm.Message) (func(context.Context) (any, error), error) {
	popup, peer := r.service.options.Popup, r.link.Peer
	if popup == nil {
		return nil, &nm.Error{Code: nm.UnknownMethod}
	}
	switch m.Method {
	case nm.PopupLoad:
		var p nm.LoadParams
		if m.Params != nil && json.Unmarshal(m.Params, &p) != nil {
			return nil, errInvalid
		}
		p.Lang = string(words.Known(p.Lang))
		return func(ctx context.Context) (any, error) { return popup.Load(ctx, peer, p.Lang) }, nil
	case nm.PopupAllow, nm.PopupSnooze:
		p, err := alertParams(m)
		if err != nil {
			return nil, err
		}
		do, length := popup.Allow, time.Duration(p.ForS*float64(time.Second))
		if m.Method == nm.PopupSnooze {
			do = popup.Snooze
		}
		return func(ctx context.Context) (any, error) { return nm.None{}, do(ctx, peer, p.Alert, length) }, nil
	case nm.PopupDisallow:
		var p nm.DisallowParams
		if json.Unmarshal(m.Params, &p) != nil || !isRenderer(p.Renderer) {
			return nil, errInvalid
		}
		return func(ctx context.Context) (any, error) { return nm.None{}, popup.Disallow(ctx, peer, p.Renderer) }, nil
	}
	return nil, &nm.Error{Code: nm.UnknownMethod}
}

// safely does a popup request and turns a panic into an error, so that one bad request does not end the agent.
func (r *requests) safely(ctx context.Context, method string, do func(context.Context) (any, error)) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.link.log.Error("a popup request panicked", zap.String("method", method), zap.Any("panic", p), zap.Stack("stack"))
			result, err = nil, errRefused
		}
	}()
	return do(ctx)
}

// respond sends a response. Of an error only a *nm.Error is told; the texts of others may hold what is nobody's business.
func (r *requests) respond(id int64, result any, err error) {
	m := nm.Message{ID: id}
	if err != nil {
		told, ok := errors.AsType[*nm.Error](err)
		if !ok {
			told = errRefused
		}
		m.Error, result = told, nil
	}
	body, err := nm.Encode(m, nil, result, nm.MaxToExtension)
	if err != nil {
		r.link.log.Error("a popup request's response cannot be told", zap.Error(err))
		return
	}
	r.link.enqueue(body)
}

// alertParams reads and checks what PopupAllow and PopupSnooze hold.
func alertParams(m nm.Message) (nm.AlertParams, error) {
	var p nm.AlertParams
	if err := json.Unmarshal(m.Params, &p); err != nil {
		return p, fmt.Errorf("%w: %w", errInvalid, err)
	}
	switch {
	case !alertID.MatchString(p.Alert), p.ForS < 0, p.ForS > maxForS, m.Method == nm.PopupSnooze && p.ForS == 0:
		return p, errInvalid
	}
	return p, nil
}
