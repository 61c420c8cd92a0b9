package heuristics

import "fmt"

// systemTime: a hash loop computes and asks nothing of the kernel. A loop that polls, a database, a server or a tool that
// moves data spends much of its time there, whether or not its bytes are counted as read and written.
type systemTime struct{}

// kernelSome and kernelMuch are the shares of time in the kernel from which a program does not only compute.
const kernelSome, kernelMuch = 0.28, 0.42

func (systemTime) define() Definition {
	return Definition{
		ID: "system_time", Scope: ScopeNative, Needs: FactSystemTime, Aspect: AspectPurity, From: sustainedFrom,
		Reference: "hash loops spent 1 to 11 % in the kernel, one that kept the collector of garbage busy 25 %; loops that poll 40 to 70 % (measured and public reports)",
	}
}

func (systemTime) assess(f *Features, _ *Subject) finding {
	facts := map[string]float64{"system_share": f.SystemShare}
	if f.SystemShare < 0.2 {
		return finding{
			1 - ramp(f.SystemShare, 0.05, 0.2), facts,
			fmt.Sprintf("It computes nearly all the time (%s in the kernel).", percent(f.SystemShare)),
		}
	}
	return finding{
		-ramp(f.SystemShare, kernelSome, kernelMuch), facts,
		fmt.Sprintf("It spends %s of its time in the kernel, as programs do that poll, serve or move data; miners compute.", percent(f.SystemShare)),
	}
}
