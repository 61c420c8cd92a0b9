//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// priced is how long a load lasts whose price is measured: nobody is said to have dodged before two minutes are over.
const priced = 128 * time.Second

// The recordings of the plain miner that prices are held against: one thread at full duty, out of sight.
const (
	plainChromium = "plain_chromium"
	plainNative   = "plain_native"
)

// Prices returns the evasions whose price is measured, each at three duties, after the plain miners that they are held
// against. They are no part of the corpus: most hide as others do there.
func Prices() []Scenario {
	all := []Scenario{
		pricedTab(plainChromium, "", 1, one()).hidden(Reading),
		pricedProgram(plainNative, "", 1, ""),
	}
	for _, duty := range []float64{0.7, 0.4, 1} {
		all = append(all, slices.Concat(pricedPages(duty), pricedPrograms(duty))...)
	}
	return all
}

// one is a load of one thread.
func one(change ...func(*pages.Mining)) pages.Mining {
	m := pages.Mining{Workers: 1, Hash: "sha256", Length: priced, Long: true}
	for _, c := range change {
		c(&m)
	}
	return m
}

func pricedPages(duty float64) []Scenario {
	in := func(where string) func(*pages.Mining) { return func(m *pages.Mining) { m.Where = where } }
	turns := func(pattern string, rest time.Duration) func(*pages.Mining) {
		return func(m *pages.Mining) { m.Pattern, m.On, m.Off = pattern, rest, rest }
	}
	showing := func(what string) func(*pages.Mining) { return func(m *pages.Mining) { m.Beside = what } }
	p := func(kind string, m pages.Mining) Scenario { return pricedTab(kind, kind, duty, m) }
	popunder := p("popunder", one())
	popunder.Under, popunder.User = true, Reading
	return []Scenario{
		p("shared_worker", one(in("shared"))).hidden(Reading),
		p("service_worker", one(in("service"))).hidden(Reading),
		p("main_thread_shown", one(in("main"))).visible(Reading),
		p("worker_shown", one()).visible(Reading),
		p("on_off_10_10", one(turns("pulse", 10*time.Second))).hidden(Reading).sparse(),
		p("on_off_20_20", one(turns("pulse", 20*time.Second))).hidden(Reading).sparse(),
		p("on_off_random", one(turns("bursts", 10*time.Second))).hidden(Reading).sparse(),
		pricedTabs(duty),
		p("draws", one(showing("draw"))).visible(Reading),
		p("plays_video", one(showing("video"))).visible(Reading),
		popunder,
		p("chatters", one(func(m *pages.Mining) { m.Chat = 10 })).hidden(Reading),
		p("memory_waves", one(func(m *pages.Mining) { m.Wave = 96 })).hidden(Reading),
		p("page_busy_too", one(func(m *pages.Mining) { m.Busy = 0.65 })).hidden(Reading),
	}
}

// pricedTabs spreads the load over five tabs of five sites, each at a fifth of the duty.
func pricedTabs(duty float64) Scenario {
	each := one()
	each.Duty = duty / 5
	s := pricedTab("many_tabs", "many_tabs", duty, each).hidden(Reading)
	s.Load = each.URL(s.Site)
	for _, host := range []string{pages.Shop, pages.Mail, pages.Widget, pages.Games} {
		s.Also = append(s.Also, each.URL(host))
	}
	s.Behind = nil
	s.Workers = 5
	return s
}

func pricedPrograms(duty float64) []Scenario {
	reads := pricedProgram("native_reads", "native_reads", duty, "-read $HOME/big -rate 20")
	reads.Prepare = "head -c 60M /dev/urandom >big"
	return []Scenario{
		reads,
		pricedProgram("native_jobs", "native_jobs", duty, "-respawn 2s -gap 300ms"),
		pricedProgram("native_on_off_10_10", "native_on_off_10_10", duty, "-pattern pulse -on 10s -off 10s").sparse(),
		pricedProgram("native_random", "native_random", duty, "-pattern random"),
		pricedProgram("native_type_argument", "native_type_argument", duty, "--type=renderer"),
	}
}

// pricedTab returns the scenario of a page whose load is m at a duty.
func pricedTab(name, evasion string, duty float64, m pages.Mining) Scenario {
	m.Duty = duty
	s := tab("", Chromium, "evasion", pages.Films, m)
	return s.pricedAs(name, evasion, plainChromium, duty)
}

// pricedProgram returns the scenario of a program that hashes at a duty, with more flags.
func pricedProgram(name, evasion string, duty float64, flags string) Scenario {
	s := process("", "evasion", hash{threads: 1, duty: duty, flags: "-long " + flags + fmt.Sprintf(" -for %s", priced)})
	s.Programs[0].For, s.Programs[0].Long = priced+8*time.Second, true
	s.Length = soon + priced + 10*time.Second
	return s.pricedAs(name, evasion, plainNative, duty)
}

// pricedAs names a scenario and says what it is held against. Its hash rate says something only where no core is missing.
func (s Scenario) pricedAs(name, evasion, reference string, duty float64) Scenario {
	s.Name = name
	if evasion != "" {
		s.Name = fmt.Sprintf("%s-%02.0f", name, 100*duty)
		s.Evasion, s.Reference = evasion, reference
	}
	s.Cores, s.Duty = duty, duty
	return s.quiet()
}
