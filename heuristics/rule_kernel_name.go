package heuristics

import "strings"

// kernelName: a thread of the kernel has no memory of its own and, being one thread, never fills more than a core. What
// bears such a name and has, is a program whose file may not be read.
type kernelName struct{}

func (kernelName) define() Definition {
	return Definition{
		ID: "kernel_name", Scope: ScopeNative, Aspect: AspectName, From: sustainedFrom,
		Reference: "kdevtmpfsi, kthrotlds, bioset and others are names of unwanted miners in public reports, at up to 3.97 cores",
	}
}

func (kernelName) assess(f *Features, about *Subject) finding {
	i := &about.Info
	if i.Exe != "" || !strings.HasPrefix(i.Name, "[") && !isKernelName(strings.ToLower(i.Name)) {
		return finding{} // see disguise where the file is known
	}
	switch {
	case f.Memory > 0:
		return finding{
			1,
			map[string]float64{"memory_bytes": f.Memory},
			"It bears the name of a part of the kernel, but it has memory of its own, as only programs have.",
		}
	case f.Cores > 1.1:
		return finding{
			0.5,
			map[string]float64{"cores": f.Cores},
			"It bears the name of a part of the kernel, but it keeps more than one core busy, as no single thread can.",
		}
	}
	return finding{}
}
