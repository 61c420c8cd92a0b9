//go:build linux

package attribution

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"

	"github.com/minewatch/minewatch/agent/testkit/chromium"
)

// chromiumUnderTest is a running Chromium and the debugging line to it.
type chromiumUnderTest struct {
	*chromium.Browser
	line *chromium.Line
	ctx  context.Context //nolint:containedctx // the line's
	stop func()
	port string // of the web server
	// asleep is the address of the tab that was put to sleep: it has no process, and a debugger would wait for one.
	asleep string
	// hung are the frames of the tab that hangs, from before, for the same reason.
	hung map[int32][]lodger
}

// startChromium starts one whose profile has the extension.
func (r *run) startChromium(ctx context.Context, name string, flags ...string) (*chromiumUnderTest, error) {
	profile := filepath.Join(r.desktop.Home(), name)
	extension, err := r.product.ConnectChromium(ctx, profile)
	if err != nil {
		return nil, err
	}
	b, err := chromium.Start(ctx, r.desktop, chromium.Options{
		ResolverRules: "MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
		Extension:     extension, UserDataDir: profile, Env: r.agent.env(),
		Flags: append([]string{"--enable-remote-extensions"}, flags...),
	})
	if err != nil {
		return nil, err
	}
	c := &chromiumUnderTest{Browser: b, port: r.port}
	if c.line, err = b.Line(ctx); err != nil {
		return nil, err
	}
	c.ctx, c.stop = c.line.Context, c.line.Close
	return c, r.awaitProfiles(ctx, c, 1)
}

func (c *chromiumUnderTest) family() string { return "chromium" }
func (c *chromiumUnderTest) root() int      { return c.PID() }

// tabs returns the pages in tabs that are awake, of all profiles.
func (c *chromiumUnderTest) tabs() ([]*target.Info, error) {
	all, err := chromedp.Targets(c.ctx)
	return slices.DeleteFunc(all, func(t *target.Info) bool { return t.Type != "page" || t.URL == c.asleep }), err
}

// within calls do with a handle of a page or worker, and lets go of it afterwards.
func (c *chromiumUnderTest) within(id target.ID, do func(context.Context) error) error {
	return c.line.Within(id, patience, do)
}

// openTab opens a page in a tab of its own and waits until it is loaded.
func (c *chromiumUnderTest) openTab(address string) (target.ID, error) {
	tab, err := chromedp.CallBrowser(c.ctx, target.CreateTarget, target.CreateTargetParams{URL: "about:blank"})
	if err != nil {
		return "", err
	}
	return tab.TargetID, c.navigate(tab.TargetID, address)
}

func (c *chromiumUnderTest) navigate(tab target.ID, address string) error {
	return c.within(tab, func(ctx context.Context) error {
		if _, err := chromedp.Run(ctx, chromedp.Navigate(c.url(address))); err != nil {
			return fmt.Errorf("%s: %w", address, err)
		}
		return nil
	})
}

// url turns "host /path" into an address on the test's server.
func (c *chromiumUnderTest) url(address string) string { return onPort(address, c.port) }

func onPort(address, port string) string {
	host, path, _ := strings.Cut(address, " ")
	return "http://" + host + ":" + port + path
}

// evaluate runs a script in a page, as if its visitor had just clicked.
func (c *chromiumUnderTest) evaluate(tab target.ID, script string) error {
	return c.within(tab, func(ctx context.Context) error {
		done, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: "void " + script, UserGesture: new(true)})
		if err == nil && done.ExceptionDetails != nil {
			err = fmt.Errorf("%s: %s", script, done.ExceptionDetails.Text)
		}
		return err
	})
}

// truth has the browser trace each page for a moment: the trace begins with the page's frames and their processes.
func (c *chromiumUnderTest) truth(context.Context) (map[int32][]lodger, error) {
	tabs, err := c.tabs()
	if err != nil {
		return nil, err
	}
	truth := map[int32][]lodger{}
	for pid, there := range c.hung {
		truth[pid] = slices.Clone(there)
	}
	for _, tab := range tabs {
		if strings.HasPrefix(tab.URL, c.url(hangs)) && c.hung != nil {
			continue
		}
		err := c.within(tab.TargetID, func(ctx context.Context) error {
			frames, err := traceFrames(ctx)
			place(truth, frames, tab.URL)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("the frames of %s: %w", tab.URL, err)
		}
	}
	for _, there := range truth {
		slices.SortFunc(there, func(a, b lodger) int { return strings.Compare(a.id, b.id) })
	}
	return truth, nil
}

// tracedFrame is a frame in the first event of a trace.
type tracedFrame struct {
	ID      string `json:"frame"`
	Parent  string `json:"parent"`
	URL     string `json:"url"`
	Process int32  `json:"processId"`
}

// place adds the frames of a tab that shows an address to the truth, each with the origin of the nearest frame around it
// that has one. They come tree by tree, each from its top down: the page that is shown, and those in the back-forward
// cache, which are frozen and have the same numbers.
func place(truth map[int32][]lodger, frames []tracedFrame, shown string) {
	byID := map[string]*tracedFrame{}
	frozen, found := false, false
	for i := range frames {
		f := &frames[i]
		if f.Parent == "" {
			clear(byID)
			frozen = found || f.URL != shown
			found = found || !frozen
		}
		byID[f.ID] = f
		if strings.HasPrefix(f.URL, "blob:") || f.Process == 0 {
			continue // extensions are told of no blob: documents, but of those around them
		}
		l := lodger{id: f.ID, frozen: frozen}
		for at := f; at != nil && l.origin == ""; at = byID[at.Parent] {
			if u, err := url.Parse(at.URL); err == nil && u.Host != "" {
				l.origin = u.Scheme + "://" + u.Host
			}
		}
		truth[f.Process] = append(truth[f.Process], l)
	}
}

var errNoFrames = errors.New("the trace holds no list of frames")

// traceFrames traces a page for a moment and returns its frames.
func traceFrames(ctx context.Context) ([]tracedFrame, error) {
	events := make(chan any, 1024)
	if err := chromedp.Listen(ctx, func(ev any) {
		switch ev.(type) {
		case *tracing.EventDataCollected, *tracing.EventTracingComplete:
			events <- ev
		}
	}); err != nil {
		return nil, err
	}
	_, err := chromedp.Call(ctx, tracing.Start, tracing.StartParams{
		TransferMode: tracing.StartTransferModeReportEvents,
		TraceConfig:  &tracing.TraceConfig{IncludedCategories: []string{"disabled-by-default-devtools.timeline"}, ExcludedCategories: []string{"*"}},
	})
	if err != nil {
		return nil, err
	}
	if _, err := chromedp.Call(ctx, tracing.End, cdp.Empty{}); err != nil {
		return nil, err
	}
	var frames []tracedFrame
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case ev := <-events:
			data, more := ev.(*tracing.EventDataCollected)
			if !more {
				if frames == nil {
					return nil, errNoFrames
				}
				return frames, nil
			}
			for _, raw := range data.Value {
				var e struct {
					Name string `json:"name"`
					Args struct {
						Data struct {
							Frames []tracedFrame `json:"frames"`
						} `json:"data"`
					} `json:"args"`
				}
				if err := json.Unmarshal(raw, &e); err == nil && e.Name == "TracingStartedInBrowser" {
					frames = append(frames, e.Args.Data.Frames...)
				}
			}
		}
	}
}
