package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Limits: CPU of ours over CPU of theirs.
const (
	limitRaw, limitTop, limitPidstat, limitExporter = 0.3, 0.2, 0.125, 0.0125
	limitAgent                                      = 0.1
	limitResident                                   = 30 << 20 // bytes at 300 processes
)

// settleTime is how long programs run before their CPU counts: the start costs more than a tick.
const settleTime = 5 * time.Second

// figures are the CPU milliseconds per tick of every contestant, one value a round.
type figures map[string][]float64

// contestant is a program that looks at all processes once a second.
type contestant struct {
	name string
	env  []string
	path string
	args []string
}

// contest runs ours and the others on one population.
func (b *bench) contest(ctx context.Context, procs int) error {
	say("a population of %d processes", procs)
	if err := b.population(ctx, procs, wakingPercent); err != nil {
		return err
	}
	all, err := b.contestants()
	if err != nil {
		return err
	}
	got, most, err := b.rounded(ctx, procs, all)
	if err != nil {
		return err
	}
	return b.report(procs, got, most)
}

// birthRate is how many processes are born and die each second beside the population: a build.
const birthRate = 300

// births runs the whole agent and top on a population in which processes are born and die all the time. Each lives for a
// second, so that every one of them is there at one tick, and then ends.
func (b *bench) births(ctx context.Context, procs int) error {
	say("a population of %d processes and %d births a second", procs, birthRate)
	if err := b.population(ctx, procs, wakingPercent); err != nil {
		return err
	}
	seconds := b.rounds*(b.ticks+10) + 10
	churn, err := b.churn(ctx, birthRate, birthRate*seconds, seconds)
	if err != nil {
		return err
	}
	defer churn.stop()
	ours, err := b.ourAgent()
	if err != nil {
		return err
	}
	got, _, err := b.rounded(ctx, procs, []contestant{ours, topOf()})
	if err != nil {
		return err
	}
	return b.compare("births", "agent", "top", procs, limitAgent, got, map[string]float64{"births_per_s": birthRate})
}

// rounded runs contestants for all rounds and returns what they used, and the most memory that our agent held.
func (b *bench) rounded(ctx context.Context, procs int, all []contestant) (got figures, most float64, err error) {
	// All but process-exporter run at the same time, so that whatever else this machine does hits all. Each uses a few
	// percent of a core at most, so they do not get into each other's way.
	groups := [][]contestant{all}
	if b.alone {
		groups = nil
		for _, c := range all {
			groups = append(groups, []contestant{c})
		}
	}
	got = figures{}
	for round := range b.rounds {
		say("%d processes: round %d of %d", procs, round+1, b.rounds)
		for _, group := range groups {
			resident, err := b.sideBySide(ctx, group, got)
			if err != nil {
				return nil, 0, err
			}
			most = max(most, resident)
		}
		if _, compared := got["raw"]; !compared {
			continue
		}
		if err := b.exporterAlone(ctx, round, got); err != nil {
			return nil, 0, err
		}
	}
	return got, most, nil
}

func topOf() contestant { return contestant{name: "top", path: "top", args: []string{"-b", "-d", "1"}} }

// contestants returns ours and the others, process-exporter apart.
func (b *bench) contestants() (all []contestant, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if b.wants("sampler") {
		all = append(all, contestant{name: "sampler", path: self, args: []string{"-role", "sampler"}},
			contestant{name: "raw", path: self, args: []string{"-role", "raw"}},
			contestant{name: "pidstat", path: "pidstat", args: []string{"-u", "1"}})
	}
	if b.wants("agent") {
		c, err := b.ourAgent()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return append(all, topOf()), nil
}

// sideBySide runs contestants at the same time for a round and returns the memory of our agent, 0 if it is none of them.
func (b *bench) sideBySide(ctx context.Context, group []contestant, got figures) (resident float64, err error) {
	var all []*started
	defer func() {
		for _, s := range all {
			s.stop()
		}
	}()
	for _, c := range group {
		s, err := launch(ctx, c.name, false, c.env, c.path, c.args...)
		if err != nil {
			return 0, err
		}
		all = append(all, s)
		if err := wait(ctx, 130*time.Millisecond); err != nil { // so that they tick at different moments
			return 0, err
		}
	}
	if err := wait(ctx, settleTime); err != nil {
		return 0, err
	}
	if err := b.count(ctx, all, got); err != nil {
		return 0, err
	}
	for _, s := range all {
		if s.name == "agent" {
			resident, err = residentOf(s.pid())
		}
	}
	return resident, err
}

// ourAgent returns `minewatch run --user` with folders of its own.
func (b *bench) ourAgent() (contestant, error) {
	home, err := os.MkdirTemp(b.tmp, "home-")
	if err != nil {
		return contestant{}, err
	}
	runtimeDir := filepath.Join(home, "run")
	if err := os.MkdirAll(runtimeDir, 0o700); err != nil {
		return contestant{}, err
	}
	return contestant{name: "agent", path: b.agent(), args: []string{"run", "--user"}, env: []string{
		"HOME=" + home, "XDG_RUNTIME_DIR=" + runtimeDir, "XDG_STATE_HOME=" + filepath.Join(home, "state"),
		"XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "XDG_CACHE_HOME=" + filepath.Join(home, "cache"),
	}}, nil
}

// startOurAgent starts what ourAgent returns; the caller stops it.
func (b *bench) startOurAgent(ctx context.Context) (*started, error) {
	ours, err := b.ourAgent()
	if err != nil {
		return nil, err
	}
	return launch(ctx, ours.name, false, ours.env, ours.path, ours.args...)
}

// churn starts processes, of which so many live at a time and so many are born within that time, and waits until the
// first are there; the caller stops it.
func (b *bench) churn(ctx context.Context, alive, births, seconds int) (*started, error) {
	c, err := launch(ctx, "churn", true, nil, b.load, "churn", strconv.Itoa(alive), strconv.Itoa(births), strconv.Itoa(seconds))
	if err != nil {
		return nil, err
	}
	if l, err := c.line(); err != nil || l != "ready" {
		c.stop()
		return nil, fmt.Errorf("the processes are not there: %q: %w", l, err)
	}
	return c, nil
}

// count lets the programs run for the ticks of a round and notes the CPU each used per tick.
func (b *bench) count(ctx context.Context, all []*started, got figures) error {
	before := make([]time.Duration, len(all))
	began := make([]time.Time, len(all))
	for i, s := range all {
		var err error
		if before[i], err = cpuOf(s.pid()); err != nil {
			return errors.Join(err, s.running())
		}
		began[i] = now()
	}
	if err := wait(ctx, time.Duration(b.ticks)*time.Second); err != nil {
		return err
	}
	for i, s := range all {
		after, err := cpuOf(s.pid())
		if err = errors.Join(err, s.running()); err != nil {
			return err
		}
		ticks := now().Sub(began[i]).Seconds()
		perTick := (after - before[i]).Seconds() * 1000 / ticks
		got[s.name] = append(got[s.name], perTick)
		say("  %-16s %8.3f ms a tick", s.name, perTick)
	}
	return nil
}

// exporterAlone runs process-exporter by itself: it uses so much that it would be part of what the others look at.
func (b *bench) exporterAlone(ctx context.Context, round int, got figures) error {
	config := filepath.Join(b.tmp, "exporter.yml")
	// The example of its README that covers every process: one group for each program.
	const text = "process_names:\n  - name: \"{{.Comm}}\"\n    cmdline:\n      - '.+'\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	s, err := launch(ctx, "process-exporter", false, nil, b.exporter(), "-config.path", config, "-web.listen-address", address)
	if err != nil {
		return err
	}
	defer s.stop()
	scraping, cancel := context.WithCancel(ctx)
	var answered atomic.Int64
	var asking sync.WaitGroup
	asking.Go(func() { scrape(scraping, "http://"+address+"/metrics", &answered) })
	defer asking.Wait()
	defer cancel()
	if err := wait(ctx, settleTime); err != nil {
		return err
	}
	before, err := cpuOf(s.pid())
	if err != nil {
		return errors.Join(err, s.running())
	}
	first := answered.Load()
	if err := wait(ctx, time.Duration(b.ticks)*time.Second); err != nil {
		return err
	}
	after, err := cpuOf(s.pid())
	if err = errors.Join(err, s.running()); err != nil {
		return err
	}
	// A slow machine may keep it from answering once a second. What an answer costs can be compared all the same.
	n := answered.Load() - first
	if n == 0 {
		say("  process-exporter did not answer once in round %d: it is not compared", round+1)
		got["process-exporter"] = append(got["process-exporter"], math.NaN())
		return nil
	}
	perAnswer := (after - before).Seconds() * 1000 / float64(n)
	got["process-exporter"] = append(got["process-exporter"], perAnswer)
	got[exporterAnswers] = append(got[exporterAnswers], float64(n))
	say("  %-16s %8.3f ms an answer, %d answers in %d s", s.name, perAnswer, n, b.ticks)
	return nil
}

// exporterAnswers is how often process-exporter answered in a round; it is asked once a second.
const exporterAnswers = "process-exporter answers"

// scrape asks for the metrics once a second and counts how often they come whole.
func scrape(ctx context.Context, url string, answered *atomic.Int64) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	client := http.Client{Timeout: 10 * time.Second}
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return
		}
		answer, err := client.Do(request)
		if err != nil {
			continue // not up yet
		}
		size, err := io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if err == nil && answer.StatusCode == http.StatusOK && size > 0 {
			answered.Add(1)
		}
	}
}

// freeAddress returns an address on the loopback that nobody listens on now.
func freeAddress(ctx context.Context) (string, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// compare prints one line: the median over the rounds of ratios within a round. Rounds in which theirs gave nothing are
// left out; with none left there is no line, which standard error says.
func (b *bench) compare(what, ours, theirs string, procs int, limit float64, got figures, more map[string]float64) error {
	var ratios, used []float64
	for i := range got[ours] {
		if i < len(got[theirs]) && !math.IsNaN(got[theirs][i]) {
			ratios, used = append(ratios, got[ours][i]/got[theirs][i]), append(used, got[theirs][i])
		}
	}
	if len(ratios) == 0 && len(got[ours]) > 0 {
		say("%s cannot be compared with %s here", what, theirs)
		return nil
	}
	figures := map[string]float64{"ours_ms_per_tick": median(got[ours]), "theirs_ms_per_tick": median(used)}
	maps.Copy(figures, more)
	return b.sheet.ratio(what, procs, theirs, median(ratios), limit, figures)
}

// report prints the lines of one population.
func (b *bench) report(procs int, got figures, resident float64) error {
	var all error
	if b.wants("sampler") {
		all = errors.Join(
			b.compare("sampler", "sampler", "raw", procs, limitRaw, got, nil),
			b.compare("sampler", "sampler", "top", procs, limitTop, got, nil),
			b.compare("sampler", "sampler", "pidstat", procs, limitPidstat, got, nil),
			b.compare("sampler", "sampler", "process-exporter", procs, limitExporter, got,
				map[string]float64{"answers": median(got[exporterAnswers]), "asked": float64(b.ticks)}))
	}
	if b.wants("agent") {
		all = errors.Join(all, b.compare("agent", "agent", "top", procs, limitAgent, got, nil))
		const limitFor = 300 // the size for which there is a limit
		if procs <= limitFor {
			all = errors.Join(all, b.sheet.value("agent", procs, "resident_bytes", resident, limitResident, nil))
		}
	}
	return all
}
