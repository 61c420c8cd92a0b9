//go:build linux

package main

import (
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// Label says what a recording holds.
type Label string

// The labels.
const (
	Mining    Label = "mining"
	Benign    Label = "benign"
	Lookalike Label = "lookalike"
)

// Browser names a browser, or none.
type Browser string

// The browsers.
const (
	NoBrowser Browser = ""
	Chromium  Browser = "chromium"
	Firefox   Browser = "firefox"
)

// User says what the scripted person at the computer does meanwhile.
type User string

// What a person does.
const (
	Away    User = ""        // nobody is there
	Reading User = "reading" // moves the mouse and scrolls in the page in front
	Typing  User = "typing"  // writes in the page in front
	Surfing User = "surfing" // reads, and goes from one open tab to the next
)

// Program is one program that runs outside the browser.
type Program struct {
	// Name is the process name as the kernel shows it, cut to 15 bytes.
	Name string
	// Shell is what sh runs, in the home of the desktop's user. It is ended after For.
	Shell string
	// Delay is the time from the recording's start to the program's, For how long it may run.
	Delay, For time.Duration
	// Long lets it run for two and a half minutes: what an evasion costs is measured over two.
	Long bool
}

// Scenario is one recording to be made.
type Scenario struct {
	// Name is the folder in testdata/traces.
	Name  string
	Label Label
	// Kind is the stratum: of each label and kind every third recording is set aside for the test split.
	Kind string
	// Note says in one sentence how the load was made.
	Note string

	Browser Browser
	// Front is the address in front, Behind what is open in other tabs.
	Front  string
	Behind []string
	// Load is the address that carries the load, opened in its own tab after Delay. Unless it is Hidden it stays in
	// front. Site is the site whose load it is; empty: none.
	Load   string
	Site   string
	Hidden bool
	Delay  time.Duration
	// Also are more addresses that carry the load, each opened in a tab of its own after the first, all of other sites.
	Also []string
	// Under opens the load in a window of its own, and brings the first window before it. Chromium only.
	Under bool
	// App shows the load in a window without tabs, as an installed web application. Chromium only.
	App bool

	// Prepare is what sh runs before the recording begins.
	Prepare string
	// Programs run outside the browser. The first carries the load if no tab does.
	Programs []Program
	// Companions are programs that are not the load and keep the machine busy.
	Companions []Program

	User User
	// Length is how long is recorded once the browser is there.
	Length time.Duration
	// Workers and Duty are the intended threads and their share of time, Cores the load in cores; for honest work an
	// estimate by which sandboxes are packed.
	Workers int
	Duty    float64
	Cores   float64
	// Quiet asks that no other sandbox disturbs: the intended load of all together is at most two cores.
	Quiet bool
	// Evasion is the kind of evasion whose price the recording shows, Reference the recording of the plain miner that its
	// hash rate is held against.
	Evasion, Reference string
	// Sparse marks loads of which Cores is an upper bound: they pause or end early.
	Sparse bool
}

// Table returns all scenarios in their order.
func Table() []Scenario {
	return slices.Concat(miningScenarios(), evasions(), benignScenarios(), confused(), lookalikeScenarios())
}

// Splits returns "test" for every third scenario of each label and kind, "tune" for the others, by name.
func Splits(table []Scenario) map[string]string {
	type stratum struct {
		label Label
		kind  string
	}
	seen := map[stratum]int{}
	out := map[string]string{}
	for _, s := range table {
		k := stratum{s.Label, s.Kind}
		seen[k]++
		out[s.Name] = "tune"
		if seen[k]%3 == 0 {
			out[s.Name] = "test"
		}
	}
	return out
}

// load returns the intended load of everything in the scenario, in cores.
func (s Scenario) load() float64 {
	n := s.Cores
	if len(s.Companions) > 0 {
		n++
	}
	return max(n, 0.2) // a desktop and a browser are never free
}

// processes returns the names of the processes that may carry the load.
func (s Scenario) processes() []string {
	switch {
	case s.Load != "" && s.Browser == Firefox:
		return []string{"Isolated Web Co", "firefox-esr"}
	case s.Load != "":
		return []string{"chromium"}
	case s.Browser == Firefox && len(s.Programs) == 0:
		return []string{"firefox-esr", "Isolated Web Co"}
	case s.Browser == Chromium && len(s.Programs) == 0:
		return []string{"chromium"}
	}
	var names []string
	for _, p := range s.Programs {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return names
}

// sites returns the sites of the load where it has several, nil otherwise.
func (s Scenario) sites() []string {
	if len(s.Also) == 0 {
		return nil
	}
	list := []string{s.Site}
	for _, address := range s.Also {
		list = append(list, host(address))
	}
	return list
}

// idlePages are what is open besides: pages that do next to nothing.
func idlePages() []string { return []string{pages.URL(pages.Mail), pages.URL(pages.Shop)} }
