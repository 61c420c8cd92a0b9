package main

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/minewatch/minewatch/agent/internal/check"
	"github.com/minewatch/minewatch/agent/internal/patrol"
	"github.com/minewatch/minewatch/agent/internal/patrol/list"
	"github.com/minewatch/minewatch/agent/internal/patrol/queue"
	"github.com/minewatch/minewatch/agent/internal/patrol/results"
)

// workFlags are the flags of whatever opens pages.
type workFlags struct {
	worker patrol.WorkerOptions
	nats   string
	queue  queue.Options
}

func (f *workFlags) add(c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&f.worker.Browser, "browser", "", "the browser's `file` (default: the first of the Chromium family on this system)")
	s.StringArrayVar(&f.worker.Flags, "browser-flag", nil, "a further `flag` of the browser; may be given more than once")
	s.IntVar(&f.worker.Most, "open", 0, "at most so many pages open at one time; load and memory decide how many are (default: 4 a processor core)")
	s.StringVar(&f.worker.Proxy, "proxy", "", "ask sites through this proxy, `http://host:port`")
	s.BoolVar(&f.worker.AllowPrivate, "allow-private", false, "open addresses that are not public too, such as a site on this computer")
	s.StringVar(&f.nats, "nats", "", "the servers of a NATS cluster with JetStream, `nats://one:4222,nats://two:4222`")
	s.StringVar(&f.queue.Credentials, "nats-credentials", "", "a `file` with credentials for the cluster")
	s.IntVar(&f.queue.Replicas, "replicas", 1, "on how many servers of the cluster everything is kept, for whoever comes first; 3 survives the loss of one")
	s.DurationVar(&f.queue.AckWait, "ack-wait", 30*time.Second, "after how long without a sign of life from a worker its pages are given to others")
}

func (f *workFlags) check() error {
	switch {
	case f.worker.Most < 0 || f.worker.Most > 256:
		return errors.New("--open is from 1 to 256")
	case f.queue.Replicas < 1 || f.queue.Replicas > 5:
		return errors.New("--replicas is from 1 to 5")
	case f.queue.AckWait < time.Second || f.queue.AckWait > time.Hour:
		return errors.New("--ack-wait is from 1s to 1h")
	}
	return nil
}

// opener returns what opens browsers, and what ends the watching of their processes.
func opener() (patrol.Opener, func()) {
	w := check.NewWatcher()
	return func(ctx context.Context, o check.Options) (patrol.Visitor, error) {
		c, err := check.Open(ctx, w, o)
		if err != nil {
			return nil, err
		}
		return c, nil
	}, w.Close
}

// runFlags are the flags of run.
type runFlags struct {
	workFlags
	out, failOn            string
	settings               results.Run
	quick, front           time.Duration
	hidden, quickHidden    time.Duration
	load                   time.Duration
	memoryMiB, receivedMiB int64
	noWork, asJSON         bool
}

func runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run LIST",
		Short: "Open every page of a list (a file, or - for standard input); what was begun goes on",
		Long: "Open every page of a list, one address a line: quickly and many at once, then those that deserve it alone and long. Results are " +
			"written into a folder; the same command goes on where it was, whatever ended it. robots.txt is obeyed unless an authority is named.",
		Args: these("list of pages"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.complete(); err != nil {
				return usage.Error(c, err)
			}
			return runList(c, args[0], &f)
		},
	}
	f.add(c)
	s := c.Flags()
	s.StringVar(&f.out, "out", "", "the `folder` of the results (default: patrol-DATE); with an unfinished run of this list in it, that one goes on")
	s.StringVar(&f.settings.Contact, "contact", "", "whom a site's administrator may ask: an e-mail `address` or an https address; it must be set, and every site is told")
	s.StringVar(&f.settings.Authority, "authority", "", "do not ask robots.txt, under this `reference`, which is written into every result")
	s.IntVar(&f.settings.Visits, "visits", 1, "open a page quickly so many times at the most, each as a new visitor, until it is suspected")
	s.DurationVar(&f.quick, "quick", 6*time.Second, "how long a quick visit watches a page in front")
	s.DurationVar(&f.quickHidden, "quick-hidden", 5*time.Second, "how long a quick visit watches it behind another tab; 0 for not at all")
	s.DurationVar(&f.front, "front", 18*time.Second, "how long a long visit watches a page in front; a clear case ends sooner")
	s.DurationVar(&f.hidden, "hidden", 18*time.Second, "how long a long visit watches it behind another tab; 0 for not at all")
	s.DurationVar(&f.load, "load", 15*time.Second, "how long a page may take to load")
	s.StringVar(&f.settings.Long.Click, "click", "", "click what matches this CSS `selector`, where a page has it")
	s.IntVar(&f.settings.HostPages, "host-pages", 1, "so many pages of one host may be open at one time")
	s.DurationVar(&f.settings.HostDelay, "host-delay", 2*time.Second, "how long a host is left alone after a page of it; longer where its robots.txt asks for it, a minute at the most")
	s.Int64Var(&f.memoryMiB, "max-memory", 2048, "the memory that one page may use, in MiB")
	s.Int64Var(&f.receivedMiB, "max-received", 256, "what one page may receive, in MiB")
	s.BoolVar(&f.noWork, "no-work", false, "only lead the run: the pages are opened by `minewatch-patrol work` elsewhere")
	s.BoolVar(&f.asJSON, "json", false, "print one JSON object a page that is finished (docs/patrol.md)")
	s.StringVar(&f.failOn, "fail-on", "", "exit with 3 if a page is found `mining_like` (or heavy, which includes it)")
	return c
}

func (f *runFlags) complete() error {
	if err := f.check(); err != nil {
		return err
	}
	if err := checkContact(f.settings.Contact); err != nil {
		return err
	}
	if len(f.settings.Authority) > 200 || strings.ContainsFunc(f.settings.Authority, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("--authority is a reference of one line, at most 200 bytes")
	}
	for _, d := range []struct {
		flag string
		is   time.Duration
		from time.Duration
	}{{"quick", f.quick, time.Second}, {"quick-hidden", f.quickHidden, 0}, {"front", f.front, time.Second}, {"hidden", f.hidden, 0}, {"load", f.load, time.Second}, {"host-delay", f.settings.HostDelay, 0}} {
		if d.is < d.from || d.is > 10*time.Minute {
			return fmt.Errorf("--%s is from %v to 10m", d.flag, d.from)
		}
	}
	switch {
	case f.settings.Visits < 1 || f.settings.Visits > 100:
		return errors.New("--visits is from 1 to 100")
	case f.settings.HostPages < 1 || f.settings.HostPages > 64:
		return errors.New("--host-pages is from 1 to 64")
	case f.memoryMiB < 64 || f.memoryMiB > 1<<20 || f.receivedMiB < 1 || f.receivedMiB > 1<<20:
		return errors.New("--max-memory is from 64 and --max-received from 1, both to 1048576 MiB")
	case f.noWork && f.nats == "":
		return errors.New("--no-work needs --nats: nobody else can work on a queue in this process")
	case f.failOn != "" && !check.Verdict(f.failOn).Found():
		return errors.New("--fail-on is mining_like or heavy")
	}
	behind := func(d time.Duration) time.Duration {
		if d == 0 {
			return -1
		}
		return d
	}
	r := &f.settings
	r.Long = results.How{Load: f.load, Front: f.front, Hidden: behind(f.hidden), Click: r.Long.Click}
	r.Quick = results.How{Load: f.load, Front: f.quick, Hidden: behind(f.quickHidden), Click: r.Long.Click}
	r.MaxMemory, r.MaxBytes = f.memoryMiB<<20, f.receivedMiB<<20
	return nil
}

// checkContact refuses a contact that no administrator could use.
func checkContact(s string) error {
	say := errors.New("--contact must say whom a site's administrator may ask: an e-mail address, or an https address of a page about this patrol")
	if len(s) > 200 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("();\\\"", r) }) {
		return say
	}
	if u, err := url.Parse(s); err == nil && u.Scheme == "https" && u.Host != "" {
		return nil
	}
	if a, err := mail.ParseAddress(strings.TrimPrefix(s, "mailto:")); err != nil || a.Name != "" {
		return say
	}
	return nil
}

func readList(c *cobra.Command, name string, o list.Options) (*list.List, error) {
	from := c.InOrStdin()
	if name != "-" {
		fi, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("the list cannot be read: %w", err)
		}
		if fi.IsDir() {
			return nil, fmt.Errorf("%s is a folder, not a list of pages", name)
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("the list cannot be read: %w", err)
		}
		defer f.Close()
		from = f
	}
	return list.Read(from, o)
}

func runList(c *cobra.Command, name string, f *runFlags) error {
	l, err := readList(c, name, list.Options{AllowPrivate: f.worker.AllowPrivate})
	if err != nil {
		return err
	}
	for _, r := range l.Refused {
		fmt.Fprintln(c.ErrOrStderr(), r)
	}
	if f.out == "" {
		f.out = "patrol-" + time.Now().Format("2006-01-02")
	}
	show := newProgress(c.ErrOrStderr())
	log := newLog(show)
	o := &patrol.Options{Dir: f.out, List: l, Settings: f.settings, NATS: f.nats, Queue: f.queue, Log: log}
	if !f.noWork {
		open, end := opener()
		defer end()
		f.worker.Open = open
		o.Worker = &f.worker
	}
	o.Progress = func(p *patrol.Progress) {
		if p.Last != nil && f.asJSON {
			_ = usage.PrintJSON(c.OutOrStdout(), p.Last) // a reader that went away does not end a run
		}
		show.tell(p)
	}
	out, err := patrol.Run(c.Context(), o)
	show.end()
	if err != nil {
		return err
	}
	return f.conclude(c, out)
}

// conclude says what a run brought.
func (f *runFlags) conclude(c *cobra.Command, out *patrol.Outcome) error {
	if out.Already {
		fmt.Fprintf(c.ErrOrStderr(), "This run had come to its end before. For a new one name another folder with --out.\n")
	}
	n := out.Counts
	fmt.Fprintf(c.ErrOrStderr(), "%d pages: %d mining_like, %d heavy, %d unknown, %d nothing_found.\n",
		out.Run.Pages, n[check.MiningLike], n[check.Heavy], n[check.Unknown], n[check.NothingFound])
	fmt.Fprintf(c.ErrOrStderr(), "For people: %s. Write down elsewhere, to show later that nothing was changed: %s\n", filepath.Join(f.out, results.Summary), out.Head)
	for v, pages := range n {
		if pages > 0 && v.Fails(check.Verdict(f.failOn)) {
			return errFound
		}
	}
	return nil
}

func workCommand() *cobra.Command {
	var f workFlags
	c := &cobra.Command{
		Use:   "work",
		Short: "Open pages for the runs of a cluster, until it is stopped; one on each machine",
		Args:  these(),
		RunE: func(c *cobra.Command, _ []string) error {
			err := f.check()
			if err == nil && f.nats == "" {
				err = errors.New("--nats must say where the cluster is")
			}
			if err != nil {
				return usage.Error(c, err)
			}
			ctx := c.Context()
			q, err := queue.Connect(ctx, f.nats, f.queue)
			if err != nil {
				return err
			}
			defer q.Close()
			open, end := opener()
			defer end()
			f.worker.Open, f.worker.Log = open, newLog(zapcore.AddSync(c.ErrOrStderr()))
			w, err := patrol.NewWorker(q, f.worker)
			if err != nil {
				return err
			}
			f.worker.Log.Info("working")
			return w.Run(ctx)
		},
	}
	f.add(c)
	return c
}

// newLog returns a log for people who run services: a line each, the time first.
func newLog(to zapcore.WriteSyncer) *zap.Logger {
	e := zap.NewProductionEncoderConfig()
	e.EncodeTime = zapcore.ISO8601TimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(e), to, zapcore.InfoLevel))
}
