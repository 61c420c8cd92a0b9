package trace

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/heuristics"
)

// Redact returns a Source that yields the snapshots of another with every name of a program, path, person and site
// replaced, the same name always by the same stand-in, so that a recording can be shown to others. What the detector looks
// at stays: counters, the kind of place a program lies in, which frames are of one site, and names that are public
// (browsers, their threads, system services). Only what names on a list of known miners say is lost.
//
// A stand-in is a number in the order of first sight, not a hash of the name, so there is nothing that a list of names
// could be tried against.
func Redact(source pipeline.Source) pipeline.Source {
	return func(ctx context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			r := newRedactor()
			for s, err := range source(ctx) {
				if err == nil {
					r.snapshot(&s)
				}
				if !yield(s, err) {
					return
				}
			}
		}
	}
}

// RedactHeader returns the first line for a redacted recording: when it began to the hour, without the processor's
// model and without words that a person wrote.
func RedactHeader(h Header) Header {
	return Header{
		Started: h.Started.UTC().Truncate(time.Hour), Cores: h.Cores, IntervalMS: h.IntervalMS, OS: h.OS, Agent: h.Agent,
		Simulated: h.Simulated,
	}
}

// maxStandIns bounds what is remembered of each kind of name. A recording with more was made to exhaust memory; the
// names beyond share one stand-in.
const maxStandIns = 1 << 18

// standIns numbers the names of one kind in the order of first sight.
type standIns map[string]int

// of returns the number of a name, from 1.
func (s standIns) of(name string) int {
	n, known := s[name]
	if !known {
		if len(s) >= maxStandIns {
			return maxStandIns + 1
		}
		n = len(s) + 1
		s[name] = n
	}
	return n
}

// redactor remembers the stand-ins of one recording.
type redactor struct {
	words, threads, users, sites, tabs, frames standIns
	// exes holds the stand-ins of paths, taken those that are given out: two programs must not become one.
	exes  map[string]string
	taken map[string]bool
	// shift is by how much the wall clock is set back, so that the first sample lies on the hour.
	shift time.Duration
	begun bool
}

func newRedactor() *redactor {
	return &redactor{
		words: standIns{}, threads: standIns{}, users: standIns{}, sites: standIns{}, tabs: standIns{}, frames: standIns{},
		exes: map[string]string{}, taken: map[string]bool{},
	}
}

// snapshot replaces the names in a snapshot. What the source keeps is not written to.
func (r *redactor) snapshot(s *heuristics.Snapshot) {
	if !r.begun {
		r.begun = true
		r.shift = s.Time.Sub(s.Time.Truncate(time.Hour))
	}
	s.Time = s.Time.Add(-r.shift).UTC()
	processes := make([]heuristics.ProcessSample, len(s.Processes))
	for i, p := range s.Processes {
		if p.Info != nil {
			p.Info = r.info(p.Info)
		}
		p.Threads = r.threadsOf(p.Threads)
		processes[i] = p
	}
	s.Processes = processes
	renderers := make([]heuristics.Renderer, len(s.Renderers))
	for i, a := range s.Renderers {
		renderers[i] = r.renderer(a)
	}
	if s.Renderers != nil {
		s.Renderers = renderers
	}
	gaps := make([]heuristics.Gap, len(s.Gaps))
	for i, g := range s.Gaps {
		g.Kind = heuristics.GapKind(word(string(g.Kind)))
		gaps[i] = g
	}
	if s.Gaps != nil {
		s.Gaps = gaps
	}
}

// word returns a word of a fixed vocabulary as it is, and "other" for what cannot be one.
func word(s string) string {
	if len(s) > 24 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_-") != "" {
		return "other"
	}
	return s
}

func (r *redactor) info(in *heuristics.ProcessInfo) *heuristics.ProcessInfo {
	out := *in
	out.Name, out.Exe = r.program(in.Name), r.exe(in.Exe)
	if in.User != "" {
		out.User = "user-" + strconv.Itoa(r.users.of(in.User))
	}
	if in.Browser != nil {
		b := *in.Browser
		b.Family, b.Role = heuristics.Family(word(string(b.Family))), heuristics.Role(word(string(b.Role)))
		out.Browser = &b
	}
	return &out
}

// program returns the stand-in of a program's name. What rules see in a name stays: brackets, the stems of the kernel's
// threads and of system services. Names that every computer has stay whole.
func (r *redactor) program(name string) string {
	if name == "" || isPublicProgram(name) {
		return name
	}
	lower := strings.ToLower(name)
	bare := strings.Trim(lower, "[]")
	open := lower[:len(lower)-len(strings.TrimLeft(lower, "["))]
	stem, ending := stemOf(bare)
	if stem == strings.TrimSuffix(bare, ".exe") {
		return open[:min(len(open), 1)] + stem + ending
	}
	// The file of a long name is often named in full where the process's name is cut to 15 bytes.
	key := bare[:min(len(bare), 15)]
	out := stem + "-" + strconv.Itoa(r.words.of(key))
	if bare != key {
		out += "-" + strconv.Itoa(r.words.of(bare))
	}
	return open[:min(len(open), 1)] + out + ending
}

// stemOf returns what a name's stand-in begins with, and its ending.
func stemOf(bare string) (stem, ending string) {
	if strings.HasSuffix(bare, ".exe") {
		ending = ".exe"
	}
	base := strings.TrimSuffix(bare, ".exe")
	for _, stem := range kernelStems() {
		if strings.HasPrefix(base, stem) {
			return stem, ending
		}
	}
	for _, stem := range serviceStems() {
		if base == stem || strings.HasPrefix(base, stem+"-") {
			return stem, ending
		}
	}
	return "program", ending
}

// exe returns the stand-in of a program's path: the kind of place that it lies in, and a name.
func (r *redactor) exe(path string) string {
	if path == "" {
		return ""
	}
	if out, known := r.exes[path]; known {
		return out
	}
	if len(r.exes) >= maxStandIns {
		return "/other/program"
	}
	whole, deleted := strings.CutSuffix(path, " (deleted)")
	lower := strings.ToLower(strings.ReplaceAll(whole, `\`, "/"))
	base := lower[strings.LastIndexByte(lower, '/')+1:]
	folder := place(lower)
	switch {
	case heuristics.InHiddenFolder(whole):
		folder += ".hidden/"
	case strings.Contains(lower, "/.") && (folder == "/home/user/" || folder == "/Users/user/"):
		folder += ".tools/bin/" // a developer's tools have hidden folders of their own
	}
	out := folder + r.fileName(base)
	for again := 2; r.taken[out]; again++ {
		out = folder + r.fileName(base) + "-" + strconv.Itoa(again)
	}
	r.taken[out] = true
	if deleted {
		out += " (deleted)"
	}
	r.exes[path] = out
	return out
}

// fileName returns the stand-in of a file's name: as that of a process, but it keeps the beginning that it shares with a
// service's name, by which a rule tells a service's own file from another.
func (r *redactor) fileName(base string) string {
	if base == "" {
		return "program"
	}
	if out := r.program(base); !strings.HasPrefix(out, "program") {
		return strings.TrimLeft(out, "[")
	}
	for _, stem := range serviceStems() {
		if strings.HasPrefix(base, stem[:min(len(stem), 6)]) {
			return stem + "-" + strconv.Itoa(r.words.of(base[:min(len(base), 15)]))
		}
	}
	return r.program(base)
}

func (r *redactor) threadsOf(all []heuristics.ThreadSample) []heuristics.ThreadSample {
	if all == nil {
		return nil
	}
	out := make([]heuristics.ThreadSample, len(all))
	for i, t := range all {
		t.Name = r.thread(t.Name)
		out[i] = t
	}
	return out
}

// letters writes a number, from 1 on, in letters: a, b, … z, aa, ab.
func letters(n int) string {
	var out []byte
	for ; n > 0; n = (n - 1) / 26 {
		out = append([]byte{byte('a' + (n-1)%26)}, out...)
	}
	return string(out)
}

// thread returns a thread's name where it is one that browsers give, cut to the public part; else a stand-in.
func (r *redactor) thread(name string) string {
	if name == "" {
		return ""
	}
	for _, public := range engineThreads() {
		if strings.HasPrefix(name, public) {
			return public
		}
	}
	if isPublicProgram(name) {
		return name
	}
	// The detector tells kinds of threads apart by their names less the numbers behind them, so both stay apart here.
	kind := heuristics.ThreadKind(name)
	return "thread-" + letters(r.threads.of(kind)) + name[len(kind):]
}

func (r *redactor) renderer(a heuristics.Renderer) heuristics.Renderer {
	a.LastOrigin, a.User = r.origin(a.LastOrigin), heuristics.Presence(word(string(a.User)))
	if a.Frames != nil {
		frames := make([]heuristics.Frame, len(a.Frames))
		for i, f := range a.Frames {
			f.Tab = int64(r.tabs.of(strconv.FormatInt(f.Tab, 10)))
			if f.Frame != 0 { // 0 is the page itself
				f.Frame = int64(r.frames.of(strconv.FormatInt(f.Frame, 10)))
			}
			f.Origin, f.TopOrigin = r.origin(f.Origin), r.origin(f.TopOrigin)
			frames[i] = f
		}
		a.Frames = frames
	}
	return a
}

// origin returns the stand-in of an origin: its scheme and a host that stands for its site. Hosts of one site become
// one, and what is no origin stays none.
func (r *redactor) origin(origin string) string {
	if origin == "" {
		return ""
	}
	site := attribution.SiteOf(origin)
	scheme, _, _ := strings.Cut(strings.ToLower(origin), ":")
	switch site {
	case "":
		return "null" // as browsers write it
	case "file://":
		return site
	}
	number := strconv.Itoa(r.sites.of(site))
	switch scheme {
	case "http", "https", "ws", "wss":
		return scheme + "://site-" + number + ".test"
	case "chrome", "edge", "about", "moz-extension", "chrome-extension", "devtools", "resource":
		return scheme + "://page-" + number
	}
	return "other://page-" + number
}
