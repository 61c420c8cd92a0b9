package heuristics

import (
	"math/rand/v2"
	"testing"
	"time"
)

// browserWith is a Chromium of which each page's worker asks for one of the given shares of a core.
func browserWith(noise float64, shares ...float64) *machine {
	m := newMachine(4)
	root := ProcessID{PID: 100, StartTime: 1}
	exe := "/usr/lib/chromium/chromium"
	m.add(&madeUp{
		info:  ProcessInfo{Name: "chromium", Exe: exe, Browser: &BrowserProcess{Family: Chromium, Role: RoleBrowser, Root: root}},
		names: []string{"chromium"}, use: func(int, time.Duration) []time.Duration { return []time.Duration{0} },
	})
	r := rand.New(rand.NewPCG(8, 9))
	for i, share := range shares {
		page := workers(1, share, 0)
		page.use = func(_ int, dt time.Duration) []time.Duration {
			return []time.Duration{dt / 500, time.Duration(float64(dt) * share * (1 + noise*(2*r.Float64()-1)))}
		}
		page.info = ProcessInfo{Name: "chromium", Exe: exe, Parent: root, Browser: &BrowserProcess{
			Family: Chromium, Role: RoleRenderer, Root: root, Renderer: 5 + i,
		}}
		m.add(page)
	}
	return m
}

func TestPagesThatDoTheSameAreJudgedTogether(t *testing.T) {
	for _, c := range []struct {
		name   string
		noise  float64
		shares []float64
		want   int
	}{
		{"five pages at 8 %", 0.08, []float64{0.08, 0.08, 0.08, 0.08, 0.08}, 5},
		{"one page at 8 %", 0.08, []float64{0.08}, 0},
		{"two pages at 8 %", 0.08, []float64{0.08, 0.08}, 0},
		{"three pages at 8 %", 0.08, []float64{0.08, 0.08, 0.08}, 3},
		{"one that does less than others", 0.08, []float64{0.08, 0.13, 0.25}, 2},
		{"five uneven pages", 0.5, []float64{0.08, 0.08, 0.08, 0.08, 0.08}, 0},
		{"five pages in bursts", 0.9, []float64{0.08, 0.08, 0.08, 0.08, 0.08}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := alike(detectAll(record(browserWith(c.noise, c.shares...), 70)))
			if len(found) != c.want {
				t.Errorf("%d pages called mining, want %d: %v", len(found), c.want, found)
			}
		})
	}
}
