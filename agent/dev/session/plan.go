package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The kinds of session.
const (
	Browsing  = "browsing"  // web pages and local documents in Chromium
	Firefox   = "firefox"   // the same in Firefox
	Office    = "office"    // letters, tables, files
	Developer = "developer" // edit, build, test
)

// Kinds returns the kinds of session.
func Kinds() []string { return []string{Browsing, Firefox, Office, Developer} }

// deed names something that a person does for a while.
type deed string

// What people do.
const (
	readPages     deed = "read pages"
	readDocuments deed = "read local documents"
	watchVideo    deed = "watch a video"
	watchGrid     deed = "look at a page of videos"
	makeCall      deed = "make a video call"
	playGame      deed = "play a game"
	usePage       deed = "write in a page"
	workInSheet   deed = "work in a table on the web"
	passGate      deed = "wait at a gate and read"
	goThroughTabs deed = "go through the tabs"
	putAway       deed = "put the window away"
	goAway        deed = "go away"
	writeLetter   deed = "write a letter"
	fillTable     deed = "fill a table"
	convert       deed = "convert documents and look at one"
	packFiles     deed = "pack files"
	moveFiles     deed = "copy and sort files"
	editBuildTest deed = "edit, build and test"
	useRepository deed = "use the repository"
	buildAll      deed = "rebuild everything"
	searchSources deed = "search the sources"
	useNPM        deed = "install and run a script"
)

// share is how often a deed is chosen, beside the shares of the others.
type share struct {
	deed  deed
	parts int
}

// shares returns what people of a kind do. The parts of a kind need not add up to anything; how long a deed takes is
// its own matter.
func shares(kind string) []share {
	switch kind {
	case Browsing, Firefox:
		return []share{
			{readPages, 6},
			{readDocuments, 4},
			{watchVideo, 4},
			{watchGrid, 1},
			{makeCall, 1},
			{playGame, 2},
			{usePage, 3},
			{workInSheet, 1},
			{passGate, 1},
			{goThroughTabs, 2},
			{putAway, 1},
			{goAway, 1},
		}
	case Office:
		return []share{
			{writeLetter, 4},
			{fillTable, 3},
			{convert, 2},
			{packFiles, 1},
			{moveFiles, 1},
			{readPages, 2},
			{usePage, 2},
			{workInSheet, 1},
			{makeCall, 1},
			{putAway, 1},
			{goAway, 1},
		}
	case Developer:
		return []share{
			{editBuildTest, 6},
			{useRepository, 2},
			{buildAll, 1},
			{searchSources, 2},
			{useNPM, 1},
			{readDocuments, 3},
			{readPages, 1},
			{watchVideo, 1},
			{goAway, 1},
		}
	}
	return nil
}

// pick draws a deed.
func pick(all []share, dice *rand.Rand) deed {
	sum := 0
	for _, s := range all {
		sum += s.parts
	}
	n := dice.IntN(sum)
	for _, s := range all {
		if n -= s.parts; n < 0 {
			return s.deed
		}
	}
	return all[0].deed
}

// diceOf returns the dice of the nth deed. Each deed has its own, so that trouble with one does not change the next.
func diceOf(seed, n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, n)) //nolint:gosec // a script, not a secret
}

// between returns a time in a range.
func between(dice *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(dice.Int64N(int64(high-low)))
}

// Hosts of agent/testkit/pages that a session may show, by deed.
func hosts(d deed) []string {
	switch d { //nolint:exhaustive // the others show no page of the server
	case readPages:
		return []string{"news.test", "mail.test", "shop.test", "films.test"}
	case usePage:
		return []string{"mail.test", "shop.test"}
	case playGame:
		return []string{"games.test", "games.test", "gl.test"}
	case watchVideo:
		return []string{"video.test"}
	case watchGrid:
		return []string{"videogrid.test"}
	case makeCall:
		return []string{"call.test"}
	case workInSheet:
		return []string{"sheet.test"}
	case passGate:
		return []string{"gate.test"}
	}
	return nil
}

// address returns a page for a deed among those that there are. A page's address without a query never starts a load.
func address(d deed, there []string, dice *rand.Rand) (string, error) {
	known := slices.DeleteFunc(hosts(d), func(h string) bool { return !slices.Contains(there, h) })
	if len(known) == 0 {
		return "", fmt.Errorf("no page to %s", d)
	}
	return "http://" + known[dice.IntN(len(known))] + "/", nil
}
