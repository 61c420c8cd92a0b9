//go:build linux

package main

import (
	"math"
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// Kinds of mining that hides, each a stratum of its own: what is found of one says little about the next.
const (
	browserShared  = "browser-shared"  // in shared workers
	browserService = "browser-service" // in service workers
	browserMain    = "browser-main"    // on the page's own thread
	browserPulse   = "browser-pulse"   // with pauses
	browserFaint   = "browser-faint"   // a little in each of many threads or tabs
	browserBeside  = "browser-beside"  // while the page also does something else
	nativeHiding   = "native-hiding"   // as a part of something else, or with work of another kind beside it
)

// hashing is a simulated load for as long as most of these recordings are.
func hashing(workers int, duty float64, hash string) pages.Mining {
	return pages.Mining{Workers: workers, Duty: duty, Hash: hash, Length: 50 * time.Second}
}

// evasions are simulated mining that hides in the ways that are known of real mining, or that are easily thought of.
func evasions() []Scenario {
	return slices.Concat(otherWorkers(), ownThread(), pausing(), faint(), beside(), hiding())
}

func otherWorkers() []Scenario {
	shared := func(name string, b Browser, host string, m pages.Mining) Scenario {
		m.Where = "shared"
		return tab(name, b, browserShared, host, m).noted(", in shared workers")
	}
	service := func(name string, b Browser, host string, m pages.Mining) Scenario {
		m.Where = "service"
		return tab(name, b, browserService, host, m).noted(", in service workers")
	}
	return []Scenario{
		shared("cr-shared-2x70-hidden", Chromium, pages.Films, hashing(2, 0.7, "sha256")).hidden(Reading),
		shared("ff-shared-2x70-hidden", Firefox, pages.Films, hashing(2, 0.7, "argon2")).hidden(Away),
		shared("cr-shared-1x100-front", Chromium, pages.Films, hashing(1, 1, "argon2")).visible(Away),
		shared("cr-shared-1x50-hidden", Chromium, pages.Shop, hashing(1, 0.5, "scrypt")).hidden(Away).quiet(),
		shared("ff-shared-1x100-front", Firefox, pages.Shop, hashing(1, 1, "sha256")).visible(Reading),
		shared("cr-shared-4x30-hidden", Chromium, pages.News, hashing(4, 0.3, "sha256")).hidden(Typing),

		service("cr-service-1x70-hidden", Chromium, pages.Films, hashing(1, 0.7, "sha256")).hidden(Reading),
		service("ff-service-1x70-hidden", Firefox, pages.Films, hashing(1, 0.7, "sha256")).hidden(Away),
		service("cr-service-1x100-front", Chromium, pages.Films, hashing(1, 1, "argon2")).visible(Away),
		service("cr-service-2x50-hidden", Chromium, pages.Shop, hashing(2, 0.5, "argon2")).hidden(Away),
		service("ff-service-1x100-hidden", Firefox, pages.Shop, hashing(1, 1, "scrypt")).hidden(Reading),
		service("cr-service-1x30-hidden", Chromium, pages.News, hashing(1, 0.3, "sha256")).hidden(Away).quiet(),
	}
}

func ownThread() []Scenario {
	main := func(name string, b Browser, host string, duty float64, hash string) Scenario {
		m := hashing(1, duty, hash)
		m.Where = "main"
		return tab(name, b, browserMain, host, m).noted(", on the page's own thread")
	}
	return []Scenario{
		main("cr-main-50-front", Chromium, pages.Films, 0.5, "sha256").visible(Reading).quiet(),
		main("ff-main-80-front", Firefox, pages.Films, 0.8, "sha256").visible(Away),
		main("cr-main-80-front", Chromium, pages.Shop, 0.8, "sha256").visible(Away),
		main("cr-main-100-hidden", Chromium, pages.Shop, 1, "sha256").hidden(Reading),
		main("ff-main-100-hidden", Firefox, pages.Shop, 1, "scrypt").hidden(Typing),
		main("cr-main-30-hidden", Chromium, pages.Films, 0.3, "scrypt").hidden(Away).quiet(),
		main("cr-main-70-front-typing", Chromium, pages.Shop, 0.7, "argon2").visible(Typing),
		main("ff-main-50-front", Firefox, pages.Shop, 0.5, "argon2").visible(Reading).quiet(),
		main("cr-main-50-hidden", Chromium, pages.News, 0.5, "argon2").hidden(Typing),
	}
}

func pausing() []Scenario {
	pulse := func(name string, b Browser, host, pattern string, rest time.Duration, m pages.Mining) Scenario {
		m.Pattern, m.On, m.Off, m.Length = pattern, rest, rest, 75*time.Second
		s := tab(name, b, browserPulse, host, m)
		s.Cores /= 2
		if pattern == "bursts" {
			return s.noted(", for some seconds, then a pause of some seconds, drawn again each time").sparse()
		}
		return s.noted(", for " + rest.String() + ", then a pause of as long").sparse()
	}
	const ten, twenty = 10 * time.Second, 20 * time.Second
	return []Scenario{
		pulse("cr-pulse-10-2x70-hidden", Chromium, pages.Films, "pulse", ten, hashing(2, 0.7, "sha256")).hidden(Reading),
		pulse("ff-pulse-10-2x70-hidden", Firefox, pages.Films, "pulse", ten, hashing(2, 0.7, "sha256")).hidden(Away),
		pulse("cr-pulse-10-2x100-front", Chromium, pages.Shop, "pulse", ten, hashing(2, 1, "argon2")).visible(Away),
		pulse("cr-pulse-20-2x70-hidden", Chromium, pages.Films, "pulse", twenty, hashing(2, 0.7, "scrypt")).hidden(Away),
		pulse("ff-pulse-20-1x100-front", Firefox, pages.Shop, "pulse", twenty, hashing(1, 1, "argon2")).visible(Reading),
		pulse("cr-pulse-20-1x100-front", Chromium, pages.Films, "pulse", twenty, hashing(1, 1, "sha256")).visible(Reading),
		pulse("cr-bursts-2x80-hidden", Chromium, pages.Shop, "bursts", ten, hashing(2, 0.8, "sha256")).hidden(Away),
		pulse("ff-bursts-2x80-hidden", Firefox, pages.Films, "bursts", ten, hashing(2, 0.8, "scrypt")).hidden(Reading),
		pulse("cr-bursts-1x100-front", Chromium, pages.Films, "bursts", 8*time.Second, hashing(1, 1, "argon2")).visible(Away),
		pulse("cr-pulse-10-1x50-hidden", Chromium, pages.Shop, "pulse", ten, hashing(1, 0.5, "sha256")).hidden(Typing),
		pulse("cr-pulse-5-2x100-hidden", Chromium, pages.News, "pulse", 5*time.Second, hashing(2, 1, "argon2")).hidden(Away),
		pulse("ff-pulse-10-1x100-hidden", Firefox, pages.Shop, "pulse", ten, hashing(1, 1, "sha256")).hidden(Typing),
	}
}

func faint() []Scenario {
	tabs := func(name string, b Browser, duty float64, hosts ...string) Scenario {
		m := hashing(1, duty, "sha256")
		m.Length = 60 * time.Second
		s := tab(name, b, browserFaint, hosts[0], m).hidden(Away).quiet().noted(", and in one more of each of other sites")
		s.Behind = nil
		for _, host := range hosts[1:] {
			s.Also = append(s.Also, m.URL(host))
		}
		s.Workers = len(hosts)
		s.Cores = duty * float64(len(hosts))
		return s
	}
	return []Scenario{
		tab("cr-faint-4x9-hidden", Chromium, browserFaint, pages.Films, hashing(4, 0.09, "sha256")).hidden(Away).quiet(),
		tab("ff-faint-4x9-hidden", Firefox, browserFaint, pages.Films, hashing(4, 0.09, "sha256")).hidden(Away).quiet(),
		tabs("cr-tabs-5x12", Chromium, 0.12, pages.Films, pages.Shop, pages.Mail, pages.Widget, pages.Games),
		tab("cr-faint-4x9-front", Chromium, browserFaint, pages.Shop, hashing(4, 0.09, "sha256")).visible(Away).quiet(),
		tabs("ff-tabs-5x12", Firefox, 0.12, pages.Films, pages.Shop, pages.Mail, pages.Widget, pages.Games),
		tab("cr-faint-8x9-hidden", Chromium, browserFaint, pages.Shop, hashing(8, 0.09, "sha256")).hidden(Reading).quiet(),
		tabs("cr-tabs-4x20", Chromium, 0.2, pages.Films, pages.Shop, pages.Mail, pages.Widget),
		tabs("cr-tabs-5x10", Chromium, 0.1, pages.Shop, pages.Films, pages.Widget, pages.Mail, pages.Games),
		tab("ff-faint-8x9-hidden", Firefox, browserFaint, pages.Shop, hashing(8, 0.09, "sha256")).hidden(Reading).quiet(),
	}
}

func beside() []Scenario {
	const cr, ff, kind = Chromium, Firefox, browserBeside
	type change = func(*pages.Mining)
	busyFor := func(share float64) change { return func(m *pages.Mining) { m.Busy = share } }
	showing := func(what string) change { return func(m *pages.Mining) { m.Beside = what } }
	chatting := func(m *pages.Mining) { m.Chat = 10 }
	unequal := func(m *pages.Mining) { m.Unequal = true }
	waving := func(m *pages.Mining) { m.Wave = 96 }
	with := func(name string, b Browser, host string, m pages.Mining, note string, more change) Scenario {
		more(&m)
		s := tab(name, b, kind, host, m).noted(", " + note)
		if m.Unequal {
			s.Cores = 0
			for i := range m.Workers {
				s.Cores += m.Duty * math.Pow(2.0/3, float64(i))
			}
		}
		return s
	}
	under := func(name string, m pages.Mining, u User) Scenario {
		s := tab(name, cr, kind, pages.Films, m).noted(", in a window behind the one in front")
		s.Under, s.User = true, u
		return s
	}
	return []Scenario{
		with("cr-busy13-1x30-hidden", cr, pages.Films, hashing(1, 0.3, "sha256"), "the page's own thread busy for 13 %", busyFor(0.13)).hidden(Away).quiet(),
		with("cr-busy65-2x70-front", cr, pages.Films, hashing(2, 0.7, "sha256"), "the page's own thread busy for 65 %", busyFor(0.65)).visible(Reading),
		with("cr-draw-2x70-front", cr, pages.Shop, hashing(2, 0.7, "argon2"), "the page draws", showing("draw")).visible(Away),
		with("ff-busy65-2x70-hidden", ff, pages.Films, hashing(2, 0.7, "sha256"), "the page's own thread busy for 65 %", busyFor(0.65)).hidden(Away),
		with("cr-video-2x70-front", cr, pages.Films, hashing(2, 0.7, "sha256"), "the page plays a video", showing("video")).visible(Away),
		with("cr-chat-2x70-hidden", cr, pages.Films, hashing(2, 0.7, "argon2"), "the workers chat with the page", chatting).hidden(Reading),
		with("cr-unequal-4x80-hidden", cr, pages.Films, hashing(4, 0.8, "sha256"), "each for less than the one before", unequal).hidden(Away),
		with("cr-wave-2x70-hidden", cr, pages.Shop, hashing(2, 0.7, "sha256"), "the memory grows and shrinks", waving).hidden(Away),
		with("ff-draw-1x70-front", ff, pages.Shop, hashing(1, 0.7, "argon2"), "the page draws", showing("draw")).visible(Reading),
		under("cr-popunder-2x70", hashing(2, 0.7, "argon2"), Reading),
		with("cr-busy65-1x50-hidden", cr, pages.Shop, hashing(1, 0.5, "argon2"), "the page's own thread busy for 65 %", busyFor(0.65)).hidden(Reading),
		with("ff-chat-2x70-hidden", ff, pages.Shop, hashing(2, 0.7, "sha256"), "the workers chat with the page", chatting).hidden(Typing),
		with("ff-unequal-4x80-hidden", ff, pages.Films, hashing(4, 0.8, "argon2"), "each for less than the one before", unequal).hidden(Away),
		with("cr-video-1x50-hidden", cr, pages.Shop, hashing(1, 0.5, "sha256"), "the page plays a video", showing("video")).hidden(Typing),
		with("ff-wave-2x70-hidden", ff, pages.Shop, hashing(2, 0.7, "sha256"), "the memory grows and shrinks", waving).hidden(Reading),
		with("cr-busy13-2x70-front", cr, pages.News, hashing(2, 0.7, "scrypt"), "the page's own thread busy for 13 %", busyFor(0.13)).visible(Reading),
		with("cr-chat-1x50-front", cr, pages.Shop, hashing(1, 0.5, "sha256"), "the workers chat with the page", chatting).visible(Away),
		with("ff-video-2x70-front", ff, pages.Films, hashing(2, 0.7, "sha256"), "the page plays a video", showing("video")).visible(Away),
	}
}

func hiding() []Scenario {
	h := func(name string, load hash, note string) Scenario {
		return process(name, nativeHiding, load).noted(", " + note)
	}
	// A name that a program gives itself: what it says it was called with.
	calls := func(name, called, note string) Scenario {
		s := h(name, hash{threads: 2, duty: 0.7}, note)
		s.Programs[0].Shell = `exec bash -c 'exec -a "` + called + `" "$(command -v load)" hash -threads 2 -duty 0.7 -for 58s'`
		return s
	}
	reads := func(name string, load hash) Scenario {
		load.flags += " -read $HOME/big -rate 20"
		s := h(name, load, "and reads a file at 20 MB a second")
		s.Prepare = "head -c 60M /dev/urandom >big"
		return s
	}
	goBuild := Program{
		Name: "go", Delay: time.Second, For: limit,
		Shell: "cd $SOURCE; while :; do go build -o $HOME/out ./agent; rm -rf $GOCACHE; done",
	}
	return []Scenario{
		h("type-argument", hash{threads: 2, duty: 0.7, flags: "--type=renderer"}, "with the argument that browsers give their helpers"),
		reads("reads-2x70", hash{threads: 2, duty: 0.7}),
		h("as-chromium", hash{threads: 2, duty: 0.7, as: "opt/chromium/chromium"}, "under the name of a browser"),
		h("jobs-2s", hash{threads: 2, duty: 0.8, flags: "-respawn 2s -gap 300ms"}, "in jobs of two seconds"),
		calls("called-kworker", "[kworker/1:2-events]", "called with the name of a kernel thread"),
		h("pulse-10-2x100", hash{threads: 2, duty: 1, flags: "-pattern pulse -on 10s -off 10s"}, "for 10 s, then a pause of as long").sparse(),
		h("as-chromium-type", hash{threads: 1, duty: 1, as: "opt/chromium/chromium", flags: "--type=utility"}, "under the name of a browser's helper"),
		reads("reads-1x50", hash{threads: 1, duty: 0.5, kind: "argon2"}),
		calls("called-sshd", "/usr/sbin/sshd", "called with the name of a system service"),
		h("pulse-20-1x70", hash{threads: 1, duty: 0.7, kind: "argon2", flags: "-pattern pulse -on 20s -off 20s"}, "for 20 s, then a pause of as long").sparse(),
		h("jobs-1s", hash{threads: 1, duty: 1, kind: "scrypt", flags: "-respawn 1s -gap 200ms"}, "in jobs of one second"),
		h("beside-build", hash{threads: 1, duty: 0.7, kind: "argon2", as: "bin/sorter"}, "while programs are built").loaded(goBuild),
	}
}
