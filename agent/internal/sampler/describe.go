package sampler

import (
	"context"

	"github.com/minewatch/minewatch/heuristics"
)

// settle describes once more what was new at the last tick: a process that was caught between its start and its program
// still had the name and the command line of the one that started it. Seen of 1 in 50 processes of a browser on a full
// machine.
func (s *Sampler) settle(ctx context.Context) {
	for _, k := range s.young {
		s.renew(ctx, k)
	}
	clear(s.young)
	s.young = s.young[:0]
}

// link gives the processes of the first tick their parents and browsers: where pids have started again from 1, children
// come before their parents.
func (s *Sampler) link(first []heuristics.ProcessSample) {
	for _, p := range first {
		k := s.table[p.ID]
		if parent := s.byPID[k.info.Parent.PID]; parent != nil {
			k.info.Parent = parent.id
		}
		s.settlePlace(k)
	}
	for _, p := range first { // a child may have proven what its parent is
		*p.Info = s.table[p.ID].info
		s.table[p.ID].told = true
	}
}

// renew describes a process again, and tells of it again if that changed.
func (s *Sampler) renew(ctx context.Context, k *known) {
	before := k.info
	if s.describe(ctx, k, nil) && !sameInfo(&before, &k.info) {
		k.told = false
	}
}

// identity is what describes a process. All texts are hostile.
type identity struct {
	name, exe, user string
	nice            int
	parent          int32
	command         commandLine
}

// describe reads name, path, owner and parent; false if the process is gone or another. c is what the sweep says of it
// now, nil between sweeps.
func (s *Sampler) describe(ctx context.Context, k *known, c *counters) bool {
	who, ok := s.host.identify(ctx, k, c)
	if !ok || !boundToLife && !s.sweep.same(k.id) {
		return false // gone, or what was read belongs to another life of the pid
	}
	info := heuristics.ProcessInfo{
		Name: clip(who.name), Exe: clip(who.exe), User: clip(who.user), Nice: who.nice,
		Parent: heuristics.ProcessID{PID: who.parent},
	}
	if parent := s.parentOf(who.parent); parent != nil {
		info.Parent = parent.id
	}
	if k.info.Browser != nil {
		s.reindex = true
	}
	k.info, k.command = info, who.command
	if s.settlePlace(k); k.info.Browser != nil {
		s.reindex = true
	}
	return true
}

// settlePlace notes where a process stands in a browser.
func (s *Sampler) settlePlace(k *known) {
	at := s.place(k)
	k.info.Browser, k.info.PosesAsBrowser = at.in, at.poses
}

// maxIntroduced bounds the line of ancestors that are told of for the sake of one process.
const maxIntroduced = maxAncestors

// parentOf returns the process with a pid. One that was never told of is told of now, because its child cannot be placed
// without it: a small program that starts a large one may never use the processor again.
func (s *Sampler) parentOf(pid int32) *known {
	if parent := s.byPID[pid]; parent != nil {
		return parent
	}
	if i, ok := s.sweep.(introducerOfQuiet); ok && s.introduced < maxIntroduced {
		s.introduced++
		i.introduce(pid)
		s.introduced--
	}
	return s.byPID[pid]
}

func sameInfo(a, b *heuristics.ProcessInfo) bool {
	if (a.Browser == nil) != (b.Browser == nil) || (a.Browser != nil && *a.Browser != *b.Browser) {
		return false
	}
	return a.PosesAsBrowser == b.PosesAsBrowser && a.Parent == b.Parent && a.Name == b.Name && a.Exe == b.Exe && a.User == b.User && a.Nice == b.Nice
}

// introduce describes a process that could not be looked at with what the sweep knows of it.
func (s *Sampler) introduce(k *known) {
	k.info = heuristics.ProcessInfo{Name: "(ended)"}
	i, ok := s.sweep.(introducer)
	if !ok {
		return
	}
	b, ok := i.basics(k.id)
	if !ok {
		return
	}
	if b.name != "" {
		k.info.Name = clip(b.name)
	}
	k.info.User, k.info.Parent = b.user, heuristics.ProcessID{PID: b.parent}
	if parent := s.byPID[b.parent]; parent != nil {
		k.info.Parent = parent.id
	}
}
