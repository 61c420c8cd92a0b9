package heuristics

import (
	"math"
	"strings"
)

// Fact is something that a rule cannot do without: a set of what may be known of a subject beside its CPU time.
type Fact uint16

// The facts that rules name in their definitions.
const (
	// FactShape is how the load varies: enough samples, close enough together.
	FactShape Fact = 1 << iota
	// FactThreads is CPU time per thread; within a browser with the threads' names.
	FactThreads
	// FactVisibility is whether the tabs in a renderer are on screen, FactSound whether one plays sound.
	FactVisibility
	FactSound
	// FactTransfer is the bytes of read and write calls.
	FactTransfer
	// FactMemory is several readings of resident memory, FactMemoryStep those from the start of the load.
	FactMemory
	FactMemoryStep
	// FactPath is the path of the program.
	FactPath
	// FactSystemTime is the share of CPU time spent in the kernel.
	FactSystemTime
	// FactWorkerShape is how what a page's workers ask for varies.
	FactWorkerShape
	// FactLives is how long the ended processes of a group lived.
	FactLives
)

// factInfo says of one fact how people call it and how to see that it is there.
type factInfo struct {
	fact  Fact
	words string
	known func(f *Features, about *Subject) bool
}

func factTable() []factInfo {
	is := func(figure func(*Features) float64) func(*Features, *Subject) bool {
		return func(f *Features, _ *Subject) bool { return !math.IsNaN(figure(f)) }
	}
	return []factInfo{
		{FactShape, "eight samples at most 5 s apart", func(f *Features, _ *Subject) bool {
			return !math.IsNaN(f.Spread) && f.Interval <= coarse+coarse/10 // a late tick makes none coarse
		}},
		{FactThreads, "CPU time per thread", is(func(f *Features) float64 { return f.WorkerShare + f.MainShare })},
		{FactVisibility, "whether the tab is on screen", is(func(f *Features) float64 { return f.Hidden })},
		{FactSound, "whether the tab plays sound", is(func(f *Features) float64 { return f.Audible })},
		{FactTransfer, "bytes of read and write calls", is(func(f *Features) float64 { return f.Transfer })},
		{FactMemory, "three readings of resident memory", is(func(f *Features) float64 { return f.MemoryMoves })},
		{FactMemoryStep, "resident memory from the start of the load", is(func(f *Features) float64 { return f.MemoryStep })},
		{FactPath, "the path of the program", func(_ *Features, about *Subject) bool { return about.Info.Exe != "" }},
		{FactSystemTime, "time in the kernel", is(func(f *Features) float64 { return f.SystemShare })},
		{FactWorkerShape, "eight samples of busy workers at most 5 s apart", func(f *Features, _ *Subject) bool {
			return !math.IsNaN(f.WorkerSpread) && f.Interval <= coarse+coarse/10 // a late tick makes none coarse
		}},
		{FactLives, "lives of ended processes", is(func(f *Features) float64 { return f.LifeUneven })},
	}
}

// String returns the facts in words, "" for none.
func (n Fact) String() string {
	var words []string
	for _, i := range factTable() {
		if n&i.fact != 0 {
			words = append(words, i.words)
		}
	}
	return strings.Join(words, ", ")
}

// knownFacts returns what is known of a subject.
func knownFacts(table []factInfo, f *Features, about *Subject) Fact {
	var known Fact
	for i := range table {
		if table[i].known(f, about) {
			known |= table[i].fact
		}
	}
	return known
}
