package check

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/devtools"
)

// Checker is one browser in which pages are opened, one at a time, each in a context of its own without anything of the
// one before.
type Checker struct {
	options Options
	watcher *Watcher
	browser *devtools.Browser
	relay   *webRelay
	product string
}

// Open starts a browser. The watcher is that of all browsers of this program.
func Open(ctx context.Context, w *Watcher, o Options) (*Checker, error) {
	if o.Width == 0 || o.Height == 0 {
		o.Width, o.Height = 1280, 800
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 256 << 20
	}
	if o.MaxMemory == 0 {
		o.MaxMemory = 2 << 30
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Program == "" {
		file, err := devtools.Find()
		if err != nil {
			return nil, err
		}
		o.Program = file
	}
	c := &Checker{options: o, watcher: w}
	proxy, err := newRelay(&o)
	if err != nil {
		return nil, err
	}
	c.relay = proxy
	flags := []string{
		fmt.Sprintf("--window-size=%d,%d", o.Width, o.Height),
		"--proxy-server=" + proxy.Address(), "--proxy-bypass-list=<-loopback>",
	}
	if o.UserAgent != "" {
		flags = append(flags, "--user-agent="+o.UserAgent)
	}
	c.browser, err = devtools.Start(ctx, devtools.Options{Program: o.Program, Flags: append(flags, o.Flags...)})
	if err != nil {
		proxy.Close()
		return nil, err
	}
	product, agent, err := c.browser.Version(ctx)
	if err == nil {
		err = c.browser.Call(ctx, "", "Target.setDiscoverTargets", map[string]any{"discover": true}, nil)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	c.product = product
	if o.UserAgent == "" {
		// What a person's browser says: servers show others to a browser without a window.
		c.options.UserAgent = strings.ReplaceAll(agent, "HeadlessChrome", "Chrome")
	}
	return c, nil
}

// Close ends the browser.
func (c *Checker) Close() {
	if c.browser != nil {
		c.browser.Close()
	}
	c.relay.Close()
}

// Product is the browser's name and version.
func (c *Checker) Product() string { return c.product }

// Ended reports whether the browser is gone: then another Checker must be opened.
func (c *Checker) Ended() bool {
	select {
	case <-c.browser.Closed():
		return true
	default:
		return false
	}
}

// NotKnown is a visit that could not be made as it should.
func NotKnown(reason Reason, detail string) Visit { return finish(unknown(reason, detail)) }

func unknown(reason Reason, detail string) Visit {
	return Visit{Verdict: Unknown, Reason: reason, Detail: detail}
}

// Visit opens a page and watches it. What goes wrong is in the answer, not an error.
func (c *Checker) Visit(ctx context.Context, address string, how How) Visit {
	how = how.withDefaults()
	if err := Allowed(address); err != nil {
		return NotKnown(Refused, err.Error())
	}
	v := &visit{checker: c, how: how, tab: newTab(c.browser)}
	v.tab.traces = !how.Quick
	c.relay.begin(c.options.MaxBytes)
	out := v.run(ctx, address)
	return finish(out)
}

// finish leaves no list of the answer null, so that who reads the JSON need not ask.
func finish(v Visit) Visit {
	if v.Phases == nil {
		v.Phases = []Phase{}
	}
	if v.Findings == nil {
		v.Findings = []Finding{}
	}
	if v.Busy == nil {
		v.Busy = []Script{}
	}
	if v.Modules == nil {
		v.Modules = []Module{}
	}
	if v.Sockets == nil {
		v.Sockets = []string{}
	}
	if v.Hosts == nil {
		v.Hosts = []string{}
	}
	if v.Load == nil {
		v.Load = []Point{}
	}
	return v
}

func (h How) withDefaults() How {
	if h.Load <= 0 {
		h.Load = 15 * time.Second
	}
	if h.Front == 0 {
		h.Front = 20 * time.Second
	}
	if h.Hidden == 0 {
		h.Hidden = 16 * time.Second
	}
	h.Front, h.Hidden = max(0, h.Front), max(0, h.Hidden)
	return h
}

// Sum makes one answer of the visits to a page.
func (c *Checker) Sum(address string, began time.Time, visits []Visit) Page {
	return Sum(address, began, c.product, visits)
}

// Sum makes one answer of the visits to a page with a browser of that name and version.
func Sum(address string, began time.Time, product string, visits []Visit) Page {
	p := Page{
		Type: "page", URL: address, Verdict: NothingFound, Visits: visits, Checked: began.UTC().Truncate(time.Second), Browser: product,
		Agent: buildinfo.Version, System: runtime.GOOS + "/" + runtime.GOARCH, NotCovered: notCovered(visits),
	}
	if len(visits) == 0 {
		p.Verdict, p.Reason, p.Visits = Unknown, EndedEarly, []Visit{}
	}
	for i := range visits {
		if v := &visits[i]; v.Verdict.Outweighs(p.Verdict) {
			p.Verdict, p.Reason, p.Detail = v.Verdict, v.Reason, v.Detail
		}
	}
	for i := range visits {
		if visits[i].Verdict == p.Verdict {
			p.Found++
		}
	}
	p.Sentence = sentence(&p)
	return p
}

// errScheme is the error of Allowed for addresses that no page is opened at.
var errScheme = errors.New("only http and https addresses are opened")
