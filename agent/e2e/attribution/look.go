//go:build linux

package attribution

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/proc"
	"github.com/minewatch/minewatch/agent/testkit/wait"
	"github.com/minewatch/minewatch/heuristics"
)

// subject is a running browser whose processes are asked about.
type subject interface {
	// family is "chromium" or "firefox".
	family() string
	// root is the browser's main process.
	root() int
	// truth returns the pages in each process, as the browser itself says.
	truth(ctx context.Context) (map[int32][]lodger, error)
}

// again is how long a renderer is not asked a second time; answered how long an answer may take.
const (
	again    = 5500 * time.Millisecond
	answered = 5 * time.Second
)

// looker asks about every process of a browser and judges the answers.
type looker struct {
	agent *agent
	tally *tally
}

// look does so once. after names the step of the scenario.
func (l *looker) look(ctx context.Context, after string, b subject) error {
	root, err := processID(b.root())
	if err != nil {
		return err
	}
	var truth map[int32][]lodger
	var all map[int]heuristics.ProcessID
	err = await(ctx, "every process with a frame to be found by its command line", func() (bool, error) {
		var err error
		truth, err = b.truth(ctx)
		all = l.agent.sampler.Renderers(root)
		return err == nil && covers(all, truth), err
	})
	if err != nil {
		return fmt.Errorf("%w: frames live in %v, found were %v", err, slices.Sorted(maps.Keys(truth)), all)
	}
	if err := wait.Pause(ctx, again); err != nil { // all may be asked about once more
		return err
	}
	l.agent.extensions.Answers()
	type said struct {
		number int
		got    heuristics.Renderer
	}
	answers := map[int32]said{}
	for _, number := range slices.Sorted(maps.Keys(all)) {
		got, took, err := l.ask(ctx, all[number], root, number)
		if err != nil {
			return err
		}
		if took > 0 {
			l.tally.took = append(l.tally.took, took)
		} else {
			l.tally.unanswered++
		}
		answers[all[number].PID] = said{number, got}
	}
	later, err := b.truth(ctx)
	if err != nil {
		return err
	}
	for pid, a := range answers {
		if !slices.Equal(truth[pid], later[pid]) {
			return fmt.Errorf("%s: the pages in process %d changed meanwhile from %v to %v", after, pid, truth[pid], later[pid])
		}
		o := owner(b.family(), root, a.number, a.got)
		l.tally.check(after, &o, all[a.number], truth[pid])
	}
	return nil
}

// ask asks about one process and says how long the answer took, 0 if there was none.
func (l *looker) ask(ctx context.Context, p, root heuristics.ProcessID, number int) (heuristics.Renderer, time.Duration, error) {
	start := now()
	l.agent.extensions.Ask(p, root, number)
	for {
		for _, r := range l.agent.extensions.Answers() {
			if r.Process == p {
				return r, now().Sub(start), nil
			}
		}
		if now().Sub(start) > answered {
			return heuristics.Renderer{Process: p}, 0, nil
		}
		if err := wait.Pause(ctx, time.Millisecond); err != nil {
			return heuristics.Renderer{}, 0, err
		}
	}
}

// busy waits until a renderer of the browser keeps a core busy.
func (r *run) busy(ctx context.Context, b subject) error {
	root, err := processID(b.root())
	if err != nil {
		return err
	}
	before, since := map[int32]time.Duration{}, now()
	return await(ctx, "a page that hangs", func() (bool, error) {
		if err := wait.Pause(ctx, 500*time.Millisecond); err != nil {
			return false, err
		}
		length := now().Sub(since)
		since = now()
		hangs := false
		for _, p := range r.agent.sampler.Renderers(root) {
			s, err := proc.Read(int(p.PID))
			if err != nil {
				continue // it ended
			}
			was, known := before[p.PID]
			hangs = hangs || known && s.CPU-was > length*3/10 // others may want the processor as well
			before[p.PID] = s.CPU
		}
		return hangs, nil
	})
}

// covers reports whether all processes that hold frames have a number.
func covers(all map[int]heuristics.ProcessID, truth map[int32][]lodger) bool {
	numbered := map[int32]bool{}
	for _, p := range all {
		numbered[p.PID] = true
	}
	for pid := range truth {
		if !numbered[pid] {
			return false
		}
	}
	return true
}

// processID returns the identity of a living process.
func processID(pid int) (heuristics.ProcessID, error) {
	s, err := proc.Read(pid)
	if err != nil {
		return heuristics.ProcessID{}, err
	}
	const tick = 10 * time.Millisecond // of the kernel's clock, which the agent keeps as it is
	return heuristics.ProcessID{PID: int32(pid), StartTime: int64(s.Started / tick)}, nil
}
