package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/internal/check"
	"github.com/minewatch/minewatch/agent/internal/check/report"
	"github.com/minewatch/minewatch/agent/internal/trace"
)

// errFound ends check with exit code 3 when it was asked to fail on what it found.
var errFound = errors.New("a page was found that keeps visitors' processors busy")

// checkOptions are the flags of check.
type checkOptions struct {
	browser                                 check.Options
	how                                     check.How
	visits                                  int
	dwell                                   time.Duration
	viewport, failOn                        string
	asJSON                                  bool
	html, junit, sarif, har, record, budget string
	limits                                  *check.Budget
}

func checkCommand() *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check URL…",
		Short: "Open pages in a browser of their own: do they keep the processor busy, and which script does it?",
		Long: "Open each page in a fresh profile of a browser of the Chromium family, first in front, then behind another tab, and judge its " +
			"load as the agent judges a tab. The answer names the script, and the frame or worker that it runs in. Nothing of your own browser is used. " +
			"\"unknown\" is never clean: it says why the page could not be watched.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("say which page, such as https://shop.example/")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.complete(c, args); err != nil {
				return usage.Error(c, err)
			}
			return checkPages(c, args, &o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.browser.Program, "browser", "", "the browser's `file` (default: the first of the Chromium family on this system)")
	f.DurationVar(&o.dwell, "dwell", 0, "how long a page is watched in front, and then as long out of sight; a clear case ends sooner (default 20s and 16s)")
	f.StringVar(&o.how.WaitFor, "wait-for", "", "begin when something on the page matches this CSS `selector`")
	f.StringVar(&o.how.Click, "click", "", "click what matches this CSS `selector`, such as a consent banner's button, and watch before and after")
	f.IntVar(&o.visits, "visits", 1, "open each page so many times, each as a new visitor; at most 100")
	f.StringVar(&o.browser.UserAgent, "user-agent", "", "what pages are told (default: what this browser says to a person)")
	f.StringVar(&o.viewport, "viewport", "1280x800", "the window's size in pixels, `WxH`")
	f.StringVar(&o.browser.Proxy, "proxy", "", "ask through this proxy, `http://host:port`")
	f.BoolVar(&o.browser.AllowPrivate, "allow-private", false, "let pages lead to addresses that are not public, such as a site on this computer")
	f.BoolVar(&o.asJSON, "json", false, "one JSON object a line, one for each page (docs/check.md)")
	f.StringVar(&o.failOn, "fail-on", "", "exit with 3 if a page is found `mining_like` (or heavy, which includes it)")
	f.StringVar(&o.budget, "budget", "", "exit with 3 if a page goes beyond the limits in this `file` (YAML, docs/check.md)")
	f.StringVar(&o.html, "html", "", "write a report that needs nothing else to this `file`")
	f.StringVar(&o.junit, "junit", "", "write the result for CI systems to this `file` (JUnit XML)")
	f.StringVar(&o.sarif, "sarif", "", "write the result for code scanning to this `file` (SARIF 2.1.0)")
	f.StringVar(&o.har, "har", "", "write the requests without queries and bodies to this `file` (HAR 1.2)")
	f.StringVar(&o.record, "record", "", "write a recording of each visit into this `folder`, for minewatch replay")
	return c
}

// complete checks flags and arguments.
func (o *checkOptions) complete(c *cobra.Command, args []string) error {
	for _, a := range args {
		if err := check.Allowed(a); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	if c.Flags().Changed("dwell") && (o.dwell < time.Second || o.dwell > 10*time.Minute) {
		return errors.New("--dwell is from 1s to 10m")
	}
	if o.visits < 1 || o.visits > 100 {
		return errors.New("--visits is from 1 to 100")
	}
	if o.failOn != "" && !check.Verdict(o.failOn).Found() {
		return errors.New("--fail-on is mining_like or heavy")
	}
	var rest string
	if n, _ := fmt.Sscanf(o.viewport, "%dx%d%s", &o.browser.Width, &o.browser.Height, &rest); n != 2 || o.browser.Width < 100 || o.browser.Height < 100 ||
		o.browser.Width > 8192 || o.browser.Height > 8192 {
		return errors.New("--viewport is a size from 100x100 to 8192x8192, such as 400x800")
	}
	o.how.Front, o.how.Hidden = o.dwell, o.dwell
	if o.budget != "" {
		f, err := os.Open(o.budget)
		if err != nil {
			return err
		}
		defer f.Close()
		if o.limits, err = check.ReadBudget(f); err != nil {
			return fmt.Errorf("%s: %w", o.budget, err)
		}
	}
	o.how.Screenshot = o.html != ""
	for _, f := range []string{o.html, o.junit, o.sarif, o.har} {
		if f == "" {
			continue
		}
		if _, err := os.Stat(f); err == nil {
			return fmt.Errorf("%s exists already; name another file", f)
		}
	}
	return nil
}

// checkPages checks one page after the other.
func checkPages(c *cobra.Command, urls []string, o *checkOptions) error {
	ctx := c.Context()
	w := check.NewWatcher()
	defer w.Close()
	if o.record != "" {
		if err := os.MkdirAll(o.record, 0o700); err != nil {
			return fmt.Errorf("the folder for recordings cannot be made: %w", err)
		}
	}
	var (
		pages   []check.Page
		browser *check.Checker
		err     error
	)
	defer func() {
		if browser != nil {
			browser.Close()
		}
	}()
	for i, address := range urls {
		began := time.Now()
		var visits []check.Visit
		for n := range o.visits {
			if browser != nil && browser.Ended() {
				browser.Close()
				browser = nil
			}
			if browser == nil {
				if browser, err = check.Open(ctx, w, o.browser); err != nil {
					return err
				}
			}
			how := o.how
			how.Screenshot = how.Screenshot && n == 0
			visit, err := visitOnce(ctx, browser, address, how, o.record, i+1, n+1)
			if err != nil {
				return err
			}
			visits = append(visits, visit)
			if ctx.Err() != nil {
				break
			}
		}
		p := browser.Sum(address, began, visits)
		pages = append(pages, p)
		if o.asJSON {
			err = usage.PrintJSON(c.OutOrStdout(), p)
		} else {
			err = report.Text(c.OutOrStdout(), &p)
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return errors.New("it was stopped; what was found until then stands above")
		}
	}
	if err := o.write(pages); err != nil {
		return err
	}
	return o.outcome(c.ErrOrStderr(), pages)
}

// visitOnce opens a page once, with a recording where one is asked for.
func visitOnce(ctx context.Context, b *check.Checker, address string, how check.How, folder string, page, visit int) (check.Visit, error) {
	if folder == "" {
		return b.Visit(ctx, address, how), nil
	}
	f, err := trace.Create(filepath.Join(folder, fmt.Sprintf("page%d-visit%d.trace.zst", page, visit)))
	if err != nil {
		return check.Visit{}, err
	}
	how.Record = f
	v := b.Visit(ctx, address, how)
	if err := f.Close(); err != nil {
		return v, fmt.Errorf("the recording could not be finished: %w", err)
	}
	return v, nil
}

// write writes the files that were asked for.
func (o *checkOptions) write(pages []check.Page) error {
	for _, one := range []struct {
		file  string
		write func(io.Writer, []check.Page) error
	}{{o.html, report.HTML}, {o.junit, report.JUnit}, {o.sarif, report.SARIF}, {o.har, report.HAR}} {
		if one.file == "" {
			continue
		}
		f, err := os.OpenFile(one.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("the report cannot be written: %w", err)
		}
		if err := errors.Join(one.write(f, pages), f.Close()); err != nil {
			return fmt.Errorf("%s: %w", one.file, err)
		}
	}
	return nil
}

// outcome returns what the exit code follows from.
func (o *checkOptions) outcome(stderr io.Writer, pages []check.Page) error {
	if slices.ContainsFunc(pages, func(p check.Page) bool { return p.Verdict.Fails(check.Verdict(o.failOn)) }) {
		return errFound
	}
	if o.limits != nil {
		over := false
		for i := range pages {
			for _, s := range o.limits.Over(&pages[i]) {
				over = true
				fmt.Fprintf(stderr, "minewatch: over budget: %s: %s\n", pages[i].URL, s)
			}
		}
		if over {
			return errFound
		}
		return nil
	}
	var why []string
	for _, p := range pages {
		if p.Verdict == check.Unknown {
			why = append(why, p.URL+": "+cmp.Or(p.Detail, string(p.Reason)))
		}
	}
	if len(why) > 0 {
		return fmt.Errorf("not known of %d of %d pages: %s", len(why), len(pages), strings.Join(why[:min(3, len(why))], "; "))
	}
	return nil
}
