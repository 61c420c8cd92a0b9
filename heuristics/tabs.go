package heuristics

import "slices"

// A miner spread over many tabs of one browser gives each page too little to be noticed. Pages of different sites that do
// the same steady work at one time are evidence against each of them.

const (
	// leastTabs is how many pages of one browser must do the same before they are taken together.
	leastTabs = 3
	// sameWork is by how much the workers of two pages may differ and still do the same.
	sameWork = 0.35
	// tabWorkers is what a page's workers must ask for, in cores, and tabShare their share of its work.
	tabWorkers, tabShare = 0.04, 0.5
	// tabSpread is the spread from which workers do not work steadily: on a crowded computer little work is uneven.
	tabSpread = 0.3
	// maxTabs bounds how many pages of one browser are taken together.
	maxTabs = 64
)

// tabs is what the steady workers of a browser's pages ask for, each in cores.
type tabs struct {
	tick     int
	now, was []float64 // in this tick, and in the one before
}

// turn begins a tick.
func (t *tabs) turn(tick int) {
	if t.tick == tick {
		return
	}
	t.now, t.was = t.was[:0], t.now
	if t.tick != tick-1 {
		t.was = t.was[:0]
	}
	slices.Sort(t.was) // pages come in no order, and sums must not differ from run to run
	t.tick = tick
}

// alike returns how many pages did the same as one whose workers ask for cores, itself included, and for how much all
// of them ask.
func (t *tabs) alike(cores float64) (n int, sum float64) {
	for _, c := range t.was {
		if c >= cores*(1-sameWork) && c <= cores/(1-sameWork) {
			n++
			sum += c
		}
	}
	return n, sum
}

// fillTabs sets what the other pages of a page's browser do.
func (d *Detector) fillTabs(f *Features, about *Subject) {
	if about.scope() != ScopePage || !(f.WorkerShare >= tabShare && f.WorkerCores >= tabWorkers && f.WorkerSpread < tabSpread) {
		return
	}
	root := d.deltas.processes[about.Info.Browser.Root]
	if root == nil {
		return
	}
	root.tabs.turn(d.tick)
	if len(root.tabs.now) < maxTabs {
		root.tabs.now = append(root.tabs.now, f.WorkerCores)
	}
	if n, sum := root.tabs.alike(f.WorkerCores); n >= leastTabs {
		f.Tabs, f.TabCores = float64(n), sum
	}
}
