package install

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Outcome is what became of a step.
type Outcome string

// The outcomes.
const (
	Written Outcome = "written"
	Already Outcome = "already" // it was there as it should be
	Removed Outcome = "removed"
	Stays   Outcome = "stays" // a folder, because somebody put something else into it
	Left    Outcome = "left"  // somebody else's, or changed by somebody; Done.Why says so
	Failed  Outcome = "failed"
)

// Done is one step that was carried out, or not.
type Done struct {
	Target  string  `json:"path"`
	Outcome Outcome `json:"outcome"`
	Why     string  `json:"why,omitempty"`
}

// errNotAll says that the steps' own outcomes tell more.
var errNotAll = errors.New("not everything could be done, see above; run it again when that is fixed")

// System installs for all users.
type System struct {
	setup   Setup
	machine *machine
	receipt Place
}

// NewSystem returns what installs for all users of this computer.
func NewSystem(setup *Setup) *System {
	return &System{*setup, &machine{below: "", registry: newRegistry()}, receiptPlace(setup.GOOS, setup.Exe)}
}

// Receipt returns the path of the file that lists what was written.
func (s *System) Receipt() string { return s.receipt.target(s.setup.GOOS) }

// Plan returns what is to do, without the policies that another file of an administrator has already.
func (s *System) Plan() (*Plan, error) {
	p, err := SystemPlan(&s.setup)
	if err != nil {
		return nil, err
	}
	p.Steps = slices.DeleteFunc(p.Steps, func(step Step) bool {
		if step.What != Policy || path.Base(step.File) != policyName {
			return false
		}
		other := s.policyConflict(path.Dir("/" + step.File))
		if other != "" {
			p.Notes = append(p.Notes, fmt.Sprintf("No policy for %s: %s has an %s, and a browser takes one such list. Add to it: %s",
				step.For[0], other, forceList, strings.Join(strings.Fields(string(step.Data)), " ")))
		}
		return other != ""
	})
	return p, nil
}

// policyConflict returns the file in a folder of policies that has a list of extensions to install already, besides
// ours: a browser takes such a list from one file only. Empty: there is none.
func (s *System) policyConflict(folder string) string {
	names, err := filepath.Glob(filepath.Join(s.machine.below, folder, "*.json"))
	if err != nil {
		return "" // no such pattern
	}
	for _, n := range names {
		name := filepath.Base(n)
		data, err := s.machine.look(&Place{Base: folder, File: name})
		var policies map[string]json.RawMessage
		if name == policyName || err != nil || json.Unmarshal(data, &policies) != nil {
			continue
		}
		if _, has := policies[forceList]; has {
			return join(s.setup.GOOS, folder, name)
		}
	}
	return ""
}

// change is a step, or an entry of the receipt without one, with what is there now.
type change struct {
	step   *Step  // nil: no longer part of an installation
	old    *entry // what an earlier installation wrote, nil for nothing
	place  Place
	target string
	now    string // sum of what is there, "" for nothing
	err    error  // it cannot be looked at
}

// compare returns the present state of everything that the plan or the receipt names.
func (s *System) compare(p *Plan, st *receipt) []change {
	var out []change
	for i := range p.Steps {
		step := &p.Steps[i]
		out = append(out, s.see(change{step: step, place: step.Place, target: step.target(s.setup.GOOS)}, st))
	}
	for _, e := range st.Written {
		if slices.ContainsFunc(out, func(c change) bool { return c.target == e.Path }) {
			continue
		}
		place, err := s.placeOf(e.Path)
		if err == nil { // checked when it was read
			out = append(out, s.see(change{place: place, target: e.Path}, st))
		}
	}
	return out
}

func (s *System) see(c change, st *receipt) change {
	if e := st.find(c.target); e != nil {
		c.old = new(*e)
	}
	data, err := s.machine.look(&c.place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		c.err = err
	default:
		c.now = sum(data)
	}
	return c
}

// Pending returns the plan's steps that are not done yet.
func (s *System) Pending(p *Plan) ([]Step, error) {
	st, err := s.readReceipt()
	if err != nil {
		return nil, err
	}
	var out []Step
	for _, c := range s.compare(p, st) {
		if c.step != nil && (c.err != nil || c.now != sum(c.step.Data)) {
			out = append(out, *c.step)
		}
	}
	return out, nil
}

// Install carries out a plan. What is there already is left alone, and what others wrote too. Before anything else is
// written the receipt lists it, so that an interrupted installation can be undone as well.
func (s *System) Install(p *Plan) ([]Done, error) {
	before, err := s.readReceipt()
	if err != nil {
		return nil, err
	}
	st := &receipt{Type: before.Type, Version: before.Version, Program: s.setup.Exe, Folders: before.Folders}
	var done []Done
	var todo []change
	for _, c := range s.compare(p, before) {
		d, entry, act := decide(&c)
		if act {
			todo = append(todo, c)
		} else {
			done = append(done, d)
		}
		if entry != nil {
			st.Written = append(st.Written, *entry)
		}
	}
	if len(todo) == 0 {
		return done, failure(done)
	}
	s.addFolders(st, todo)
	if err := s.writeReceipt(st); err != nil {
		return done, err
	}
	for i := range todo {
		done = append(done, s.carryOut(&todo[i], st))
	}
	for i := range st.Written {
		st.Written[i].Was = ""
	}
	return done, errors.Join(s.writeReceipt(st), failure(done))
}

// decide says what is to be done about a change, and what the receipt says of it. Where nothing is, the outcome is d.
func decide(c *change) (d Done, keep *entry, act bool) {
	want := ""
	if c.step != nil {
		want = sum(c.step.Data)
	}
	switch {
	case c.err != nil:
		return Done{c.target, Failed, c.err.Error()}, c.old, false
	case c.step == nil && c.now == "":
		return Done{c.target, Removed, ""}, nil, false
	case c.step != nil && c.now == want:
		return Done{c.target, Already, ""}, c.old, false
	case c.old != nil && c.now != "" && !c.old.ours(c.now):
		return Done{c.target, Left, "it was changed since minewatch wrote it"}, c.old, false
	case c.old == nil && c.now != "":
		return Done{c.target, Left, "it was there before and says something else; look at it and remove it"}, nil, false
	case c.step == nil:
		return Done{}, c.old, true
	default:
		return Done{}, &entry{Path: c.target, SHA256: want, Was: c.now}, true
	}
}

// carryOut writes or removes one thing. What could not be done is in the receipt as it was before.
func (s *System) carryOut(c *change, st *receipt) Done {
	outcome, err := Removed, error(nil)
	if c.step == nil {
		err = s.machine.take(&c.place)
	} else {
		outcome, err = Written, s.machine.put(&c.place, c.step.Data)
	}
	if err == nil && c.step != nil {
		return Done{c.target, outcome, ""}
	}
	if err != nil && c.old != nil {
		*st.find(c.target) = *c.old
	} else {
		st.Written = slices.DeleteFunc(st.Written, func(e entry) bool { return e.Path == c.target })
	}
	if err != nil {
		return Done{c.target, Failed, err.Error()}
	}
	return Done{c.target, outcome, ""}
}

// addFolders notes the folders that will be made.
func (s *System) addFolders(st *receipt, todo []change) {
	places := []Place{s.receipt}
	for _, c := range todo {
		if c.step != nil && c.place.Key == "" {
			places = append(places, c.place)
		}
	}
	for _, p := range places {
		var missing []string
		below := path.Dir(path.Join(p.Inside, p.File))
		for ; below != "."; below = path.Dir(below) {
			at := Place{Base: p.Base, File: below}
			if _, err := os.Lstat(filepath.Join(s.machine.below, p.Base, below)); errors.Is(err, fs.ErrNotExist) {
				missing = append(missing, at.target(s.setup.GOOS))
			}
		}
		for _, f := range slices.Backward(missing) {
			if !slices.Contains(st.Folders, f) {
				st.Folders = append(st.Folders, f)
			}
		}
	}
}

// Remove takes away what Install wrote and nobody has changed since, and the folders that it made if they are empty.
func (s *System) Remove() ([]Done, error) {
	st, err := s.readReceipt()
	if err != nil {
		return nil, err
	}
	var done []Done
	kept := *st
	kept.Written = nil
	for _, c := range s.compare(&Plan{}, st) {
		d, keep, act := decide(&c)
		if act {
			keep = nil
			if d = (Done{c.target, Removed, ""}); s.machine.take(&c.place) != nil {
				keep, d = c.old, Done{c.target, Failed, "it cannot be removed; is the file system writable?"}
			}
		}
		done = append(done, d)
		if keep != nil {
			kept.Written = append(kept.Written, *keep)
		}
	}
	if err := s.writeReceipt(&kept); err != nil {
		return done, err
	}
	return append(done, s.removeFolders(st.Folders, kept.Written)...), failure(done)
}

// removeFolders removes the folders that were made, and names those that others have put something into.
func (s *System) removeFolders(folders []string, kept []entry) []Done {
	full := []string{s.Receipt()}[:min(len(kept), 1)] // paths that stay, whose folders need no word
	for _, e := range kept {
		full = append(full, e.Path)
	}
	var out []Done
	for _, f := range slices.Backward(folders) {
		inside := func(path string) bool { return strings.HasPrefix(path, f+string([]byte{separator(s.setup.GOOS)})) }
		if slices.ContainsFunc(full, inside) {
			continue
		}
		if d := s.removeFolder(f); d != nil {
			out, full = append(out, *d), append(full, f)
		}
	}
	return out
}

// removeFolder removes a folder, and returns what there is to say if that cannot be done.
func (s *System) removeFolder(folder string) *Done {
	place, err := s.placeOf(folder)
	if err != nil {
		return nil // checked when it was read
	}
	in, name, err := s.machine.open(&place, false)
	if err != nil {
		return nil // gone, with what it was in
	}
	defer in.Close()
	if fi, err := in.Lstat(name); err != nil || !fi.IsDir() || in.Remove(name) == nil {
		return nil
	}
	return &Done{folder, Stays, "the folder stays, because something else is in it"}
}

// failure returns an error if something could not be done.
func failure(done []Done) error {
	for _, d := range done {
		if d.Outcome == Left || d.Outcome == Failed {
			return errNotAll
		}
	}
	return nil
}
