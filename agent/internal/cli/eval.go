package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/recordings/evaluate"
	"github.com/minewatch/minewatch/agent/internal/recordings/report"
)

// evalOptions are the flags of eval.
type evalOptions struct {
	asJSON, ablation     bool
	html, require, split string
	set                  []string
	limits               limitFlags
}

func evalCommand() *cobra.Command {
	var o evalOptions
	c := &cobra.Command{
		Use:   "eval DIR",
		Short: "Measure precision, recall and time to detect on labelled recordings",
		Long: "Judge every recording DIR/NAME/trace.jsonl.zst (DIR may also be one such folder, or hold folders of them) on the " +
			"path that a live run takes, and compare the verdicts with its label, NAME/truth.json.",
		Args: exactly("folder of recordings"),
		RunE: func(c *cobra.Command, args []string) error { return eval(c, args[0], &o) },
	}
	c.Flags().BoolVar(&o.asJSON, "json", false, "one JSON object a line: each recording, then a summary for each split")
	c.Flags().StringVar(&o.html, "html", "", "write a report with plots to this `file` (replaced if it exists)")
	c.Flags().StringVar(&o.require, "require", "", "exit with 1 unless the test split's figures reach these `floors`, such as "+
		"precision=0.98,recall=0.98 (tune.recall=… for the tuning split, site_wrong<=0 for a ceiling)")
	c.Flags().BoolVar(&o.ablation, "ablation", false, "also show the figures without each rule in turn (evaluates once per rule)")
	settingsFlag(c, &o.set)
	o.limits.add(c)
	c.Flags().StringVar(&o.split, "split", "", "only the recordings of this split: tune or test")
	return c
}

// check reads the flags.
func (o *evalOptions) check() (evaluate.Options, []evaluate.Floor, error) {
	out := evaluate.Options{Split: o.split}
	if o.split != "" && o.split != evaluate.Tune && o.split != evaluate.Test {
		return out, nil, fmt.Errorf("--split is tune or test, not %q", o.split)
	}
	err := o.limits.check()
	if err != nil {
		return out, nil, err
	}
	if out.Config, err = readSettings(o.set); err != nil {
		return out, nil, err
	}
	floors, err := evaluate.ParseFloors(o.require)
	if err != nil {
		return out, nil, fmt.Errorf("--require: %w", err)
	}
	for _, f := range floors {
		if o.split != "" && f.Split() != o.split {
			return out, nil, fmt.Errorf("--require names a figure of the split %s, which --split %s leaves out", f.Split(), o.split)
		}
	}
	return out, floors, nil
}

func eval(c *cobra.Command, dir string, o *evalOptions) error {
	options, floors, err := o.check()
	if err != nil {
		return usage.Error(c, err)
	}
	// One processor is for the agent, which must cost next to nothing. An evaluation is a person waiting.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU()))
	defer o.limits.apply(runtime.GOMAXPROCS(0))()
	options.Limits = o.limits.Limits
	progress := newProgress(c.ErrOrStderr())
	options.Progress = progress.show
	traces, err := evaluate.Run(c.Context(), dir, options)
	progress.clear()
	if err != nil {
		return err
	}
	summaries := evaluate.Summarise(traces, o.split)
	problems := evaluate.Problems(traces)
	for _, p := range problems {
		usage.PrintError(c.ErrOrStderr(), "minewatch", p)
	}
	if err := o.write(c.OutOrStdout(), traces, summaries); err != nil {
		return err
	}
	if err := o.ablate(c, dir, options); err != nil {
		return err
	}
	missed := evaluate.Missed(floors, summaries)
	if n := len(problems); n > 0 {
		missed = append(missed, fmt.Sprintf("%d of %d recordings could not be evaluated, as said above", n, len(traces)))
	}
	if len(missed) > 0 {
		return errors.New(strings.Join(missed, "; "))
	}
	return nil
}

// ablate says what becomes of the figures without each rule, where that was asked for.
func (o *evalOptions) ablate(c *cobra.Command, dir string, options evaluate.Options) error {
	if !o.ablation {
		return nil
	}
	options.Progress = nil
	all, err := evaluate.Ablate(c.Context(), dir, options)
	if err != nil {
		return err
	}
	if !o.asJSON {
		return report.Ablation(c.OutOrStdout(), all)
	}
	for i := range all {
		if err := usage.PrintJSON(c.OutOrStdout(), &all[i]); err != nil {
			return err
		}
	}
	return nil
}

// write shows the outcome in the form that was asked for.
func (o *evalOptions) write(out io.Writer, traces []evaluate.Trace, summaries []evaluate.Summary) error {
	if err := o.print(out, traces, summaries); err != nil || o.html == "" {
		return err
	}
	return writeReport(o.html, report.Evaluation(traces, summaries, o.made()))
}

func (o *evalOptions) print(out io.Writer, traces []evaluate.Trace, summaries []evaluate.Summary) error {
	if !o.asJSON {
		return report.Table(out, traces, summaries)
	}
	for i := range traces {
		if err := usage.PrintJSON(out, &traces[i]); err != nil {
			return err
		}
	}
	for i := range summaries {
		if err := usage.PrintJSON(out, &summaries[i]); err != nil {
			return err
		}
	}
	return nil
}

// made says how a report came about.
func (o *evalOptions) made() string {
	if len(o.set) == 0 {
		return "Made by minewatch " + buildinfo.Version + " with its own settings."
	}
	return "Made by minewatch " + buildinfo.Version + " with " + strings.Join(o.set, ", ") + "."
}

// writeReport writes a page to a file.
func writeReport(path string, page report.Page) error {
	// A pipe that lies there would be waited for, or read by whoever put it there.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NONBLOCK, 0o666) //nolint:gosec // a report is to be shown
	if err == nil {
		if info, statErr := f.Stat(); statErr != nil || info.Mode().Type()&(fs.ModeNamedPipe|fs.ModeSocket) != 0 {
			_ = f.Close()
			err = errors.Join(statErr, fmt.Errorf("%s is a pipe", path))
		}
	}
	if err != nil {
		return fmt.Errorf("the report cannot be written: %w", err)
	}
	if err := errors.Join(page.Write(f), f.Close()); err != nil {
		return fmt.Errorf("the report could not be finished: %w", err)
	}
	return nil
}

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct {
	out   io.Writer
	shown bool
}

func newProgress(out io.Writer) *progress {
	if f := fileOf(out); f != nil && isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb" {
		return &progress{out: f} // the bar moves the cursor, which a cleaned output would not let through
	}
	return &progress{}
}

const barWidth = 30

func (p *progress) show(done, all int) {
	if p.out == nil || all == 0 {
		return
	}
	p.shown = true
	full := barWidth * done / all
	fmt.Fprintf(p.out, "\r[%s%s] %d of %d recordings", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, all)
}

// clear removes the bar.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
