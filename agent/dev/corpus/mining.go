//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// Kinds of mining.
const (
	browserWorkers = "browser-workers" // workers that hash steadily
	browserEvasive = "browser-evasive" // elsewhere than in workers of the page, or not all the time
	native         = "native"
	nativeEvasive  = "native-evasive" // under another name, from a strange place, in short lives
)

// usual is how long most simulated mining runs, and when it begins.
const (
	usual = 58 * time.Second
	soon  = 5 * time.Second
)

// tab returns a scenario of simulated mining by a page of the host.
func tab(name string, b Browser, kind, host string, m pages.Mining) Scenario {
	if m.Length == 0 {
		m.Length = usual
	}
	s := Scenario{
		Name: "mining-" + name, Label: Mining, Kind: kind, Browser: b, Front: pages.URL(pages.News), Behind: idlePages(),
		Load: m.URL(host), Site: host, Delay: soon, Length: soon + m.Delay + m.Length + 12*time.Second,
		Workers: m.Workers, Duty: m.Duty, Cores: float64(m.Workers) * m.Duty,
	}
	hash := m.Hash
	if hash == "" {
		hash = "sha256"
	}
	s.Note = fmt.Sprintf("%d web workers hash (%s) at %.0f %% duty", m.Workers, hash, m.Duty*100)
	return s
}

// hidden opens the tab with the load and goes back to reading another.
func (s Scenario) hidden(u User) Scenario {
	s.Hidden, s.User = true, u
	s.Note += " in a hidden tab"
	return s
}

// visible leaves the tab with the load in front.
func (s Scenario) visible(u User) Scenario {
	s.User = u
	s.Note += " in the tab in front"
	return s
}

// quiet asks for an idle machine.
func (s Scenario) quiet() Scenario {
	s.Quiet = true
	return s
}

// loaded runs something honest beside it.
func (s Scenario) loaded(p Program) Scenario {
	s.Companions = append(s.Companions, p)
	s.Note += ", beside " + p.Name
	return s
}

// noted adds to the note.
func (s Scenario) noted(text string) Scenario {
	s.Note += text
	return s
}

// sparse marks a load that pauses.
func (s Scenario) sparse() Scenario {
	s.Sparse = true
	return s
}

// busy is honest work for the background of a loaded machine.
func busy() Program {
	return Program{
		Name: "xz", Delay: time.Second, For: limit,
		Shell: "while :; do head -c 40M /dev/urandom | xz -6 -T1 >/dev/null; done",
	}
}

func miningScenarios() []Scenario {
	list := append(miningWorkers(), miningEvasiveTabs()...)
	list = append(list, miningNative()...)
	return append(list, miningNativeEvasive()...)
}

func miningWorkers() []Scenario {
	load := func(workers int, duty float64, hash string) pages.Mining {
		return pages.Mining{Workers: workers, Duty: duty, Hash: hash}
	}
	const kind = browserWorkers
	return []Scenario{
		tab("cr-1x100-hidden", Chromium, kind, pages.Films, load(1, 1, "sha256")).hidden(Away).quiet(),
		tab("cr-2x70-hidden-reading", Chromium, kind, pages.Films, load(2, 0.7, "argon2")).hidden(Reading),
		tab("cr-2x100-front", Chromium, kind, pages.Shop, load(2, 1, "argon2")).visible(Away),
		tab("cr-1x30-hidden", Chromium, kind, pages.Shop, load(1, 0.3, "sha256")).hidden(Reading).quiet(),
		tab("cr-4x50-hidden", Chromium, kind, pages.News, load(4, 0.5, "sha256")).hidden(Away),
		tab("cr-1x50-front", Chromium, kind, pages.Films, load(1, 0.5, "scrypt")).visible(Away).quiet(),
		tab("cr-2x20-hidden", Chromium, kind, pages.Shop, load(2, 0.2, "argon2")).hidden(Away).quiet(),
		tab("cr-1x20-hidden-reading", Chromium, kind, pages.Films, load(1, 0.2, "sha256")).hidden(Reading).quiet(),
		tab("cr-4x30-front-reading", Chromium, kind, pages.News, load(4, 0.3, "argon2")).visible(Reading),
		tab("cr-2x50-loaded", Chromium, kind, pages.Films, load(2, 0.5, "sha256")).hidden(Away).loaded(busy()),
		tab("cr-1x100-loaded", Chromium, kind, pages.Shop, load(1, 1, "scrypt")).hidden(Typing).loaded(busy()),
		tab("cr-2x70-front", Chromium, kind, pages.Films, load(2, 0.7, "scrypt")).visible(Away),
		tab("cr-4x20-hidden", Chromium, kind, pages.Shop, load(4, 0.2, "sha256")).hidden(Typing).quiet(),
		tab("cr-1x70-front-reading", Chromium, kind, pages.News, load(1, 0.7, "argon2")).visible(Reading).quiet(),
		tab("cr-2x30-loaded", Chromium, kind, pages.Films, load(2, 0.3, "argon2")).hidden(Away).loaded(busy()),
		tab("cr-4x100-hidden", Chromium, kind, pages.Films, load(4, 1, "argon2")).hidden(Away),
		tab("cr-1x30-front", Chromium, kind, pages.Shop, load(1, 0.3, "scrypt")).visible(Away).quiet(),
		tab("cr-2x50-hidden-typing", Chromium, kind, pages.Shop, load(2, 0.5, "argon2")).hidden(Typing).quiet(),

		tab("ff-2x70-hidden", Firefox, kind, pages.Films, load(2, 0.7, "sha256")).hidden(Away),
		tab("ff-1x100-hidden-reading", Firefox, kind, pages.Shop, load(1, 1, "argon2")).hidden(Reading).quiet(),
		tab("ff-1x50-front", Firefox, kind, pages.Films, load(1, 0.5, "sha256")).visible(Away).quiet(),
		tab("ff-4x30-hidden", Firefox, kind, pages.News, load(4, 0.3, "sha256")).hidden(Away),
		tab("ff-2x20-hidden", Firefox, kind, pages.Films, load(2, 0.2, "sha256")).hidden(Reading).quiet(),
		tab("ff-2x100-front", Firefox, kind, pages.Films, load(2, 1, "scrypt")).visible(Away),
		tab("ff-1x30-hidden", Firefox, kind, pages.Shop, load(1, 0.3, "argon2")).hidden(Away).quiet(),
		tab("ff-2x50-loaded", Firefox, kind, pages.Films, load(2, 0.5, "argon2")).hidden(Away).loaded(busy()),
		tab("ff-2x70-front-reading", Firefox, kind, pages.News, load(2, 0.7, "argon2")).visible(Reading),
	}
}

func miningEvasiveTabs() []Scenario {
	frame := pages.Mining{Workers: 2, Duty: 0.7, Hash: "sha256", Where: "frame", FrameHost: pages.Widget}
	weak := pages.Mining{Workers: 1, Duty: 0.5, Hash: "argon2", Where: "frame", FrameHost: pages.Widget}
	main := pages.Mining{Workers: 1, Duty: 0.7, Hash: "sha256", Where: "main"}
	full := pages.Mining{Workers: 1, Duty: 1, Hash: "scrypt", Where: "main"}
	random := pages.Mining{Workers: 2, Duty: 0.65, Hash: "sha256", Pattern: "random"}
	shy := pages.Mining{Workers: 2, Duty: 0.7, Hash: "sha256", Pattern: "shy"}
	mouse := pages.Mining{Workers: 2, Duty: 0.7, Hash: "argon2", Pattern: "mouse"}
	late := pages.Mining{Workers: 2, Duty: 0.7, Hash: "argon2", Delay: 26 * time.Second}
	lateWeak := pages.Mining{Workers: 1, Duty: 0.5, Hash: "sha256", Delay: 28 * time.Second}
	const kind = browserEvasive
	embedded := func(name string, b Browser, host string, m pages.Mining) Scenario {
		s := tab(name, b, kind, host, m).noted(", in a frame of another site")
		s.Site = m.FrameHost
		return s
	}
	return []Scenario{
		embedded("cr-frame-2x70-hidden", Chromium, pages.News, frame).hidden(Reading),
		tab("cr-main-70-hidden", Chromium, kind, pages.Shop, main).hidden(Away).noted(", on the page's own thread").quiet(),
		tab("cr-random-2-hidden", Chromium, kind, pages.Films, random).hidden(Away).noted(", the duty drawn again every few seconds"),
		tab("cr-shy-2x70", Chromium, kind, pages.Films, shy).hidden(Surfing).noted(", pausing while the tab is visible").sparse(),
		tab("cr-mouse-2x70", Chromium, kind, pages.Films, mouse).visible(Away).noted(", pausing when the mouse moves"),
		tab("cr-late-2x70-hidden", Chromium, kind, pages.Films, late).hidden(Reading).noted(", beginning late"),
		tab("ff-main-70-hidden", Firefox, kind, pages.Films, main).hidden(Away).noted(", on the page's own thread").quiet(),
		tab("cr-main-100-front", Chromium, kind, pages.Films, full).visible(Away).noted(", on the page's own thread").quiet(),
		embedded("cr-frame-1x50-front", Chromium, pages.Shop, weak).visible(Reading).quiet(),
		tab("ff-random-2-hidden", Firefox, kind, pages.Shop, random).hidden(Reading).noted(", the duty drawn again every few seconds"),
		tab("cr-late-1x50-hidden", Chromium, kind, pages.Shop, lateWeak).hidden(Away).noted(", beginning late").quiet(),
		embedded("ff-frame-2x70-hidden", Firefox, pages.News, frame).hidden(Away),
		tab("cr-random-2-loaded", Chromium, kind, pages.Shop, random).hidden(Typing).noted(", the duty drawn again every few seconds").loaded(busy()),
	}
}
