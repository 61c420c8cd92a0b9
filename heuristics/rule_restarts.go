package heuristics

import (
	"fmt"
	"math"
)

// regularRestarts: a worker that restarts all the time with lives of equal length hides from everything that looks
// at single processes. The processes of a build differ from one another.
type regularRestarts struct{}

func (regularRestarts) define() Definition {
	return Definition{
		ID: "regular_restarts", Scope: ScopeGroup, Needs: FactLives, Aspect: AspectLives, From: sustainedFrom,
		Reference: "a worker that respawns every 1.6 s is seen at 35 % by tools that look at single processes, one of 0.3 s not at all (measured)",
	}
}

func (regularRestarts) assess(f *Features, _ *Subject) finding {
	facts := map[string]float64{"life_uneven": f.LifeUneven, "births_per_s": f.Births}
	if f.Transfer > someIO { // NaN compares false
		facts["transfer_bytes_per_core_s"] = f.Transfer
		return finding{
			-ramp(math.Log(f.Transfer), math.Log(someIO), math.Log(busyIO)), facts,
			fmt.Sprintf("Its short processes live on what they read and write (%s for each second they compute), as those of a build do.", bytesText(f.Transfer)),
		}
	}
	if f.SystemShare > 0.15 {
		facts["system_share"] = f.SystemShare
		return finding{
			-ramp(f.SystemShare, 0.15, 0.35), facts,
			"Its short processes spend much of their time in the kernel, as commands that start, read and end do; miners compute.",
		}
	}
	if f.Company > someCompany { // NaN compares false
		facts["company"] = f.Company
		return finding{
			-ramp(f.Company, someCompany, muchCompany), facts,
			fmt.Sprintf("What starts it runs other programs in between (%.0f %% of the work), as a build with its tests does.", 100*f.Company),
		}
	}
	if f.LifeUneven < 0.6 {
		return finding{
			1 - ramp(f.LifeUneven, 0.35, 0.6), facts,
			fmt.Sprintf("Its processes live for a moment and are replaced by equal ones, %.1f a second.", f.Births),
		}
	}
	return finding{-ramp(f.LifeUneven, 0.6, 1), facts, "Its processes differ from one another, as those of a build or a script do."}
}

// someCompany and muchCompany are the shares of other programs from which a parent is no mere restarter: a script that
// compiles and runs a small program spends 0.2 to 0.6 on the compiler (measured), a miner would give as much away.
const someCompany, muchCompany = 0.1, 0.2
