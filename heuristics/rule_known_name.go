package heuristics

import (
	_ "embed" // the list
	"strings"
)

//go:embed known.txt
var knownNames string

// knownName: a name on a public list. It never decides: lists miss every new host, and a name proves nothing.
type knownName struct {
	programs, sites map[string]bool
}

func newKnownName() knownName {
	k := knownName{map[string]bool{}, map[string]bool{}}
	for line := range strings.Lines(knownNames) {
		switch kind, name, _ := strings.Cut(strings.TrimSpace(line), " "); kind {
		case "program":
			k.programs[name] = true
		case "site":
			k.sites[name] = true
		}
	}
	return k
}

func (knownName) define() Definition {
	return Definition{
		ID: "known_name", Scope: ScopeBrowser | ScopeNative, Aspect: AspectName, From: sustainedFrom,
		Reference: "public names of mining programs and hosts of the NoCoin list (known.txt); supporting evidence only",
	}
}

func (k knownName) assess(f *Features, about *Subject) finding {
	if about.Info.Browser == nil {
		name := strings.TrimSuffix(strings.ToLower(about.Info.Name), ".exe")
		if k.programs[name] {
			return finding{1, map[string]float64{}, "Its name is that of a public mining program."}
		}
		return finding{}
	}
	for _, origin := range f.Origins {
		_, host, _ := strings.Cut(origin, "://")
		for host != "" {
			if k.sites[host] {
				return finding{1, map[string]float64{}, "A frame in it comes from a host on a public list of mining services."}
			}
			_, host, _ = strings.Cut(host, ".")
		}
	}
	return finding{}
}
