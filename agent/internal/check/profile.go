package check

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// profileEvery is the time between two samples of a profile, profileFor the length of one. Two seconds gave the duty of
	// a worker to 0.02 (measured against loops of a set duty).
	profileEvery = 2 * time.Millisecond
	profileFor   = 2 * time.Second
	// maxProfiled bounds the places that are profiled at one time.
	maxProfiled = 64
	// busyDuty is the duty from which a script is worth a line.
	busyDuty = 0.03
	// maxDepth bounds the way from the root of a profile to a function.
	maxDepth = 256
)

// cpuProfile is what the browser's profiler tells of one place.
type cpuProfile struct {
	Nodes []struct {
		ID    int `json:"id"`
		Frame struct {
			Function string `json:"functionName"`
			Script   string `json:"scriptId"`
			URL      string `json:"url"`
		} `json:"callFrame"`
		Children []int `json:"children"`
	} `json:"nodes"`
	Start   int64   `json:"startTime"` // microseconds
	End     int64   `json:"endTime"`
	Samples []int   `json:"samples"`
	Deltas  []int64 `json:"timeDeltas"`
}

// ran is what a profile says of one script in one place.
type ran struct {
	place *place
	// url is the address of the script behind it; calls the addresses on the way there, the outermost first.
	url   string
	calls []string
	// function is the busiest one and module the WebAssembly module it lies in.
	function, module string
	self             time.Duration
	of               time.Duration // the time that was profiled
	best             time.Duration // of the busiest function
	script           string        // the id of the script that function is in
}

// profile profiles every place that runs for a while and returns what each script used, the busiest first. A place that
// does not answer is left out: its thread may be blocked by the page.
func (t *tab) profile(ctx context.Context, length time.Duration) []ran {
	places := t.living()
	if len(places) > maxProfiled {
		places = places[len(places)-maxProfiled:] // the newest: the page comes first and is seldom the busy one
	}
	for _, pl := range places {
		t.line.Post(pl.session, "Profiler.start", nil)
	}
	if !sleep(ctx, length) {
		return nil
	}
	var (
		mu  sync.Mutex
		all []ran
		wg  sync.WaitGroup
	)
	for _, pl := range places {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
			defer cancel()
			var answer struct {
				Profile json.RawMessage `json:"profile"`
			}
			if t.line.Call(ctx, pl.session, "Profiler.stop", nil, &answer) != nil {
				return
			}
			p, ok := parseProfile(answer.Profile)
			if !ok {
				return
			}
			found := t.ranIn(pl, p)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, found...)
		})
	}
	wg.Wait()
	slices.SortFunc(all, func(a, b ran) int {
		return cmp.Or(cmp.Compare(b.self, a.self), strings.Compare(a.url, b.url), strings.Compare(a.place.session, b.place.session))
	})
	return all
}

// parseProfile reads a profile and checks it against itself.
func parseProfile(text []byte) (*cpuProfile, bool) {
	p := &cpuProfile{}
	if json.Unmarshal(text, p) != nil || p.End <= p.Start || len(p.Samples) != len(p.Deltas) {
		return nil, false
	}
	return p, true
}

// ranIn sums a profile up by script.
func (t *tab) ranIn(pl *place, p *cpuProfile) []ran {
	index := make(map[int]int, len(p.Nodes))
	parent := make(map[int]int, len(p.Nodes))
	for i := range p.Nodes {
		index[p.Nodes[i].ID] = i
		for _, c := range p.Nodes[i].Children {
			parent[c] = p.Nodes[i].ID
		}
	}
	self := map[int]time.Duration{}
	for i, id := range p.Samples {
		if d := p.Deltas[i]; d > 0 {
			self[id] += time.Duration(d) * time.Microsecond
		}
	}
	length := time.Duration(p.End-p.Start) * time.Microsecond
	byURL := map[string]*ran{}
	var order []*ran
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, used := range self {
		i, ok := index[id]
		if !ok || isIdle(p.Nodes[i].Frame.Function, p.Nodes[i].Frame.URL) {
			continue
		}
		own := p.Nodes[i].Frame
		var calls []string
		for at, depth := id, 0; depth < maxDepth; depth++ {
			if i, ok := index[at]; ok {
				if u := p.Nodes[i].Frame.URL; u != "" && !isWasm(u) && (len(calls) == 0 || calls[len(calls)-1] != u) {
					calls = append(calls, clip(u))
				}
			}
			up, ok := parent[at]
			if !ok {
				break
			}
			at = up
		}
		s := pl.scripts[own.Script]
		url, module := clip(own.URL), ""
		if isWasm(own.URL) {
			module = clip(own.URL)
			switch {
			case len(calls) > 0:
				url = calls[0]
			case s != nil && s.by != "":
				url = s.by
			}
		} else if url == "" && len(calls) > 0 {
			url = calls[0]
		}
		if url == "" { // the page's own text, without a name
			url = pl.url
		}
		r := byURL[url]
		if r == nil {
			slices.Reverse(calls)
			r = &ran{place: pl, url: url, calls: calls, of: length}
			byURL[url] = r
			order = append(order, r)
		}
		r.self += used
		if used > r.best {
			r.best, r.function, r.module = used, clip(own.Function), module
			r.script = own.Script
		}
		if module != "" && r.module == "" {
			r.module = module
		}
	}
	out := make([]ran, 0, len(order))
	for _, r := range order {
		out = append(out, *r)
	}
	return out
}

// text returns the script whose text ran, nil where the browser did not tell it.
func (r *ran) text() *script {
	if s := r.place.scripts[r.script]; s != nil && !s.wasm {
		return s
	}
	for _, s := range r.place.scripts {
		if s.url == r.url && !s.wasm {
			return s
		}
	}
	return nil
}

// duty is the share of the profiled time in which the thread ran the script.
func (r *ran) duty() float64 { return min(1, r.self.Seconds()/max(r.of.Seconds(), 1e-3)) }

// isIdle reports whether a line of a profile is no script's: the profiler's own words stand in parentheses and have no
// address.
func isIdle(function, url string) bool {
	return url == "" && (function == "(idle)" || function == "(program)" || function == "(root)" || function == "(garbage collector)")
}

func isWasm(url string) bool { return strings.HasPrefix(url, "wasm:") }

// sleep waits; it reports false where ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
