package robots

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// maxSites bounds the sites whose rules are remembered, keep how long; RFC 9309 asks for a day at the most.
const (
	maxSites = 4096
	keep     = 12 * time.Hour
	// keepFailed is short: a site that failed may answer at the next try.
	keepFailed = time.Minute
)

// Asker asks sites for their rules and remembers the answers.
type Asker struct {
	client *http.Client
	robot  string
	agent  string
	flight singleflight.Group
	mu     sync.Mutex
	sites  map[string]answer
}

type answer struct {
	rules *Rules
	err   error
	until time.Time
}

// NewAsker returns an Asker for a robot of this name, which tells sites that it is agent. The client decides which
// addresses may be reached; its redirects are bounded here.
func NewAsker(client *http.Client, robot, agent string) *Asker {
	c := *client
	c.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
		if len(via) >= 5 { // as many as RFC 9309 asks for
			return errors.New("robots.txt is redirected more than five times")
		}
		return nil
	}
	return &Asker{client: &c, robot: robot, agent: agent, sites: map[string]answer{}}
}

// Ask returns whether a page may be opened, and the delay that its site asks for. The error says why it is not known: by
// RFC 9309 nothing may be opened then.
func (a *Asker) Ask(ctx context.Context, page string) (allowed bool, delay time.Duration, err error) {
	u, err := url.Parse(page)
	if err != nil || u.Host == "" {
		return false, 0, errors.New("this is no address of a page")
	}
	site := u.Scheme + "://" + u.Host
	a.mu.Lock()
	known, ok := a.sites[site]
	a.mu.Unlock()
	if !ok || time.Now().After(known.until) {
		got, _, _ := a.flight.Do(site, func() (any, error) { return a.fetch(ctx, site), nil })
		known, _ = got.(answer)
		if ctx.Err() == nil { // what one caller broke off is no answer for the next
			a.remember(site, known)
		}
	}
	if known.err != nil {
		return false, 0, known.err
	}
	return known.rules.Allowed(u.RequestURI()), known.rules.Delay, nil
}

func (a *Asker) remember(site string, one answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for other := range a.sites { // any: a site that is met again is asked again
		if len(a.sites) < maxSites {
			break
		}
		delete(a.sites, other)
	}
	a.sites[site] = one
}

func (a *Asker) fetch(ctx context.Context, site string) answer {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	failed := func(err error) answer { return answer{err: err, until: time.Now().Add(keepFailed)} }
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, site+"/robots.txt", http.NoBody)
	if err != nil {
		return failed(err)
	}
	q.Header.Set("User-Agent", a.agent)
	r, err := a.client.Do(q)
	if err != nil {
		return failed(fmt.Errorf("robots.txt cannot be asked for: %w", err))
	}
	defer r.Body.Close()
	switch {
	case r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests:
		return failed(fmt.Errorf("robots.txt was answered with %d", r.StatusCode))
	case r.StatusCode >= 300: // there are no rules; a redirect that leads nowhere counts as none too
		return answer{rules: &Rules{}, until: time.Now().Add(keep)}
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxBytes))
	if err != nil {
		return failed(fmt.Errorf("robots.txt cannot be read: %w", err))
	}
	return answer{rules: Parse(text, a.robot), until: time.Now().Add(keep)}
}
