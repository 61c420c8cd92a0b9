package heuristics

import (
	"fmt"
	"math"
)

// littleIO: a miner computes on a block of 80 bytes or so and sends a few hundred bytes a minute. Compilers, converters,
// scanners and backups live on what they read and write.
type littleIO struct{}

const (
	// quietIO and busyIO are bytes per second of CPU time: below the first nothing is read but what keeps a program
	// alive; from the second on the work is made of what is read and written.
	quietIO, someIO, busyIO = 4 << 10, 32 << 10, 256 << 10
)

// besideWork is how much what is read speaks against mining of a program that nobody installed and that computes nearly
// all the time all the same.
const besideWork = 0.2

func (littleIO) define() Definition {
	return Definition{
		ID: "little_io", Scope: ScopeNative, Needs: FactTransfer, Aspect: AspectPurity, From: sustainedFrom,
		Reference: "stratum sends a job of some hundred bytes now and then; xz read 1-3 MB, a compiler several MB per second of CPU (measured)",
	}
}

func (littleIO) assess(f *Features, about *Subject) finding {
	facts := map[string]float64{"transfer_bytes_per_core_s": f.Transfer}
	at := math.Log(max(1, f.Transfer))
	switch {
	case f.Transfer < someIO:
		return finding{1 - ramp(at, math.Log(quietIO), math.Log(someIO)), facts, "It reads and writes next to nothing while it computes."}
	case about.Kind == SubjectProcess && f.SystemShare < 0.1 && !inSystemFolder(about.Info.Exe) && about.Info.Exe != "":
		// Whoever reads a file beside only to look like work pays little for it. Converters and packers that people have
		// compiled themselves are told by their memory.
		return finding{
			-besideWork * ramp(at, math.Log(someIO), math.Log(busyIO)), facts,
			fmt.Sprintf("It reads and writes %s for each second it computes, but this costs it next to nothing.", bytesText(f.Transfer)),
		}
	default:
		return finding{
			-ramp(at, math.Log(someIO), math.Log(busyIO)), facts,
			fmt.Sprintf("It reads and writes %s for each second it computes; a miner needs hardly any data.", bytesText(f.Transfer)),
		}
	}
}

// bytesText writes an amount of memory or data for people.
func bytesText(b float64) string {
	switch {
	case b >= 1<<30:
		return fmt.Sprintf("%.1f GB", b/(1<<30))
	case b >= 1<<20:
		return fmt.Sprintf("%.1f MB", b/(1<<20))
	default:
		return fmt.Sprintf("%.0f kB", b/(1<<10))
	}
}
