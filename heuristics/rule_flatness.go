package heuristics

import (
	"fmt"
	"time"
)

// flatness: mining repeats the same work without end, so its load hardly varies from second to second.
type flatness struct{}

const (
	// flatSpread is the robust spread at or below which a load is flat: passed by 35 of 35 windows of browser mining
	// and 0 of 63 of video grids (docs/decisions.md). wildSpread is what browsing and games show at the least.
	flatSpread, evenSpread, wildSpread = 0.03, 0.12, 0.25
	// coarse is the interval above which flatness means nothing: at 5 minutes 47 % of busy servers look flat.
	coarse = 5 * time.Second
)

func (flatness) define() Definition {
	return Definition{
		ID: "flatness", Scope: ScopeAll, Needs: FactShape, From: sustainedFrom,
		Reference: "median coefficient of variation of browser mining 0.009-0.026 over 30 s, of browsing 0.2-0.4, of games 0.24-0.6",
	}
}

func (flatness) assess(f *Features, about *Subject) finding {
	facts := map[string]float64{"spread": f.Spread, "window_s": f.Window.Seconds()}
	switch {
	case f.Spread < evenSpread:
		text := fmt.Sprintf("The load is steady: it varies by %.1f %% from second to second.", 100*f.Spread)
		return finding{1 - ramp(f.Spread, flatSpread, evenSpread), facts, text}
	// What a group uses is told in lumps, when members end, and a page may do other things beside steady workers.
	case f.Spread > wildSpread && about.Kind == SubjectProcess && !(f.WorkerSpread < evenWorkers):
		text := fmt.Sprintf("The load goes up and down by %s; that of a miner is even.", percent(f.Spread))
		return finding{-ramp(f.Spread, wildSpread, 2*wildSpread), facts, text}
	}
	return finding{}
}
