package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/heuristics"
)

// life is one of several processes that had the same pid one after the other.
type life struct {
	name  string
	used  time.Duration // in the end, as the kernel told its parent
	id    heuristics.ProcessID
	seen  time.Duration // CPU as last read
	reads int
}

// pidReuse makes the kernel give one pid to many processes in turn and looks whether the sampler takes one for another:
// each must have an identity, a name and counters of its own, and the one before must be told as ended.
func (b *bench) pidReuse(ctx context.Context) error {
	lives := 20
	if b.ticks < 20 { // -quick
		lives = 6
	}
	say("%d processes with the same pid", lives)
	p, err := launch(ctx, "lives", true, nil, b.load, "lives")
	if err != nil {
		return err
	}
	defer p.stop()
	r := reuse{parent: p}
	const interval, ticksOfLife = 250 * time.Millisecond, 3
	n := 0
	for s, err := range sampler.New(sampler.Options{Interval: interval}).Source(ctx) {
		if err != nil {
			return err
		}
		r.look(&s)
		if n++; n%ticksOfLife != 1 {
			continue
		}
		if len(r.lives) == lives {
			break
		}
		if err := r.next(ctx); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := r.end(); err != nil {
		return err
	}
	r.compare()
	for _, f := range r.faults {
		say("  %s", f)
	}
	return b.sheet.value("pid_reuse", 0, "lives_mixed", float64(len(r.faults)), 0, map[string]float64{"lives": float64(len(r.lives))})
}

// reuse is the state of that measurement.
type reuse struct {
	parent *started
	pid    int
	born   int
	lives  []*life
	faults []string
}

func (r *reuse) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

// ask gives the parent an order and returns the number it answers.
func (r *reuse) ask(order string, numbers ...int) (int, error) {
	words := []any{order}
	for _, n := range numbers {
		words = append(words, n)
	}
	if _, err := fmt.Fprintln(r.parent.in, words...); err != nil {
		return 0, errors.Join(err, r.parent.running())
	}
	l, err := r.parent.line()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(l)
}

// next ends the present life and begins another with its pid. By turns the new one has used less and more when it is
// first read, and at times a third one has come and gone between the two.
func (r *reuse) next(ctx context.Context) error {
	ms := 30 + 50*(len(r.lives)%2)
	if len(r.lives) > 0 {
		if err := r.end(); err != nil {
			return err
		}
		if len(r.lives)%4 == 3 {
			if err := r.begin(20); err != nil {
				return err
			}
			if err := wait(ctx, 60*time.Millisecond); err != nil {
				return err
			}
			if _, err := r.ask("dead", r.pid); err != nil {
				return err
			}
		}
	}
	if err := r.begin(ms); err != nil {
		return err
	}
	r.lives = append(r.lives, &life{name: fmt.Sprintf("idle-%02d", r.born)})
	return nil
}

func (r *reuse) begin(ms int) error {
	pid, err := r.ask("born", ms, r.pid)
	if err == nil && r.pid != 0 && pid != r.pid {
		err = fmt.Errorf("the kernel gave pid %d, not %d", pid, r.pid)
	}
	r.pid = pid
	r.born++
	return err
}

func (r *reuse) end() error {
	us, err := r.ask("dead", r.pid)
	r.lives[len(r.lives)-1].used = time.Duration(us) * time.Microsecond
	return err
}

// look takes what one snapshot says of the pid; the last of r.lives has it now.
func (r *reuse) look(s *heuristics.Snapshot) {
	if r.pid == 0 {
		return
	}
	current := r.lives[len(r.lives)-1]
	for i := range s.Processes {
		p := &s.Processes[i]
		if int(p.ID.PID) != r.pid {
			continue
		}
		if current.reads == 0 {
			current.id = p.ID
			if p.Info == nil || p.Info.Name != current.name {
				r.fault("%s is told without its name: %+v", current.name, p.Info)
			}
			if n := len(r.lives); n > 1 && !slices.Contains(s.Exited, r.lives[n-2].id) {
				r.fault("%s begins before %s is told as ended", current.name, r.lives[n-2].name)
			}
		}
		if p.ID != current.id {
			r.fault("%s has the identities %v and %v", current.name, current.id, p.ID)
		}
		current.seen = p.CPU()
		current.reads++
	}
}

// compare holds what was read against what the kernel told.
func (r *reuse) compare() {
	ids := map[heuristics.ProcessID]string{}
	for _, l := range r.lives {
		if l.reads == 0 {
			r.fault("%s was never seen", l.name)
			continue
		}
		if other, ok := ids[l.id]; ok {
			r.fault("%s and %s are both %v", other, l.name, l.id)
		}
		ids[l.id] = l.name
		// What is not read yet is below a hundredth of the interval, and the kernel's sum may round.
		const slack = 12 * time.Millisecond
		if l.seen > l.used+slack || l.seen < l.used-slack {
			r.fault("%s used %v, read as %v", l.name, l.used, l.seen)
		}
	}
}
