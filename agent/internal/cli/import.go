package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/recordings/importer"
	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

func importCommand() *cobra.Command {
	var (
		o               importer.Options
		from, to, unit  string
		zone            string
		columns         map[string]string
		formatsForHelp  = strings.Join(importer.Formats(), ", ")
		columnsExplains = "time=NAME,cpu=NAME (or seconds=NAME, a counter)[,process=NAME][,pid=NAME][,rss=NAME][,computer=NAME], or host=NAME or idle=NAME for the whole machine; NAME may be A|B or A*"
	)
	c := &cobra.Command{
		Use:   "import FILE -o TRACE",
		Short: "Turn the log of another tool into a recording",
		Long: "Turn the log of another tool into a recording that replay and eval judge like any other. FILE may be - for " +
			"standard input, and compressed with gzip or zstd. It says what the log lacks for a full verdict.",
		Args: exactly("log"),
		RunE: func(c *cobra.Command, args []string) error {
			if to == "" {
				return usage.Error(c, errors.New("say where to: -o TRACE"))
			}
			if err := checkImport(&o, from, unit, zone); err != nil {
				return usage.Error(c, err)
			}
			o.Columns = columns
			return importLog(c, args[0], from, to, o)
		},
	}
	c.Flags().StringVar(&from, "from", "auto", "the `format`: auto, "+formatsForHelp)
	c.Flags().StringVarP(&to, "output", "o", "", "the `file` to write (must not exist)")
	c.Flags().IntVar(&o.Cores, "cores", 0, "logical processors of the computer, where the log does not say")
	c.Flags().StringVar(&unit, "unit", "", "what 100 % means for a process, one-core or all-cores, or the unit of a CSV and of rates: cores or millicores (default: as the tool has it)")
	c.Flags().DurationVar(&o.Interval, "interval", 0, "time between two samples, where the log does not say")
	c.Flags().StringToStringVar(&columns, "columns", nil, "the columns of a CSV: "+columnsExplains)
	c.Flags().StringVar(&o.DateOrder, "date-order", "", "mdy, dmy or ymd, for dates that could be either")
	c.Flags().StringVar(&zone, "tz", "", "the time `zone` of the log's clock, where it does not say (default UTC)")
	c.Flags().StringVar(&o.Host, "host", "", "the `name` of the computer to import, where the log is about several")
	c.Flags().Int64Var(&o.MaxBytes, "max-bytes", 0, "read at most so many bytes (default 512 MiB)")
	c.Flags().IntVar(&o.MaxProcesses, "max-processes", 0, "read at most so many processes (default 500,000)")
	c.Flags().IntVar(&o.MaxLive, "max-live", 0, "read at most so many processes at a time (default 50,000)")
	c.Flags().StringVar(&o.Process, "process", "", "the `name` of the process, where the log is about a single one")
	return c
}

// checkImport looks for options that make no sense before anything is read.
func checkImport(o *importer.Options, from, unit, zone string) error {
	if from != "auto" && !slices.Contains(importer.Formats(), from) {
		return fmt.Errorf("there is no format %q; there are auto, %s", from, strings.Join(importer.Formats(), ", "))
	}
	switch unit {
	case "":
	case "one-core":
		o.Unit = "percent"
	case "all-cores":
		o.Unit, o.AllCores = "percent", true
	case "cores", "millicores":
		o.Unit = unit
	default:
		return fmt.Errorf("--unit is one-core, all-cores, cores or millicores, not %q", unit)
	}
	switch o.DateOrder {
	case "", "mdy", "dmy", "ymd":
	default:
		return fmt.Errorf("--date-order is mdy, dmy or ymd, not %q", o.DateOrder)
	}
	if o.Cores < 0 || o.Interval < 0 {
		return errors.New("--cores and --interval must be above zero")
	}
	if o.MaxBytes < 0 || o.MaxProcesses < 0 || o.MaxLive < 0 {
		return errors.New("--max-bytes, --max-processes and --max-live must be above zero")
	}
	if zone != "" {
		at, err := time.LoadLocation(zone)
		if err != nil {
			return fmt.Errorf("--tz is the name of a time zone, such as Europe/Berlin or UTC: %w", err)
		}
		o.Zone = at
	}
	return nil
}

// importLog writes the recording and says what was found.
func importLog(c *cobra.Command, file, from, to string, o importer.Options) error {
	in := c.InOrStdin()
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("the log cannot be read: %w", err)
		}
		defer f.Close()
		in = f
	}
	found, source, err := importer.Open(in, file, from, o)
	if err != nil {
		return err
	}
	out, err := trace.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	h := trace.Header{
		Started: found.Started, Cores: found.Cores, IntervalMS: found.Interval.Milliseconds(),
		OS: "unknown", Agent: buildinfo.Version, Load: "imported from " + found.Format,
	}
	n, err := writeImport(c.Context(), trace.Record(source, out, h))
	if closeErr := out.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("the recording could not be finished: %w", closeErr)
	}
	if n.samples > 0 {
		fmt.Fprint(c.OutOrStdout(), describeImport(found, to, n))
	}
	if err != nil {
		return fmt.Errorf("%w; what came before it is in %s", err, to)
	}
	return nil
}

// writeImport drains the source and counts what it held.
func writeImport(ctx context.Context, source pipeline.Source) (n imported, err error) {
	for s, err := range source(ctx) {
		if err != nil {
			return n, err
		}
		n.samples++
		for _, g := range s.Gaps {
			if g.Kind != heuristics.GapHostOnly {
				n.gaps++
			}
		}
		n.last = s.At
		for i := range s.Processes {
			if s.Processes[i].Info != nil {
				n.processes++
			}
		}
	}
	return n, nil
}

// imported counts what an import wrote.
type imported struct {
	samples, processes, gaps int
	last                     time.Duration
}

// describeImport says what a log turned out to hold, and what it lacks.
func describeImport(f *importer.Found, to string, n imported) string {
	unit := "100 % is " + f.Unit
	switch f.Unit {
	case "":
		unit = "counters of seconds"
	case "cores":
		unit = "figures in cores"
	}
	cores := map[string]string{
		"log": "as the log says", "option": "as you said", "guess": "guessed from the load; say it with --cores",
		"estimate": "estimated from the share of the computer that is busy; say it with --cores",
	}[f.CoresFrom]
	gaps := "no gaps"
	if n.gaps > 0 {
		gaps = several(n.gaps, "gap") + " or jumps of the clock"
	}
	var notes strings.Builder
	for _, n := range f.Notes {
		notes.WriteString("Note: " + n + ".\n")
	}
	return fmt.Sprintf("%s: %s, %s, %s (%s), %s every %v over %v, %s, %s.\n%sMissing for a full verdict: %s.\nSee it with `minewatch replay %s`.\n",
		to, f.Format, unit, several(f.Cores, "core"), cores, several(n.samples, "sample"), f.Interval.Round(10*time.Millisecond), n.last.Round(time.Second),
		several(n.processes, "process"), gaps, notes.String(), strings.Join(f.Missing(), "; "), to)
}

// several counts a thing: "1 core", "2 processes".
func several(n int, thing string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(thing, "s"):
		thing += "es"
	default:
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
