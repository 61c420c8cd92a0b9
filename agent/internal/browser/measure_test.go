package browser

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/minewatch/minewatch/agent/api"
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
		census: func(heuristics.ProcessID) map[int]heuristics.ProcessID {
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

// page returns an extension whose page lives in a process, and believes it to live in another.
func (p *pretend) page(lives, believed int) asker {
	held := uint64(0)
	return func(q api.Question) (api.Answer, error) {
		switch q.Type {
		case "grow":
			held += uint64(q.MiB) << 20
			p.memory[lives] += uint64(q.MiB) << 20
		case "shrink":
			p.memory[lives] -= held
			held = 0
		}
		return api.Answer{Renderer: believed}, nil
	}
}

func TestLocate(t *testing.T) {
	m := newPretend(3, 4, 5)
	seen, believed, err := m.machine().locate(rootA, "known", 0, m.page(4, 5))
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
	for name, ask := range map[string]asker{
		"nobody moves": func(api.Question) (api.Answer, error) { return api.Answer{}, nil },
		"one only grows": func(q api.Question) (api.Answer, error) {
			quiet.memory[3] += uint64(q.MiB) << 20
			return api.Answer{}, nil
		},
		"one takes 80 MiB at once": func(q api.Question) (api.Answer, error) {
			if q.Pick != "" {
				quiet.memory[4] += 80 << 20
			} else if q.Type == "shrink" {
				quiet.memory[4] -= 80 << 20
			}
			return api.Answer{}, nil
		},
		"two go along": func(q api.Question) (api.Answer, error) {
			a, b := quiet.page(3, 0), quiet.page(4, 0)
			if q.Type == "shrink" {
				quiet.memory[3], quiet.memory[4] = 100<<20, 100<<20
				return api.Answer{}, nil
			}
			_, _ = a(q)
			return b(q)
		},
	} {
		quiet.memory[3], quiet.memory[4] = 100<<20, 100<<20
		if seen, _, err := quiet.machine().locate(rootA, "known", 0, ask); seen != 0 || !errors.Is(err, errNotFound) {
			t.Errorf("%s: seen %d, %v", name, seen, err)
		}
	}
}

func TestLocateRefuses(t *testing.T) {
	never := func(api.Question) (api.Answer, error) {
		t.Error("the page was asked")
		return api.Answer{}, nil
	}
	m := newPretend(3)
	m.free = memoryToSpare - 1
	if _, _, err := m.machine().locate(rootA, "known", 0, never); !errors.Is(err, errShort) {
		t.Errorf("short of memory: %v", err)
	}
	m.free = memoryToSpare
	var asked []string
	hangs := func(q api.Question) (api.Answer, error) {
		asked = append(asked, q.Type)
		return api.Answer{}, errUnanswered
	}
	if _, _, err := m.machine().locate(rootA, "known", 0, hangs); !errors.Is(err, errUnanswered) || len(asked) != 1 {
		t.Errorf("a page that hangs: %v after %v", err, asked)
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
func hellos() []string { return []string{"answer-hello-firefox", "answer-hello-measures"} }

func attachMeasured(t *testing.T, b *Bridge, hello string, lives, believe int) *measuredHost {
	t.Helper()
	m := newPretend(3, 4, 5)
	b.machine = m.machine()
	g := &measuredHost{profile: attach(t, b, 1, rootA), machine: m, lives: lives, believe: believe}
	if err := b.Answer(1, goldenAnswer(t, hello)); err != nil {
		t.Fatal(err)
	}
	return g
}

// serve answers questions until none has come for a while.
func (g *measuredHost) serve() {
	for {
		select {
		case q := <-g.questions:
			g.answer(q)
		case <-time.After(100 * time.Millisecond):
			return
		}
	}
}

func (g *measuredHost) answer(q api.Question) {
	g.asked++
	if g.mute && q.Type != "who" {
		return
	}
	done := api.Answer{V: 1, Type: "done", ID: q.ID, OK: true}
	switch q.Type {
	case "who":
		number := g.believe
		if g.distrusted {
			number = g.told
		}
		if q.Renderer == number {
			g.frames(q, "", "https://a.test")
		} else {
			g.frames(q, "")
		}
		return
	case "grow":
		known := !g.distrusted || g.told != 0
		if q.Pick != "" && (q.Turn > 0 && g.distrusted || known != (q.Pick == "known")) {
			done.OK, done.Error = false, "no_tab"
			break
		}
		g.held += uint64(q.MiB) << 20
		g.machine.memory[g.lives] += uint64(q.MiB) << 20
		if !g.distrusted {
			done.Renderer = g.believe
		}
	case "shrink":
		g.machine.memory[g.lives] -= g.held
		g.held = 0
	case "distrust":
		g.distrusted = true
	case "lives":
		g.told = q.Renderer
	}
	if err := g.bridge.Answer(g.pid, done); err != nil {
		g.t.Errorf("%+v was refused: %v", done, err)
	}
}

// The first answer of such a browser waits until its numbers were checked; later ones do not.
func TestNumbersAreCheckedOnce(t *testing.T) {
	for _, hello := range hellos() {
		t.Run(hello, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := NewBridge(zap.NewNop())
				g := attachMeasured(t, b, hello, 4, 4)
				b.Ask(proc, rootA, 4)
				g.answer(g.next())
				expect(t, b)
				g.serve()
				expect(t, b, "4711: https://a.test; ")
				time.Sleep(askAgainAfter)
				synctest.Wait()
				b.Ask(proc, rootA, 4)
				g.answer(g.next())
				expect(t, b, "4711: https://a.test; ")
				quiet(t, b)
			})
		})
	}
}

// Where the numbers are wrong nobody is named by them; who lives in a busy process is measured.
func TestWrongNumbersNameNobody(t *testing.T) {
	for _, hello := range hellos() {
		t.Run(hello, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logged := observer.New(zapcore.InfoLevel)
				b := NewBridge(zap.New(core))
				g := attachMeasured(t, b, hello, 4, 5)
				b.Ask(proc, rootA, 5)
				g.serve()
				if !g.distrusted || logged.Len() != 1 {
					t.Fatalf("the numbers are still trusted; %d lines were logged", logged.Len())
				}
				expect(t, b)
				for range 2 {
					time.Sleep(askAgainAfter)
					synctest.Wait()
					b.Ask(proc, rootA, 4)
					g.serve()
				}
				expect(t, b, "4711: ; ", "4711: https://a.test; ")
				if g.told != 4 {
					t.Errorf("the extension was told %d", g.told)
				}
				quiet(t, b)
			})
		})
	}
}

// A check that cannot be made leaves Firefox's sites probable, and is made later.
func TestUncheckedNumbersAreOnlyProbable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBridge(zap.NewNop())
		g := attachMeasured(t, b, hellos()[0], 4, 4)
		g.machine.free = 0
		for range 2 {
			b.Ask(proc, rootA, 4)
			g.serve()
			expect(t, b, "4711: ; https://a.test")
			time.Sleep(askAgainAfter)
			synctest.Wait()
		}
		g.machine.free = 4 << 30
		time.Sleep(checkAgain)
		synctest.Wait()
		b.Ask(proc, rootA, 4)
		g.serve()
		expect(t, b, "4711: https://a.test; ")
		quiet(t, b)
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
				b := NewBridge(zap.NewNop())
				g := attachMeasured(t, b, "answer-hello-measures", 4, 4)
				c.prepare(g)
				start := time.Now()
				b.Ask(proc, rootA, 4)
				for time.Since(start) < c.took+time.Second {
					g.serve()
				}
				expect(t, b, "4711: https://a.test; ")
				g.asked = 0
				for range 3 {
					time.Sleep(max(askAgainAfter, checkAgain))
					synctest.Wait()
					b.Ask(proc, rootA, 4)
					g.serve()
					expect(t, b, "4711: https://a.test; ")
				}
				if g.asked != 3 {
					t.Errorf("asked %d times, want the three questions and no more checks", g.asked)
				}
				quiet(t, b)
			})
		})
	}
}

// Chromium without the permission is never asked to measure; where it is given later, it is checked then.
func TestChromiumIsCheckedOnceItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBridge(zap.NewNop())
		g := attachMeasured(t, b, "answer-hello", 4, 5)
		b.Ask(proc, rootA, 5)
		g.serve()
		expect(t, b, "4711: https://a.test; ")
		if g.asked != 1 {
			t.Errorf("asked %d times", g.asked)
		}
		if err := b.Answer(1, goldenAnswer(t, "answer-hello-measures")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(askAgainAfter)
		synctest.Wait()
		b.Ask(proc, rootA, 5)
		g.serve()
		expect(t, b)
		if !g.distrusted {
			t.Error("wrong numbers are still trusted")
		}
		quiet(t, b)
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
