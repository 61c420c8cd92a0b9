package evaluate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/trace"
)

// Caps of a truth file: it is written by hand or by a stranger's script.
const (
	maxTruth    = 64 << 10
	maxText     = 4096
	maxPrograms = 256
	maxSites    = 256
	maxSeconds  = 366 * 86400.0
	maxWorkers  = 1 << 16
)

// The labels of a recording.
const (
	Mining    = "mining"    // its load is of mining's kind, simulated or not
	Benign    = "benign"    // ordinary use, nothing to say
	Lookalike = "lookalike" // its CPU use alone cannot be told from mining
)

// The splits.
const (
	Tune = "tune" // rules and weights may be fitted on it
	Test = "test" // set aside
)

// Truth is what a label file says of a recording. Times are seconds on the recording's own clock.
type Truth struct {
	// Label is Mining, Benign or Lookalike; Split is Tune, Test or "" where the file does not say.
	Label, Split string
	Simulated    bool
	// Site is the site that the load is on, "" for a load outside a browser. Sites are all of them where pages of several
	// sites share the load; an alert about any of them is right.
	Site  string
	Sites []string
	// Process is the name of the program that carries the load, Programs more names that it may go by.
	Process  string
	Programs []string
	// LoadStart and LoadEnd bound the load; nil where the file does not say.
	LoadStart, LoadEnd *float64
	// Duty is the share of the time that each worker computes, 0 to 1; Cores the intended load in cores; nil where the
	// file does not say.
	Duty, Cores *float64
	Workers     int
	// Kind is a short word for how the load was made, Note a sentence.
	Kind, Note string
	// Hashes is how many hashes simulated mining computed, 0 where it did not tell. Evasion is the kind of evasion whose
	// price the recording shows, Reference the name of the recording of the plain miner that it is held against.
	Hashes             int64
	Evasion, Reference string

	// lines holds the line of each key, for messages.
	lines map[string]int
}

// flaw is what is wrong with one line of a truth file; line 0 means the file as a whole.
type flaw struct {
	line int
	err  error
}

func (f *flaw) Error() string { return f.err.Error() }
func (f *flaw) Unwrap() error { return f.err }

// ReadTruth reads the label file at path. Its errors begin with the path and, where one is to blame, the line.
func ReadTruth(path string) (Truth, error) {
	f, err := trace.OpenRegular(path)
	if errors.Is(err, os.ErrNotExist) {
		return Truth{}, fmt.Errorf(`%s is missing: say what the recording shows, such as {"label":"benign"} (docs/testers.md)`, path)
	}
	if err != nil {
		return Truth{}, fmt.Errorf("the label file cannot be read: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTruth+1))
	if err != nil {
		return Truth{}, fmt.Errorf("the label file cannot be read: %w", err)
	}
	t, err := ParseTruth(b)
	if err != nil {
		return Truth{}, at(path, err)
	}
	return t, nil
}

// at puts the file, and the line where there is one, before an error.
func at(path string, err error) error {
	var f *flaw
	if errors.As(err, &f) && f.line > 0 {
		return fmt.Errorf("%s:%d: %w", path, f.line, f.err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// ParseTruth reads a label file: one JSON object. Keys it does not know are ignored, a key may be null; a value of the
// wrong type, a key that stands twice and a file that contradicts itself are errors.
func ParseTruth(b []byte) (Truth, error) {
	if len(b) > maxTruth {
		return Truth{}, fmt.Errorf("a label file has at most %d bytes", maxTruth)
	}
	t := Truth{lines: map[string]int{}}
	in := json.NewDecoder(bytes.NewReader(b))
	line := func() int { return 1 + bytes.Count(b[:min(int(in.InputOffset()), len(b))], []byte("\n")) }
	open, err := in.Token()
	if err != nil || open != json.Delim('{') {
		return t, &flaw{1, errors.New(`not a label file: it must be one JSON object, such as {"label":"benign"}`)}
	}
	for in.More() {
		key, err := in.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return t, &flaw{brokenAt(b, in, err), errors.New("this is not JSON")}
		}
		if t.lines[name] > 0 {
			return t, &flaw{line(), fmt.Errorf("%q stands here a second time", words.Clean(name))}
		}
		t.lines[name] = line()
		var raw json.RawMessage
		if err := in.Decode(&raw); err != nil {
			return t, &flaw{brokenAt(b, in, err), errors.New("this is not JSON")}
		}
		if err := t.set(name, raw); err != nil {
			return t, &flaw{t.lines[name], err}
		}
	}
	if _, err := in.Token(); err != nil {
		return t, &flaw{brokenAt(b, in, err), errors.New("this is not JSON")}
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return t, &flaw{line(), errors.New("something follows the label's object")}
	}
	return t, t.check()
}

// brokenAt returns the line at which the JSON stops making sense.
func brokenAt(b []byte, in *json.Decoder, err error) int {
	offset := in.InputOffset()
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		offset = max(offset, syntax.Offset)
	}
	return 1 + bytes.Count(b[:min(int(offset), len(b))], []byte("\n"))
}

// set takes one value.
func (t *Truth) set(name string, raw json.RawMessage) error {
	fields := map[string]struct {
		into any
		kind string
	}{
		"label": {&t.Label, "a text"}, "split": {&t.Split, "a text"}, "simulated": {&t.Simulated, "true or false"},
		"site": {&t.Site, "a text"}, "sites": {&t.Sites, "a list of sites"}, "process": {&t.Process, "a text"}, "programs": {&t.Programs, "a list of names"},
		"load_start_s": {&t.LoadStart, "a number of seconds"}, "load_end_s": {&t.LoadEnd, "a number of seconds"},
		"duty": {&t.Duty, "a number from 0 to 1"}, "cores": {&t.Cores, "a number of cores"},
		"workers": {&t.Workers, "a whole number"}, "kind": {&t.Kind, "a text"}, "note": {&t.Note, "a text"},
		"hashes": {&t.Hashes, "a whole number"}, "evasion": {&t.Evasion, "a text"}, "reference": {&t.Reference, "a text"},
	}
	f, known := fields[name]
	if !known {
		return nil
	}
	if err := json.Unmarshal(raw, f.into); err != nil {
		return fmt.Errorf("%q must be %s", name, f.kind)
	}
	if s, ok := f.into.(*string); ok && len(*s) > maxText {
		return fmt.Errorf("%q is longer than %d bytes", name, maxText)
	}
	return nil
}

// check looks for what contradicts itself within the file.
func (t *Truth) check() error {
	bad := func(key, format string, args ...any) error {
		return &flaw{t.lines[key], fmt.Errorf(format, args...)}
	}
	number := func(x *float64, most float64) bool { return x == nil || (*x >= 0 && *x <= most) }
	switch {
	case t.Label == "":
		return &flaw{1, errors.New(`"label" is missing: mining, benign or lookalike`)}
	case !slices.Contains([]string{Mining, Benign, Lookalike}, t.Label):
		return bad("label", `"label" is %q, not mining, benign or lookalike`, words.Clean(t.Label))
	case !slices.Contains([]string{"", Tune, Test}, t.Split):
		return bad("split", `"split" is %q, not tune or test`, words.Clean(t.Split))
	case !number(t.LoadStart, maxSeconds):
		return bad("load_start_s", `"load_start_s" is %g, which is no time of a recording`, *t.LoadStart)
	case !number(t.LoadEnd, maxSeconds):
		return bad("load_end_s", `"load_end_s" is %g, which is no time of a recording`, *t.LoadEnd)
	case t.LoadStart != nil && t.LoadEnd != nil && *t.LoadEnd <= *t.LoadStart:
		return bad("load_end_s", `"load_end_s" is %g, not after "load_start_s" %g`, *t.LoadEnd, *t.LoadStart)
	case !number(t.Duty, 1):
		return bad("duty", `"duty" is %g, not from 0 to 1`, *t.Duty)
	case !number(t.Cores, maxWorkers):
		return bad("cores", `"cores" is %g, not from 0 to %d`, *t.Cores, maxWorkers)
	case t.Hashes < 0:
		return bad("hashes", `"hashes" is %d, less than none`, t.Hashes)
	case t.Workers < 0 || t.Workers > maxWorkers:
		return bad("workers", `"workers" is %d, not from 0 to %d`, t.Workers, maxWorkers)
	case len(t.Programs) > maxPrograms:
		return bad("programs", `"programs" has more than %d names`, maxPrograms)
	case len(t.Sites) > maxSites:
		return bad("sites", `"sites" has more than %d sites`, maxSites)
	case t.Label == Mining && len(t.AllSites()) == 0 && t.Process == "" && len(t.Programs) == 0:
		return bad("label", `"label" is mining, but neither "site" nor "process" says whose load it is`)
	}
	return nil
}

// load returns the intended load in cores, ok false where the file does not say.
func (t *Truth) load() (cores float64, ok bool) {
	switch {
	case t.Cores != nil:
		return *t.Cores, true
	case t.Duty != nil && t.Workers > 0:
		return *t.Duty * float64(t.Workers), true
	}
	return 0, false
}

// AllSites returns the sites that the load is on, each once; none for a load outside a browser.
func (t *Truth) AllSites() []string {
	var out []string
	for _, site := range append([]string{t.Site}, t.Sites...) {
		if site != "" && !slices.Contains(out, site) {
			out = append(out, site)
		}
	}
	return out
}

// names returns every name that the program may go by.
func (t *Truth) names() []string {
	if t.Process == "" {
		return t.Programs
	}
	return append([]string{t.Process}, t.Programs...)
}
