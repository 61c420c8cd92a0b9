package extensions

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/heuristics"
)

// pretend is a machine whose processes have a number and a pid that are the same.
type pretend struct {
	memory map[int]uint64
	free   uint64
}

func newPretend(numbers ...int) *pretend {
	p := &pretend{memory: map[int]uint64{}, free: 4 << 30}
	for _, n := range numbers {
		p.memory[n] = 100 << 20
	}
	return p
}

func (p *pretend) machine() *machine {
	return &machine{
		renderers: func(heuristics.ProcessID) map[int]heuristics.ProcessID {
			out := map[int]heuristics.ProcessID{}
			for n := range p.memory {
				out[n] = heuristics.ProcessID{PID: int32(n)}
			}
			return out
		},
		resident: func(id heuristics.ProcessID) (uint64, bool) {
			bytes, ok := p.memory[int(id.PID)]
			return bytes, ok
		},
		available: func() uint64 { return p.free },
	}
}

// pretendPage is a page of a pretended machine; each of its steps may be played otherwise.
type pretendPage struct {
	onGrow   func(nm.GrowParams) (int, error)
	onShrink func() error
}

func (p pretendPage) grow(_ context.Context, params nm.GrowParams) (int, error) {
	return p.onGrow(params)
}
func (p pretendPage) shrink(context.Context) error { return p.onShrink() }

// page returns a page that lives in a process, and is believed to live in another.
func (p *pretend) page(lives, believed int) pretendPage {
	held := uint64(0)
	return pretendPage{
		func(g nm.GrowParams) (int, error) {
			held += uint64(g.MiB) << 20
			p.memory[lives] += uint64(g.MiB) << 20
			return believed, nil
		},
		func() error {
			p.memory[lives] -= held
			held = 0
			return nil
		},
	}
}

func TestLocate(t *testing.T) {
	m := newPretend(3, 4, 5)
	seen, believed, err := m.machine().locate(t.Context(), rootA, "known", 0, m.page(4, 5))
	if seen != 4 || believed != 5 || err != nil {
		t.Errorf("seen %d, believed %d, %v", seen, believed, err)
	}
	if m.memory[4] != 100<<20 {
		t.Errorf("the page still holds %d bytes", m.memory[4]-100<<20)
	}
}

// Nothing is named that did not go along in all three steps, nor when two did.
func TestLocateNamesNobodyByChance(t *testing.T) {
	quiet := newPretend(3, 4)
	one, two := quiet.page(3, 0), quiet.page(4, 0)
	nothing := func() error { return nil }
	for name, page := range map[string]pretendPage{
		"nobody moves": {func(nm.GrowParams) (int, error) { return 0, nil }, nothing},
		"one only grows": {func(g nm.GrowParams) (int, error) {
			quiet.memory[3] += uint64(g.MiB) << 20
			return 0, nil
		}, nothing},
		"one takes 80 MiB at once": {func(g nm.GrowParams) (int, error) {
			if g.Pick != "" {
				quiet.memory[4] += 80 << 20
			}
			return 0, nil
		}, func() error {
			quiet.memory[4] -= 80 << 20
			return nil
		}},
		"two go along": {func(g nm.GrowParams) (int, error) {
			_, _ = one.onGrow(g)
			return two.onGrow(g)
		}, func() error { return errors.Join(one.onShrink(), two.onShrink()) }},
	} {
		quiet.memory[3], quiet.memory[4] = 100<<20, 100<<20
		if seen, _, err := quiet.machine().locate(t.Context(), rootA, "known", 0, page); seen != 0 || !errors.Is(err, errNotFound) {
			t.Errorf("%s: seen %d, %v", name, seen, err)
		}
	}
}

func TestLocateRefuses(t *testing.T) {
	asked := 0
	page := pretendPage{func(nm.GrowParams) (int, error) {
		asked++
		return 0, errUnanswered
	}, func() error {
		asked++
		return nil
	}}
	m := newPretend(3)
	m.free = memoryToSpare - 1
	if _, _, err := m.machine().locate(t.Context(), rootA, "known", 0, page); !errors.Is(err, errShort) || asked > 0 {
		t.Errorf("short of memory: %v after %d steps", err, asked)
	}
	m.free = memoryToSpare
	if _, _, err := m.machine().locate(t.Context(), rootA, "known", 0, page); !errors.Is(err, errUnanswered) || asked != 1 {
		t.Errorf("a page that hangs: %v after %d steps", err, asked)
	}
}

// measuredHost is the host of a browser whose page lives in one process and is believed to live in another.
type measuredHost struct {
	*profile
	machine        *pretend
	lives, believe int
	distrusted     bool
	told           int
	held           uint64
	asked          int
	mute           bool // it answers no step
}

// hellos are those of browsers in which pages can be measured.
func hellos() []string { return []string{"request-firefox", "request-measures"} }

func attachMeasured(t *testing.T, s *Service, hello string, lives, believe int) *measuredHost {
	t.Helper()
	m := newPretend(3, 4, 5)
	measure(s, m.machine())
	return &measuredHost{profile: attach(t, s, 1, rootA, hello), machine: m, lives: lives, believe: believe}
}

// serve answers requests until none has come for a while.
func (g *measuredHost) serve() {
	for {
		select {
		case q := <-g.heard:
			g.answer(q)
		case <-time.After(100 * time.Millisecond):
			return
		}
	}
}

func (g *measuredHost) answer(q nm.Message) {
	g.asked++
	if g.mute && q.Method != nm.RendererFrames {
		return
	}
	var p struct { // of all methods
		nm.GrowParams
		Renderer int
	}
	if len(q.Params) > 0 {
		if err := json.Unmarshal(q.Params, &p); err != nil {
			g.t.Fatal(err)
		}
	}
	var result nm.GrowResult
	switch q.Method {
	case nm.RendererFrames:
		number := g.believe
		if g.distrusted {
			number = g.told
		}
		if p.Renderer == number {
			g.frames(q, "", "https://a.test")
		} else {
			g.frames(q, "")
		}
		return
	case nm.MemoryGrow:
		known := !g.distrusted || g.told != 0
		if p.Pick != "" && (p.Turn > 0 && g.distrusted || known != (p.Pick == "known")) {
			g.done(q, nm.NoTab)
			return
		}
		g.held += uint64(p.MiB) << 20
		g.machine.memory[g.lives] += uint64(p.MiB) << 20
		if !g.distrusted {
			result.Renderer = g.believe
		}
	case nm.MemoryShrink:
		g.machine.memory[g.lives] -= g.held
		g.held = 0
	case nm.NumbersDistrust:
		g.distrusted = true
	case nm.RendererLives:
		g.told = p.Renderer
	}
	g.respond(q, result, "")
	if n := strays(g.service)[g.pid]; n > 0 {
		g.t.Errorf("the response to %s was thrown away", q.Method)
	}
}

// The first answer of such a browser waits until its numbers were checked; later ones do not.
func TestNumbersAreCheckedOnce(t *testing.T) {
	for _, hello := range hellos() {
		t.Run(hello, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, Options{})
				g := attachMeasured(t, s, hello, 4, 4)
				s.Ask(proc, rootA, 4)
				g.answer(g.next())
				expect(t, s)
				g.serve()
				expect(t, s, "4711: https://a.test; ")
				time.Sleep(askAgainAfter)
				synctest.Wait()
				s.Ask(proc, rootA, 4)
				g.answer(g.next())
				expect(t, s, "4711: https://a.test; ")
				quiet(t, s)
			})
		})
	}
}

// Where the numbers are wrong nobody is named by them; the pages of a busy process are found by measuring.
func TestWrongNumbersNameNobody(t *testing.T) {
	for _, hello := range hellos() {
		t.Run(hello, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logged := observer.New(zapcore.InfoLevel)
				s := newService(t, Options{Log: zap.New(core)})
				g := attachMeasured(t, s, hello, 4, 5)
				s.Ask(proc, rootA, 5)
				g.serve()
				if !g.distrusted || logged.Len() != 1 {
					t.Fatalf("the numbers are still trusted; %d lines were logged", logged.Len())
				}
				expect(t, s)
				for range 2 {
					time.Sleep(askAgainAfter)
					synctest.Wait()
					s.Ask(proc, rootA, 4)
					g.serve()
				}
				expect(t, s, "4711: ; ", "4711: https://a.test; ")
				if g.told != 4 {
					t.Errorf("the extension was told %d", g.told)
				}
				quiet(t, s)
			})
		})
	}
}

// A check that cannot be made leaves Firefox's sites probable, and is made later.
func TestUncheckedNumbersAreOnlyProbable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		g := attachMeasured(t, s, hellos()[0], 4, 4)
		g.machine.free = 0
		for range 2 {
			s.Ask(proc, rootA, 4)
			g.serve()
			expect(t, s, "4711: ; https://a.test")
			time.Sleep(askAgainAfter)
			synctest.Wait()
		}
		g.machine.free = 4 << 30
		time.Sleep(checkAgain)
		synctest.Wait()
		s.Ask(proc, rootA, 4)
		g.serve()
		expect(t, s, "4711: https://a.test; ")
		quiet(t, s)
	})
}

// The numbers of Chromium's processes are documented: a check that cannot be made leaves them as sure as they were, and
// is not tried for ever, whatever the extension says that it could measure.
func TestUncheckedNumbersOfChromiumCount(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*measuredHost)
		took    time.Duration
	}{
		"short of memory":               {func(g *measuredHost) { g.machine.free = 0 }, 0},
		"it measures nothing after all": {func(g *measuredHost) { g.mute = true }, checkTries * stepWithin},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, Options{})
				g := attachMeasured(t, s, "request-measures", 4, 4)
				c.prepare(g)
				start := time.Now()
				s.Ask(proc, rootA, 4)
				for time.Since(start) < c.took+time.Second {
					g.serve()
				}
				expect(t, s, "4711: https://a.test; ")
				g.asked = 0
				for range 3 {
					time.Sleep(max(askAgainAfter, checkAgain))
					synctest.Wait()
					s.Ask(proc, rootA, 4)
					g.serve()
					expect(t, s, "4711: https://a.test; ")
				}
				if g.asked != 3 {
					t.Errorf("asked %d times, want the three requests and no more checks", g.asked)
				}
				quiet(t, s)
			})
		})
	}
}

// Chromium without the permission is never asked to measure; where it is given later, it is checked then.
func TestChromiumIsCheckedOnceItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		g := attachMeasured(t, s, "request", 4, 5)
		s.Ask(proc, rootA, 5)
		g.serve()
		expect(t, s, "4711: https://a.test; ")
		if g.asked != 1 {
			t.Errorf("asked %d times", g.asked)
		}
		g.send(golden(t, nm.Measuring, "event"))
		time.Sleep(askAgainAfter)
		synctest.Wait()
		s.Ask(proc, rootA, 5)
		g.serve()
		expect(t, s)
		if !g.distrusted {
			t.Error("wrong numbers are still trusted")
		}
		quiet(t, s)
	})
}

func TestWeaker(t *testing.T) {
	frame := func(origin string) heuristics.Frame { return heuristics.Frame{Origin: origin, Tab: 1} }
	for _, c := range []struct {
		got  heuristics.Renderer
		want string
	}{
		{heuristics.Renderer{LastOrigin: "https://a.test"}, "https://a.test"},
		{heuristics.Renderer{Frames: []heuristics.Frame{frame("https://a.test"), frame("https://a.test")}}, "https://a.test"},
		{heuristics.Renderer{Frames: []heuristics.Frame{frame("https://a.test"), frame("https://b.test")}}, ""},
		{heuristics.Renderer{Frames: []heuristics.Frame{frame("https://a.test"), frame("")}}, ""},
		{heuristics.Renderer{Frames: []heuristics.Frame{frame("")}, LastOrigin: "https://a.test"}, ""},
	} {
		if got := weaker(c.got); len(got.Frames) > 0 || got.LastOrigin != c.want {
			t.Errorf("%+v became %+v", c.got, got)
		}
	}
}

// Where the extension goes away in the middle of its check, what was held back is no surer than before, and nothing of
// the check is left.
func TestCheckEndsWithItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, Options{})
		g := attachMeasured(t, s, "request-firefox", 4, 4)
		s.Ask(proc, rootA, 4)
		g.answer(g.next())
		if q := g.next(); q.Method != nm.MemoryGrow {
			t.Errorf("asked %s", q.Method)
		}
		expect(t, s)
		start := time.Now()
		g.leave()
		expect(t, s, "4711: ; https://a.test")
		if took := time.Since(start); took > 0 {
			t.Errorf("that took %v", took)
		}
		s.verifier.mu.Lock()
		defer s.verifier.mu.Unlock()
		if len(s.verifier.of) > 0 {
			t.Error("the connection is remembered")
		}
	})
}
