package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

const (
	// pollEvery is how often the agent is asked how it is; pollAgain the same while it is not measuring.
	pollEvery = 20 * time.Second
	pollAgain = 2 * time.Second
	// maxWait bounds the time between two tries to reach an agent.
	maxWait = 15 * time.Second
	// recent is how far back alerts are asked for: what fires is told again far more often.
	recent = time.Hour
)

// listener is told what a link hears. Its methods are called from several goroutines.
type listener interface {
	status(s api.Status)
	// firing lists the alerts that are firing now.
	firing(alerts []api.Alert)
	event(a api.Alert)
	// silent: the agent is there but gave no answer in time.
	silent()
	// lost: no agent can be reached, and why.
	lost(err error)
}

// link is the connection to the agent: made again and again, as long as the tray runs.
type link struct {
	find func(context.Context) (*api.Client, error)
	to   listener

	mu     sync.Mutex
	client *api.Client
	tray   api.TrayStatus
	again  context.CancelFunc // ends the present stream of events
	known  int                // alerts that the listener has been told are firing
}

// present tells the agent how alerts are shown here, by opening the stream of events again if it changed.
func (l *link) present(s api.TrayStatus) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s == l.tray {
		return
	}
	l.tray = s
	if l.again != nil {
		l.again()
	}
}

// counts tells the link how many alerts the listener shows.
func (l *link) counts(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = n
}

// agent returns the connected client, nil while there is none.
func (l *link) agent() *api.Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.client
}

// run keeps the link up until ctx ends.
func (l *link) run(ctx context.Context) {
	for tries := 0; ctx.Err() == nil; {
		client, err := l.find(ctx)
		if err == nil {
			var heard bool
			if heard, err = l.follow(ctx, client); heard {
				tries = 0
			}
		}
		if err == nil {
			continue // the stream was opened again on purpose
		}
		l.set(nil, nil)
		if ctx.Err() == nil {
			l.to.lost(err)
		}
		pause(ctx, backoff(tries))
		tries++
	}
}

// follow passes on what one agent says. It returns nil when the stream was ended by present, and reports whether the
// agent answered at all.
func (l *link) follow(ctx context.Context, client *api.Client) (heard bool, err error) {
	stream, again := context.WithCancel(ctx)
	defer again()
	tray := l.set(client, again)
	s, err := client.Status(stream)
	if err != nil {
		return false, unless(stream, err)
	}
	l.to.status(s)
	if alerts, err := client.Alerts(stream, recent); err == nil {
		l.to.firing(alerts)
	}
	var polling sync.WaitGroup
	defer polling.Wait()
	defer again()
	polling.Go(func() { l.poll(stream, client, s.Watching) })
	for e, err := range client.Events(stream, false, &tray) {
		if err != nil {
			return true, unless(stream, err)
		}
		if e.Alert != nil {
			l.to.event(*e.Alert)
		}
	}
	return true, nil
}

// poll asks the agent how it is, and for its alerts when it counts other ones than the listener shows.
func (l *link) poll(ctx context.Context, client *api.Client, watching bool) {
	for {
		every := pollEvery
		if !watching {
			every = pollAgain
		}
		if !pause(ctx, every) {
			return
		}
		s, err := client.Status(ctx)
		if ctx.Err() != nil {
			return
		}
		if watching = err == nil && s.Watching; err != nil {
			l.to.silent()
			continue
		}
		l.to.status(s)
		l.mu.Lock()
		differ := s.Firing != l.known
		l.mu.Unlock()
		if !differ {
			continue
		}
		if alerts, err := client.Alerts(ctx, recent); err == nil {
			l.to.firing(alerts)
		}
	}
}

func (l *link) set(client *api.Client, again context.CancelFunc) api.TrayStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.client, l.again = client, again
	return l.tray
}

// unless returns err, or nil when it only came because ctx was ended.
func unless(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// backoff is how long to wait after so many tries in vain: 1, 2, 4, 8, then 15 seconds.
func backoff(tries int) time.Duration {
	return min(maxWait, time.Second<<min(tries, 4))
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// problem is what people read when no agent can be reached: nothing more than that when it just does not run.
func problem(err error) string {
	if errors.Is(err, api.ErrNotRunning) {
		return ""
	}
	return err.Error()
}
