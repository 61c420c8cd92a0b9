//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// maxLine bounds one line of a recording in bytes, as docs/trace.md does.
const maxLine = 32 << 20

// Truth is what truth.json says about a recording. Times are seconds since the recording's first tick.
type Truth struct {
	Label     Label `json:"label"`
	Simulated bool  `json:"simulated"`
	// Site is the site of the load, "" for none; Sites are all of them where several pages share it.
	Site      string   `json:"site"`
	Sites     []string `json:"sites,omitempty"`
	Process   string   `json:"process"`
	LoadStart float64  `json:"load_start_s"`
	LoadEnd   float64  `json:"load_end_s"`
	Note      string   `json:"note"`
	Split     string   `json:"split"`
	Duty      float64  `json:"duty"`
	Workers   int      `json:"workers"`
	// Cores is the intended load.
	Cores    float64  `json:"cores"`
	Kind     string   `json:"kind"`
	Programs []string `json:"programs"`
	// Hashes is how many hashes simulated mining computed, where it told: what an evasion costs whoever hides.
	Hashes int64 `json:"hashes,omitempty"`
	// Evasion and Reference are those of the scenario.
	Evasion   string `json:"evasion,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// span is when the load really ran, by the wall clock, and how many hashes it computed if it was a loop of them.
type span struct {
	from, to time.Time
	hashes   int64
}

// truth says what the recording of a scenario holds.
func truth(s Scenario, split string, load span, r recorded) Truth {
	t := Truth{
		Label: s.Label, Simulated: true, Site: s.Site, Sites: s.sites(), Hashes: load.hashes, Note: s.Note, Split: split, Duty: s.Duty, Workers: s.Workers,
		Cores: s.Cores, Kind: s.Kind, Evasion: s.Evasion, Reference: s.Reference, Programs: s.processes(),
		LoadStart: tenths(load.from.Sub(r.began)), LoadEnd: tenths(min(load.to.Sub(r.began), r.length)),
	}
	t.Process = t.Programs[0]
	return t
}

// tenths rounds to what a measurement over processes can mean.
func tenths(d time.Duration) float64 { return math.Round(max(d, 0).Seconds()*10) / 10 }

// tick is what is read of one line of a recording, see docs/trace.md.
type tick struct {
	At        int64     `json:"at_us"`
	Time      time.Time `json:"time"`
	Processes []struct {
		ID       [2]int64 `json:"id"`
		User     int64    `json:"u"`
		System   int64    `json:"s"`
		Children int64    `json:"c"`
		Info     *struct {
			Name string `json:"name"`
		} `json:"info"`
	} `json:"p"`
	Renderers []struct {
		Frames []struct {
			Origin string `json:"origin"`
		} `json:"frames"`
	} `json:"renderers"`
}

// recorded is what a recording really holds.
type recorded struct {
	began  time.Time
	length time.Duration
	ticks  []tick
}

// readRecording reads a whole recording.
func readRecording(path string) (recorded, error) {
	var r recorded
	f, err := os.Open(path)
	if err != nil {
		return r, err
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return r, err
	}
	defer z.Close()
	return parseRecording(z)
}

func parseRecording(in io.Reader) (recorded, error) {
	var r recorded
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	if !lines.Scan() {
		return r, errors.Join(errors.New("the recording is empty"), lines.Err())
	}
	for lines.Scan() {
		var t tick
		if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
			return r, fmt.Errorf("line %d of the recording: %w", len(r.ticks)+2, err)
		}
		r.ticks = append(r.ticks, t)
	}
	if len(r.ticks) == 0 {
		return r, errors.Join(errors.New("the recording holds no tick"), lines.Err())
	}
	r.began = r.ticks[0].Time
	r.length = time.Duration(r.ticks[len(r.ticks)-1].At) * time.Microsecond
	return r, lines.Err()
}

// cores returns how many cores the processes of these names held between two moments of the recording, in seconds.
func (r recorded) cores(names []string, from, to float64) float64 {
	name := map[[2]int64]string{}
	last := map[[2]int64]int64{}
	var used int64
	for _, t := range r.ticks {
		at := float64(t.At) / 1e6
		for _, p := range t.Processes {
			if p.Info != nil {
				name[p.ID] = p.Info.Name
			}
			now := p.User + p.System + p.Children
			if at > from && at <= to+1 && slices.ContainsFunc(names, func(n string) bool { return cut(n) == cut(name[p.ID]) }) {
				used += now - last[p.ID]
			}
			last[p.ID] = now
		}
	}
	return float64(used) / 1e6 / max(to-from, 1)
}

// cut returns a process name as the kernel keeps it; a recording may hold more of it, taken from the program's path.
func cut(name string) string { return name[:min(len(name), 15)] }

// named reports whether a browser answered that the site lives in a busy process.
func (r recorded) named(site string) bool {
	for _, t := range r.ticks {
		for _, a := range t.Renderers {
			for _, f := range a.Frames {
				if strings.HasSuffix(f.Origin, "//"+site) || strings.Contains(f.Origin, "//"+site+":") {
					return true
				}
			}
		}
	}
	return false
}

// minLoad is the share of the intended load that a recording must hold to be what it says: sandboxes share the processor;
// minQuiet is that of a recording that asked for an idle machine.
const (
	minLoad  = 0.15
	minQuiet = 0.3
	// leastCores is what even a crowded machine must have left: nothing can be said of less.
	leastCores = 0.15
	// leastPaused is that of mining that pauses, on average.
	leastPaused = 0.12
)

// check reports a recording that does not hold what its truth says.
func check(s Scenario, t Truth, r recorded) error {
	length := t.LoadEnd - t.LoadStart
	if length < 10 && !s.Sparse {
		return fmt.Errorf("the load ran for %.1f s only", length)
	}
	if s.Label == Benign && s.Load == "" && len(s.Programs) == 0 {
		return nil // ordinary use has no load that must be there
	}
	if t.Site != "" && t.Label != Benign && !slices.ContainsFunc(append([]string{t.Site}, t.Sites...), r.named) {
		return fmt.Errorf("no browser answered for %s", t.Site)
	}
	possible := min(s.Cores, float64(runtime.NumCPU()))
	floor := max(possible*minLoad, min(leastCores, 0.8*s.Cores))
	if s.Quiet && t.Label != Benign {
		floor = max(floor, possible*minQuiet)
	}
	switch {
	case s.Label == Benign, s.Sparse && s.Label == Lookalike:
		floor = 0.02
	case s.Sparse:
		floor = leastPaused
	}
	if got := r.cores(t.Programs, t.LoadStart, t.LoadEnd); got < floor {
		return fmt.Errorf("%s held %.2f cores, %.2f were intended", strings.Join(t.Programs, ", "), got, s.Cores)
	}
	return nil
}
