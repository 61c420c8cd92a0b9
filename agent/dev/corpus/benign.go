//go:build linux

package main

import (
	"time"

	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// Kinds of honest use.
const (
	page       = "page"        // a page in front, in use or playing
	pageHidden = "page-hidden" // a page out of sight
	browsing   = "browsing"    // a person goes from page to page
	office     = "office"      // programs of daily work
	build      = "build"       // compilers and packers
	disk       = "disk"        // programs that mostly read and write
)

// pageTime is how long an honest page is watched.
const pageTime = 64 * time.Second

func newsPage() string { return pages.URL(pages.News) }

// shows returns a scenario with an honest page in front.
func shows(name string, b Browser, host, note string, cores float64, u User) Scenario {
	return Scenario{
		Name: "benign-" + name, Label: Benign, Kind: page, Browser: b, Front: newsPage(), Behind: idlePages(),
		Load: pages.URL(host), Site: host, Delay: soon, Length: pageTime, Cores: cores, Duty: 1, Workers: 1, User: u,
		Note: note + ", in front",
	}
}

// behind puts the page out of sight.
func (s Scenario) behind() Scenario {
	s.Hidden, s.Kind = true, pageHidden
	s.Note += ", then left for another tab"
	return s
}

// browses returns a scenario in which somebody reads and changes tabs.
func browses(name string, b Browser, u User, hosts ...string) Scenario {
	s := Scenario{
		Name: "benign-" + name, Label: Benign, Kind: browsing, Browser: b, Front: newsPage(), Length: 75 * time.Second,
		Cores: 0.4, Duty: 1, Workers: 1, User: u, Note: "somebody uses a browser with ordinary pages",
	}
	for _, h := range hosts {
		s.Behind = append(s.Behind, pages.URL(h))
	}
	return s
}

func benignScenarios() []Scenario {
	list := append(benignPages(), benignFirefox()...)
	return append(list, benignPrograms()...)
}

func benignPages() []Scenario {
	const cr = Chromium
	return []Scenario{
		shows("cr-video", cr, pages.Video, "a looping video", 0.4, Away),
		shows("cr-game", cr, pages.Games, "a canvas game", 0.8, Reading),
		shows("cr-video-hidden", cr, pages.Video, "a looping video", 0.3, Typing).behind(),
		browses("cr-browsing", cr, Surfing, pages.Mail, pages.Shop, pages.Films),
		shows("cr-videogrid", cr, videoGrid, "a grid of videos", 1.5, Away),
		shows("cr-call", cr, call, "a video call within the page", 1.2, Away),
		shows("cr-gl", cr, gl, "a WebGL scene drawn in software", 1.5, Away),
		shows("cr-sheet", cr, sheet, "a spreadsheet that calculates", 0.6, Typing),
		shows("cr-train", cr, train, "a small network trained on the page's own thread", 1, Away),
		shows("cr-sql", cr, sqlPage, "queries on a database in the page", 0.7, Typing),
		shows("cr-python", cr, python, "a Python notebook in the page", 0.9, Away),
		shows("cr-gate", cr, gate, "a proof-of-work gate of some seconds before a page", 0.5, Away).sparse(),
		shows("cr-storm", cr, storm, "one page after the other is loaded", 1, Away),
		shows("cr-pdf", cr, pdf, "a PDF document is read", 0.6, Reading),
		shows("cr-train-hidden", cr, train, "a small network trained on the page's own thread", 1, Reading).behind(),
		shows("cr-call-hidden", cr, call, "a video call within the page", 0.8, Typing).behind(),
		shows("cr-game-typing", cr, pages.Games, "a canvas game played by keys", 0.8, Typing),
		browses("cr-mail", cr, Typing, pages.Mail, pages.Shop),
		shows("cr-sheet-hidden", cr, sheet, "a spreadsheet that calculates", 0.3, Reading).behind(),
		browses("cr-reading-away", cr, Away, pages.Mail, pages.Shop, pages.Films, pages.Video),
		browses("cr-many-tabs", cr, Surfing, pages.Mail, pages.Shop, pages.Films, pages.Video, pages.Games, pages.Widget),
		shows("cr-sql-reading", cr, sqlPage, "queries on a database in the page", 0.7, Reading),
		shows("cr-gl-hidden", cr, gl, "a WebGL scene drawn in software", 0.2, Reading).behind().sparse(),
	}
}

func benignFirefox() []Scenario {
	const ff = Firefox
	return []Scenario{
		shows("ff-video", ff, pages.Video, "a looping video", 0.6, Away),
		shows("ff-game", ff, pages.Games, "a canvas game", 1, Reading),
		browses("ff-browsing", ff, Surfing, pages.Mail, pages.Shop, pages.Films),
		shows("ff-call", ff, call, "a video call within the page", 1.2, Away),
		shows("ff-sheet", ff, sheet, "a spreadsheet that calculates", 0.7, Typing),
		shows("ff-train", ff, train, "a small network trained on the page's own thread", 1, Away),
		shows("ff-sql", ff, sqlPage, "queries on a database in the page", 0.7, Reading),
		shows("ff-python-hidden", ff, python, "a Python notebook in the page", 0.9, Typing).behind(),
		shows("ff-storm", ff, storm, "one page after the other is loaded", 1, Away),
		shows("ff-videogrid", ff, videoGrid, "a grid of videos", 1.5, Away),
	}
}

// Hosts of pages that pages.Hosts may not list yet.
const (
	videoGrid = "videogrid.test"
	call      = "call.test"
	gl        = "gl.test"
	sheet     = "sheet.test"
	train     = "train.test"
	sqlPage   = "sql.test"
	python    = "python.test"
	gate      = "gate.test"
	storm     = "storm.test"
	pdf       = "pdf.test"
	chess     = "chess.test"
	transcode = "transcode.test"
	compile   = "compile.test"
)
