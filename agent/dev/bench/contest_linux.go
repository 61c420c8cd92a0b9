package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Limits: CPU of ours over CPU of theirs.
const (
	limitRaw, limitTop, limitPidstat, limitExporter = 0.3, 0.2, 0.125, 0.0125
	limitAgent                                      = 0.5
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
	if err := b.population(ctx, procs); err != nil {
		return err
	}
	all, err := b.contestants()
	if err != nil {
		return err
	}
	// All but process-exporter run at the same time, so that whatever else this machine does hits all. Each uses a few
	// percent of a core at most, so they do not get into each other's way.
	groups := [][]contestant{all}
	if b.alone {
		groups = nil
		for _, c := range all {
			groups = append(groups, []contestant{c})
		}
	}
	got, most := figures{}, 0.0
	for round := range b.rounds {
		say("%d processes: round %d of %d", procs, round+1, b.rounds)
		for _, group := range groups {
			resident, err := b.sideBySide(ctx, group, got)
			if err != nil {
				return err
			}
			most = max(most, resident)
		}
		if !b.wants("sampler") {
			continue
		}
		if err := b.exporterAlone(ctx, round, got); err != nil {
			return err
		}
	}
	return b.report(procs, got, most)
}

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
	return append(all, contestant{name: "top", path: "top", args: []string{"-b", "-d", "1"}}), nil
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
	scraped := make(chan int)
	go func() { scraped <- scrape(scraping, "http://"+address+"/metrics") }()
	if err = wait(ctx, settleTime); err == nil {
		err = b.count(ctx, []*started{s}, got)
	}
	cancel()
	if n := <-scraped; err == nil && n < b.ticks {
		err = fmt.Errorf("process-exporter answered only %d times in round %d", n, round+1)
	}
	return err
}

// scrape asks for the metrics once a second and returns how often they came whole.
func scrape(ctx context.Context, url string) int {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	client := http.Client{Timeout: 10 * time.Second}
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return n
		case <-t.C:
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return n
		}
		answer, err := client.Do(request)
		if err != nil {
			continue // not up yet
		}
		size, err := io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if err == nil && answer.StatusCode == http.StatusOK && size > 0 {
			n++
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

// report prints the lines of one population: medians over the rounds of ratios within a round.
func (b *bench) report(procs int, got figures, resident float64) error {
	var all error
	compare := func(what, ours, theirs string, limit float64) {
		ratios := make([]float64, 0, b.rounds)
		for i := range got[ours] {
			ratios = append(ratios, got[ours][i]/got[theirs][i])
		}
		all = errors.Join(all, b.sheet.ratio(what, procs, theirs, median(ratios), limit, map[string]float64{
			"ours_ms_per_tick": median(got[ours]), "theirs_ms_per_tick": median(got[theirs]),
		}))
	}
	if b.wants("sampler") {
		compare("sampler", "sampler", "raw", limitRaw)
		compare("sampler", "sampler", "top", limitTop)
		compare("sampler", "sampler", "pidstat", limitPidstat)
		compare("sampler", "sampler", "process-exporter", limitExporter)
	}
	if b.wants("agent") {
		compare("agent", "agent", "top", limitAgent)
		const limitFor = 300 // the size for which there is a limit
		if procs <= limitFor {
			all = errors.Join(all, b.sheet.value("agent", procs, "resident_bytes", resident, limitResident, nil))
		}
	}
	return all
}
