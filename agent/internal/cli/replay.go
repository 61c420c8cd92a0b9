package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/charmbracelet/x/term"
	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/daemon"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/terminal"
	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

// replayOptions are the flags of replay.
type replayOptions struct {
	asJSON, failOnAlert bool
	explain, subject    string
	set                 []string
	limits              limitFlags
}

func replayCommand() *cobra.Command {
	var o replayOptions
	c := &cobra.Command{
		Use:   "replay FILE",
		Short: "Show the alerts that a recording would have raised, and why",
		Long: "Judge a recording exactly as a live run would: first the alerts, then the CPU use of each busy tab and program over " +
			"time with the verdicts. With --explain: every figure and rule at one moment instead. FILE may be - for standard input.",
		Args: exactly("recording"),
		RunE: func(c *cobra.Command, args []string) error {
			config, err := readSettings(o.set)
			if err == nil {
				err = o.limits.check()
			}
			if err != nil {
				return usage.Error(c, err)
			}
			if o.explain == "" {
				if o.subject != "" {
					return usage.Error(c, errors.New("--subject goes with --explain, such as --explain 41s"))
				}
				return replay(c, args[0], config, &o)
			}
			moment, err := parseMoment(o.explain)
			if err == nil && o.failOnAlert {
				err = errors.New("--explain stops at its moment and cannot say whether there is an alert later: leave --fail-on-alert out")
			}
			if err != nil {
				return usage.Error(c, err)
			}
			return explain(c, args[0], config, moment, &o)
		},
	}
	c.Flags().BoolVar(&o.asJSON, "json", false, "one JSON object a line")
	c.Flags().BoolVar(&o.failOnAlert, "fail-on-alert", false, "exit with 3 if an alert was raised")
	c.Flags().StringVar(&o.explain, "explain", "", "print every figure and rule at this `moment`: a time such as 41s, or alert for the first alert")
	c.Flags().StringVar(&o.subject, "subject", "", "what to --explain: the `name` of a program or site, or a pid (default: what is suspected, else the busiest)")
	settingsFlag(c, &o.set)
	o.limits.add(c)
	return c
}

// openTrace opens a recording; "-" is standard input. It is read within limits.
// done closes it.
func openTrace(c *cobra.Command, file string, limits *limitFlags) (h trace.Header, source pipeline.Source, done func(), err error) {
	in, closeFile := c.InOrStdin(), func() {}
	if file == "-" {
		file = "standard input"
	} else {
		f, err := os.Open(file)
		if err != nil {
			return h, nil, nil, fmt.Errorf("the recording cannot be read: %w", err)
		}
		in, closeFile = f, func() { _ = f.Close() }
	}
	undo := limits.apply(1)
	done = func() {
		undo()
		closeFile()
	}
	if h, source, err = trace.ReplayWithin(in, file, limits.Limits); err != nil {
		done()
		return h, nil, nil, err
	}
	return h, source, done, nil
}

func replay(c *cobra.Command, file string, config heuristics.Config, o *replayOptions) error {
	header, source, done, err := openTrace(c, file, &o.limits)
	if err != nil {
		return err
	}
	defer done()
	p := player{out: c.OutOrStdout(), asJSON: o.asJSON, told: map[string]telling{}, timeline: terminal.NewTimeline()}
	if !o.asJSON {
		fmt.Fprintln(p.out, terminal.TraceHeading(header.Started, header.Cores, header.OS, header.Load))
	}
	err = pipeline.Replay(c.Context(), source, config, p.observe)
	if !o.asJSON {
		p.close()
	}
	if err == nil && o.failOnAlert && p.fired > 0 {
		return errAlert
	}
	return err
}

// player shows a recording while it is judged. What it keeps does not grow with the recording.
type player struct {
	out      io.Writer
	asJSON   bool
	told     map[string]telling // of the open alerts, by id
	fired    int
	last     time.Duration
	timeline *terminal.Timeline
	detail   detail
}

// telling is what was last said of an alert.
type telling struct {
	news  string
	fired bool
}

func (p *player) observe(t pipeline.Tick) {
	p.last = t.Snapshot.At
	for i := range t.Alerts {
		p.alert(&t.Alerts[i])
	}
	if p.asJSON {
		return
	}
	rows := make([]api.LiveRow, min(len(t.Subjects), daemon.MaxLive))
	for i := range rows {
		rows[i] = daemon.LiveRow(&t.Subjects[i])
	}
	p.timeline.Add(t.Snapshot.At.Seconds(), rows)
	p.detail.observe(&t)
}

func (p *player) alert(a *api.Alert) {
	was := p.told[a.ID]
	now := telling{string(a.State) + string(a.Severity) + a.Site + string(a.SiteConfidence), was.fired || a.State == api.Firing}
	if now.fired && !was.fired {
		p.fired++
	}
	if a.State == api.Resolved {
		delete(p.told, a.ID)
	} else {
		p.told[a.ID] = now
	}
	if was.news == now.news {
		return // only the figures changed
	}
	if p.asJSON {
		_ = usage.PrintJSON(p.out, a) // a closed pipe ends the program by itself
	} else {
		fmt.Fprintln(p.out, terminal.AlertLine(*a))
	}
}

// close writes what can only be said at the end.
func (p *player) close() {
	lines := p.timeline.Lines(widthOf(p.out))
	if len(lines) > 0 {
		lines = append(append([]string{""}, lines...), "")
	}
	if lacks := p.detail.lacks(); lacks != "" {
		lines = append(lines, lacks)
	}
	if isTerminal(p.out) {
		lines = terminal.Plain(lines, os.Getenv)
	}
	for _, l := range lines {
		fmt.Fprintln(p.out, l)
	}
	fmt.Fprintln(p.out, terminal.TraceClosing(p.fired, p.last))
}

func isTerminal(out io.Writer) bool {
	f := fileOf(out)
	return f != nil && isatty.IsTerminal(f.Fd())
}

// widthOf returns the columns of a terminal, and 80 for anything else, so that what is written there is always the same.
func widthOf(out io.Writer) int {
	const usual = 80
	if !isTerminal(out) {
		return usual
	}
	if width, _, err := term.GetSize(fileOf(out).Fd()); err == nil && width > 0 {
		return width
	}
	return usual
}
