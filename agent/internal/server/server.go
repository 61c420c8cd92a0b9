// Package server is the agent's one local API: HTTP/JSON and server-sent events over a unix socket or a named pipe.
//
// Who calls is read from the kernel and never from what is said; what a caller may see or do is the Agent's to decide
// by that identity. There is no TCP port, and whatever a web page could send is refused.
package server

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
)

// Agent is what the local API opens to. Its methods are called from many goroutines. A refusal (package
// fault) is passed on to the caller; any other error is logged and told as a failure without its text.
// Each must give up when its context ends: the caller is gone by then, or the answer would be late.
type Agent interface {
	Status(ctx context.Context, c Caller) api.Status
	// Alerts returns the caller's alerts that were updated within the given time, oldest first; 0 means all.
	Alerts(ctx context.Context, c Caller, within time.Duration) ([]api.Alert, error)
	// Act closes or shows ("close", "show") the tab an alert names.
	Act(ctx context.Context, c Caller, alertID, what string) error
	Snooze(ctx context.Context, c Caller, alertID string, d time.Duration) error
	// SnoozeNamed and UnsnoozeNamed get a site or a program whose User is as in Allow; Unsnooze an alert.
	SnoozeNamed(ctx context.Context, c Caller, a api.Allowance) (api.Allowance, error)
	UnsnoozeNamed(ctx context.Context, c Caller, a api.Allowance) error
	Unsnooze(ctx context.Context, c Caller, alertID string) error
	Snoozes(ctx context.Context, c Caller) ([]api.Allowance, error)
	AllowAlert(ctx context.Context, c Caller, alertID string, d time.Duration) (api.Allowance, error)
	// Allow and Disallow get an allowance whose User is the caller, or, from an administrator, whom they named.
	Allow(ctx context.Context, c Caller, a api.Allowance) (api.Allowance, error)
	Disallow(ctx context.Context, c Caller, a api.Allowance) error
	Allowances(ctx context.Context, c Caller) ([]api.Allowance, error)
	// Events must end when ctx does. A caller who reads too slowly holds up the sequence, so it must drop what piles up.
	Events(ctx context.Context, c Caller, live bool, tray *api.TrayStatus) iter.Seq[api.Event]
	// Extension holds the conversation with the extension behind a native messaging host, until either side or ctx ends
	// it. It calls accept once it lets the host in; an error before that is told to the caller.
	Extension(ctx context.Context, c Caller, accept func() (net.Conn, error)) error
	// OutdatedHost is told of a native messaging host that is too old for this agent.
	OutdatedHost(ctx context.Context, c Caller)
}

// Caller is who opened a connection, as the kernel says.
type Caller struct {
	// User is the uid as text, on Windows the SID. It is never empty.
	User string
	// PID is the process that connected, 0 where the system does not say. Connections can be handed on: it is a hint.
	PID int32
	// Admin is set for uid 0, and on Windows for SYSTEM and elevated administrators.
	Admin bool
}

// limits keep a caller who is slow, greedy or hostile from costing others anything. Tests lower them.
type limits struct {
	header    time.Duration // until a request's header is read
	body      time.Duration // until its body is read
	work      time.Duration // until the agent answers; the client waits for 10 s
	answer    time.Duration // from a request's header until the answer is written
	event     time.Duration // until one event of a stream is written
	idle      time.Duration // between two requests; the client closes after 30 s
	keepAlive time.Duration // between two comments on a silent stream
	stop      time.Duration // for requests in progress when the agent ends

	perCaller, total int // connections; administrators do not count against the total
	lists            int // lists of alerts being made for one caller at a time; twice as many for all
}

func defaults() limits {
	return limits{
		header: 5 * time.Second, body: 10 * time.Second, work: 9 * time.Second, answer: 20 * time.Second,
		event: 5 * time.Second, idle: time.Minute, keepAlive: 15 * time.Second, stop: 1500 * time.Millisecond,
		perCaller: 64, total: 512, lists: 2,
	}
}

// handler answers the requests at one listener.
type handler struct {
	agent  Agent
	log    *zap.Logger
	limits limits
	// owner is the user of a user's own agent, whom alone (and administrators) it serves; empty for the machine's.
	owner string
	lists *budget
	rates *rates
	// channels are the connections that are no longer the HTTP server's.
	channels sync.WaitGroup
}

// Serve answers requests at a listener made by Listen until ctx ends, and returns nil then, after two seconds at most
// even if streams are open. It closes the listener.
func Serve(ctx context.Context, ln net.Listener, agent Agent, log *zap.Logger) error {
	return serve(ctx, ln, agent, log, defaults())
}

func serve(ctx context.Context, ln net.Listener, agent Agent, log *zap.Logger, limits limits) error {
	errorLog, err := zap.NewStdLogAt(log, zap.DebugLevel) // net/http tells of every broken request: not news
	if err != nil {
		return err
	}
	h := &handler{agent: agent, log: log, limits: limits, owner: owner(), lists: newBudget(limits.lists, 2*limits.lists), rates: newRates()}
	srv := &http.Server{
		Handler:           h.guard(h.routes()),
		ReadHeaderTimeout: limits.header,
		ReadTimeout:       limits.body,
		WriteTimeout:      limits.answer,
		IdleTimeout:       limits.idle,
		MaxHeaderBytes:    maxHeader - 4<<10, // net/http reads 4 KiB more than it is told
		ErrorLog:          errorLog,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // ends the streams
		ConnContext:       withCaller,

		DisableGeneralOptionsHandler: true, // guard must see every request
	}
	failed := make(chan error, 1)
	go func() {
		failed <- srv.Serve(&callerListener{Listener: ln, log: log, budget: newBudget(limits.perCaller, limits.total)})
	}()
	select {
	case err := <-failed:
		_ = srv.Close() // the first error matters
		return fmt.Errorf("the local API failed: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), limits.stop)
	defer cancel()
	err = srv.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	h.channels.Wait() // they end with ctx
	if late := <-failed; !errors.Is(late, http.ErrServerClosed) {
		err = errors.Join(err, late)
	}
	return err
}
