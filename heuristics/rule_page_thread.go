package heuristics

import (
	"fmt"
	"math"
)

// pageThread: a page whose own thread computes without end. In sight a page that works for somebody also draws what it
// does. Out of sight browsers slow a page's timers down and stop its drawing, so one that goes on does so on purpose, but
// it may be a long calculation that somebody left alone.
type pageThread struct{}

const (
	// noDrawing and someDrawing are what a page's drawing uses beside its main thread, at the most of a hash loop and at
	// the least of an honest page on screen.
	noDrawing, someDrawing = 0.004, 0.01
	// noDrawingCores and someDrawingCores are the same in cores: a page that now and then shows a number draws for 3 ms a
	// second, one that moves for 8 and more.
	noDrawingCores, someDrawingCores = 0.004, 0.007
	// scrolledQuiet and drawnQuiet are what a page's quiet seconds draw beside the mean, of a hash loop whose page somebody
	// scrolls and of an honest page that draws what it does; scrolledCores is what scrolling came to at the most, in cores,
	// with a half of it for other readers and screens.
	scrolledQuiet, drawnQuiet = 0.35, 0.5
	scrolledCores             = 0.015
	// hiddenPage is how strongly a busy page out of sight speaks for mining at first: somebody may have left a calculation
	// alone. tirelessPage is what it comes to when it goes on and on, always the same and in the same memory.
	hiddenPage, tirelessPage = 0.25, 0.7
	tirelessFrom, tirelessBy = 20.0, 45.0 // seconds
	// sameMemory is what the memory of hash loops on a page's thread moved by at the most, otherMemory what that of a page
	// which trains a model or calculates moved by at the least.
	sameMemory, otherMemory = 0.02, 0.045
)

func (pageThread) define() Definition {
	return Definition{
		ID: "page_thread_busy", Scope: ScopePage, Needs: FactThreads, Aspect: AspectThreads, From: sustainedFrom,
		Reference: "drawing took 1.1 % of the main thread's time and more on every honest page on screen, 0.0 % beside a hash loop (measured); " +
			"browsers throttle timers of hidden pages to one a second and stop requestAnimationFrame (web platform documentation)",
	}
}

func (pageThread) assess(f *Features, _ *Subject) finding {
	strength := ramp(f.MainShare, 0.5, 0.75)
	if strength == 0 {
		return finding{}
	}
	facts := map[string]float64{"main_share": f.MainShare}
	if f.Hidden > 0 {
		facts["hidden"] = f.Hidden
		facts["tireless"] = f.tireless()
		return finding{
			(hiddenPage + (tirelessPage-hiddenPage)*f.tireless()) * strength, facts,
			fmt.Sprintf("The page itself computes without end (%s of the work) although nobody sees it.", percent(f.MainShare)),
		}
	}
	facts["draw_share"] = f.DrawShare
	if draws := f.draws(); draws < 1 {
		if f.Hidden != 0 { // it may be out of sight, where none draws
			strength *= hiddenPage
		}
		return finding{
			strength * (1 - draws), facts,
			"The page itself computes without end and draws next to nothing.",
		}
	}
	return finding{
		-strength, facts,
		"This page draws on the screen the whole time, as games and tools do; miners do not.",
	}
}

// draws says from 0 to 1 whether a page draws, as one that works for somebody does; 0 where it is not known. That a page
// which computes tirelessly moves when somebody scrolls it does not count.
func (f *Features) draws() float64 {
	draws := ramp(f.DrawShare, noDrawing, someDrawing) * ramp(f.DrawCores, noDrawingCores, someDrawingCores)
	if math.IsNaN(draws) {
		return 0
	}
	return draws * (1 - f.scrolled()*f.tireless())
}

// scrolled says from 0 to 1 whether a page draws no more than one that a reader scrolls, and only then: it rests in
// between. 0 where that is not known.
func (f *Features) scrolled() float64 {
	s := (1 - ramp(f.DrawQuiet, scrolledQuiet, drawnQuiet)) * (1 - ramp(f.DrawCores, scrolledCores, 2*scrolledCores))
	if math.IsNaN(s) {
		return 0
	}
	return s
}

// tireless says from 0 to 1 whether a load has gone on for long, always the same and in the same memory, as a hash loop
// does; 0 where that is not known.
func (f *Features) tireless() float64 {
	t := ramp(f.Busy.Seconds(), tirelessFrom, tirelessBy) *
		(1 - ramp(f.Spread, evenSpread, wildSpread)) * (1 - ramp(f.MemoryMoves, sameMemory, otherMemory))
	if math.IsNaN(t) {
		return 0
	}
	return t
}
