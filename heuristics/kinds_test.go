package heuristics

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// shape is a made-up process for the table below: what its threads use, in cores, as a function of time in seconds.
type shape struct {
	info    ProcessInfo
	names   []string
	load    func(at float64, r *rand.Rand) []float64
	wants   func(r *rand.Rand) []float64 // what its threads ask for, in cores, nil where they get it
	system  float64                      // share of time in the kernel
	io      float64                      // bytes per second of CPU
	memory  float64                      // bytes
	grows   float64                      // memory, as a share of it per second
	unread  bool                         // neither threads nor I/O nor memory are known
	renders *Renderer
	helpers []Role // other processes of its browser, which rest
}

// play runs a shape for some time and returns the severity that was reached first, when, and when mining_like was.
func (s *shape) play(t *testing.T, length, step time.Duration) (first Severity, at, alike time.Duration) {
	t.Helper()
	r, d := rand.New(rand.NewPCG(7, 8)), NewDetector(Config{})
	id := ProcessID{PID: 100, StartTime: 1}
	p := ProcessSample{ID: id}
	for i, n := range s.names {
		p.Threads = append(p.Threads, ThreadSample{TID: 100 + int32(i), Name: n})
	}
	at, alike = -1, -1
	for now := time.Duration(0); now <= length; now += step {
		out := p
		snapshot := Snapshot{At: now, Cores: 4}
		if now == 0 {
			snapshot.Processes = s.family()
			out.Info = &s.info
			out.Threads = nil
		} else {
			for i, c := range s.load(now.Seconds(), r) {
				use := time.Duration(c * float64(step))
				p.Threads[i].Run += use
				if s.wants != nil {
					p.Threads[i].Wait += max(0, time.Duration(s.wants(r)[i]*float64(step))-use)
				}
				p.System += time.Duration(s.system * float64(use))
				p.User += use - time.Duration(s.system*float64(use))
			}
			out = p
			out.Threads = slices.Clone(p.Threads)
			if now%(5*time.Second) == 0 && s.memory > 0 {
				out.Resident, out.Transferred = uint64(s.memory*(1+0.002*r.Float64()+s.grows*now.Seconds())), 4096+uint64(s.io*p.CPU().Seconds())
			}
			if s.unread {
				out.Threads, out.Resident, out.Transferred = nil, 0, 0
			}
		}
		snapshot.Processes = append(snapshot.Processes, out)
		if s.renders != nil && now%(10*time.Second) == 0 {
			answer := *s.renders
			answer.Process = id
			snapshot.Renderers = []Renderer{answer}
		}
		for _, v := range d.Observe(snapshot) {
			if v.State != Suspected || v.Subject.Process != id {
				continue
			}
			if at < 0 {
				first, at = v.Severity, now
			}
			if v.Severity == MiningLike && alike < 0 {
				alike = now
			}
		}
	}
	return first, at, alike
}

// family returns the browser that a page belongs to.
func (s *shape) family() []ProcessSample {
	if s.info.Browser == nil || s.info.Browser.Root == (ProcessID{}) {
		return nil
	}
	root := s.info.Browser.Root
	exe := "/usr/lib/chromium/chromium"
	out := []ProcessSample{{ID: root, Info: &ProcessInfo{Name: "chromium", Exe: exe, Browser: &BrowserProcess{Family: Chromium, Role: RoleBrowser, Root: root}}}}
	for i, role := range s.helpers {
		out = append(out, ProcessSample{ID: ProcessID{PID: int32(20 + i), StartTime: 1}, Info: &ProcessInfo{
			Name: "chromium", Exe: exe, Parent: root, Nice: backgroundNice, Browser: &BrowserProcess{Family: Chromium, Role: role, Root: root},
		}})
	}
	return out
}

// tab is a page of an installed Chromium; frames say what its extension answers, "" nothing.
func tab(sight string, names []string, load func(at float64, r *rand.Rand) []float64) *shape {
	root := ProcessID{PID: 10, StartTime: 1}
	s := &shape{
		info: ProcessInfo{Name: "chromium", Exe: "/usr/lib/chromium/chromium", Parent: root, Browser: &BrowserProcess{
			Family: Chromium, Role: RoleRenderer, Root: root, Renderer: 7,
		}},
		names: names, load: load, memory: 3e8,
	}
	frame := Frame{Tab: 1, Origin: "https://site.test", TopOrigin: "https://site.test"}
	switch sight {
	case "hidden":
		frame.Hidden = true
		s.renders = &Renderer{Frames: []Frame{frame}, User: PresenceActive}
	case "shown":
		s.renders = &Renderer{Frames: []Frame{frame}}
	case "used":
		frame.Focused = true
		s.renders = &Renderer{Frames: []Frame{frame}, User: PresenceActive}
	case "audible":
		frame.Audible, frame.Focused = true, true
		s.renders = &Renderer{Frames: []Frame{frame}, User: PresenceActive}
	}
	return s
}

// native is a program that computes with unnamed threads.
func native(exe string, load func(at float64, r *rand.Rand) []float64, threads int) *shape {
	names := []string{"work"}
	for range threads - 1 {
		names = append(names, "work")
	}
	return &shape{info: ProcessInfo{Name: "work", Exe: exe, User: "1000"}, names: names, load: load, system: 0.02, io: 100, memory: 3e8}
}

// steady returns a load of fixed levels, off by a percent or so, between two seconds.
func steady(from, to float64, levels ...float64) func(float64, *rand.Rand) []float64 {
	return func(at float64, r *rand.Rand) []float64 {
		out := make([]float64, len(levels))
		for i, l := range levels {
			if at > from && at <= to {
				out[i] = l * (0.985 + 0.015*r.Float64())
			} else {
				out[i] = 0.001
			}
		}
		return out
	}
}

// turns works on seconds and rests off seconds.
func turns(on, off float64, levels ...float64) func(float64, *rand.Rand) []float64 {
	all := steady(0, 1e9, levels...)
	none := steady(-1, -1, levels...)
	return func(at float64, r *rand.Rand) []float64 {
		for at > on+off {
			at -= on + off
		}
		if at <= on {
			return all(at, r)
		}
		return none(at, r)
	}
}

// scrolled is a page whose own thread works at a level while a reader scrolls every third second.
func scrolled(level float64) func(float64, *rand.Rand) []float64 {
	return func(at float64, r *rand.Rand) []float64 {
		out := steady(5, forEver, level, 0)(at, r)
		out[1] = 0.0005
		if int(at)%3 == 0 {
			out[1] = 0.027
		}
		return out
	}
}

const forEver = 1e9

var (
	oneWorker   = []string{"chromium", "DedicatedWorker"}
	twoWorkers  = []string{"chromium", "DedicatedWorker", "DedicatedWorker"}
	fourWorkers = []string{"chromium", "DedicatedWorker", "DedicatedWorker", "DedicatedWorker", "DedicatedWorker"}
	drawnPage   = []string{"chromium", "Compositor"}
)

// kind is one kind of load and what must be said of it.
type kind struct {
	name  string
	shape *shape
	step  time.Duration // 1 s if 0
	// by is when mining_like must have been reached at the latest, 0 for not at all.
	by time.Duration
	// found is when an alert of either severity must have been raised at the latest, 0 for none at all, -1 for either.
	found time.Duration
	// notBefore is when the first may be raised at the earliest.
	notBefore time.Duration
	length    time.Duration // 120 s if 0
}

const either = -1

func TestKindsOfMining(t *testing.T) {
	s := func(n int) time.Duration { return time.Duration(n) * time.Second }
	spawned := func(change func(*shape), base *shape) *shape { change(base); return base }
	playKinds(t, []kind{
		{name: "SharedWorker", shape: tab("hidden", []string{"chromium", "SharedWorker th", "SharedWorker th"}, steady(5, forEver, 0.002, 0.7, 0.7)), by: s(18)},
		{name: "SharedWorker in front", shape: tab("used", []string{"chromium", "SharedWorker th", "SharedWorker th"}, steady(5, forEver, 0.004, 0.7, 0.7)), by: s(23)},
		{name: "SharedWorker without an extension", shape: tab("", []string{"chromium", "SharedWorker th", "SharedWorker th"}, steady(5, forEver, 0.004, 0.5, 0.5)), by: s(23)},
		{name: "ServiceWorker", shape: tab("", []string{"chromium", "ServiceWorker t"}, steady(5, forEver, 0.003, 0.97)), by: s(23)},
		{name: "DOM Worker", shape: tab("hidden", []string{"Isolated Web Co", "DOM Worker", "DOM Worker"}, steady(5, forEver, 0.003, 0.5, 0.5)), by: s(18)},
		{name: "hidden at full duty", shape: tab("hidden", fourWorkers, steady(5, forEver, 0.003, 1, 1, 1, 1)), by: s(17), notBefore: s(15)},
		{name: "in front at full duty", shape: tab("used", fourWorkers, steady(5, forEver, 0.003, 1, 1, 1, 1)), by: s(70), found: s(50), notBefore: s(43)},
		{name: "in front at full duty, and nobody is there", shape: spawned(func(s *shape) {
			s.renders.User = PresenceIdle
		}, tab("used", fourWorkers, steady(5, forEver, 0.003, 1, 1, 1, 1))), by: s(23)},
		{name: "four workers at 9 %", shape: tab("hidden", fourWorkers, steady(5, forEver, 0.003, 0.09, 0.09, 0.09, 0.09)), by: s(25)},
		{name: "one worker at 20 %", shape: tab("hidden", oneWorker, steady(5, forEver, 0.003, 0.2)), by: s(25)},
		{name: "unequal workers", shape: tab("hidden", fourWorkers, steady(5, forEver, 0.003, 0.9, 0.6, 0.3, 0.15)), by: s(25)},
		{name: "the page works as well", shape: tab("hidden", oneWorker, steady(5, forEver, 0.13, 0.3)), by: s(40)},
		{name: "the page works more", shape: tab("hidden", twoWorkers, steady(5, forEver, 0.65, 0.5, 0.5)), by: s(60)},
		{name: "beside a film with sound", shape: tab("audible", []string{"chromium", "DedicatedWorker", "DedicatedWorker", "VideoFrameCompo", "Media"}, steady(5, forEver, 0.03, 0.6, 0.6, 0.1, 0.1)), by: s(60)},
		{name: "10 s on, 10 s off, hidden", shape: tab("hidden", twoWorkers, turns(10, 10, 0.003, 0.9, 0.9)), by: s(40)},
		{name: "20 s on, 20 s off, in front", shape: tab("used", twoWorkers, turns(20, 20, 0.003, 0.7, 0.7)), by: s(60)},
		{name: "10 s on, 10 s off, native", shape: native("/home/a/work", turns(10, 10, 0.95, 0.95), 2), by: s(60)},
		{name: "8 s on, 5 s off beside a page that draws", shape: tab("hidden", twoWorkers, func(at float64, r *rand.Rand) []float64 {
			out := turns(8, 5, 0.003, 0.9, 0.9)(at, r)
			out[0] = 0.1
			return out
		}), by: s(60)},
		{name: "its own thread, in front, draws nothing", shape: tab("used", drawnPage, steady(5, forEver, 0.95, 0)), by: s(80), found: s(55)},
		{name: "its own thread, in front, and its memory grows", shape: spawned(func(s *shape) { s.grows = 0.002 }, tab("used", drawnPage, steady(5, forEver, 0.95, 0))), by: s(80), found: s(55)},
		{name: "its own thread at 70 %, in front, draws nothing", shape: tab("shown", drawnPage, steady(5, forEver, 0.7, 0)), by: s(80), found: s(50)},
		{name: "its own thread, in front, while somebody scrolls", shape: tab("used", drawnPage, scrolled(0.95)), by: s(80), found: s(60), notBefore: s(43)},
		{name: "its own thread at 70 %, in front, while somebody scrolls", shape: tab("used", drawnPage, scrolled(0.7)), by: s(60), found: s(50)},
		{name: "its own thread at 70 %, in front, on a crowded computer", shape: spawned(func(s *shape) {
			s.wants = func(r *rand.Rand) []float64 { return []float64{0.69 + 0.02*r.Float64(), 0.2 + 0.6*r.Float64()} }
		}, tab("used", []string{"chromium", "ThreadPoolForeg"}, func(_ float64, r *rand.Rand) []float64 {
			return []float64{0.1 + 0.2*r.Float64(), 0.03}
		})), by: s(40)},
		{name: "two workers that keep the same pace beside a page that draws", shape: tab("used", []string{"chromium", "DedicatedWorker", "DedicatedWorker", "Compositor"}, steady(5, forEver, 0.3, 0.7, 0.7, 0.2)), by: s(40)},
		{name: "its own thread, hidden", shape: tab("hidden", drawnPage, steady(5, forEver, 0.95, 0)), by: s(55)},
		{name: "its own thread at 60 %, hidden by its priority", shape: spawned(func(s *shape) { s.info.Nice = backgroundNice }, tab("", drawnPage, steady(5, forEver, 0.6, 0))), by: s(55)},
		{name: "hidden by its priority", shape: spawned(func(s *shape) { s.info.Nice = backgroundNice }, tab("", twoWorkers, steady(5, forEver, 0.003, 0.5, 0.5))), by: s(18)},
		{name: "native, two threads", shape: native("/home/a/work", steady(5, forEver, 0.98, 0.98), 2), by: s(20)},
		{name: "native, 50 %", shape: native("/home/a/work", steady(5, forEver, 0.5, 0.5, 0.5, 0.5), 4), by: s(20)},
		{name: "native, called chromium", shape: spawned(func(s *shape) {
			id := ProcessID{PID: 100, StartTime: 1}
			s.info.Name, s.info.Browser = "chromium", &BrowserProcess{Family: Chromium, Role: RoleBrowser, Root: id}
		}, native("/home/a/.config/chromium", steady(5, forEver, 0.98, 0.98), 2)), by: s(20)},
		{name: "native, with --type=x", shape: spawned(func(s *shape) {
			s.info.Browser = &BrowserProcess{Family: Electron, Role: "x", Root: ProcessID{PID: 10, StartTime: 1}}
		}, native("/home/a/work", steady(5, forEver, 0.98, 0.98), 2)), by: s(20)},
		{name: "native, as a renderer", shape: spawned(func(s *shape) {
			s.info.Browser = &BrowserProcess{Family: Chromium, Role: RoleRenderer, Root: ProcessID{PID: 10, StartTime: 1}}
		}, native("/home/a/work", steady(5, forEver, 0.98, 0.98), 2)), by: s(20)},
		{name: "native, installed, equal threads", shape: native("/usr/local/bin/work", steady(5, forEver, 0.98, 0.98, 0.98, 0.98), 4), found: s(128), length: s(130)},
		{name: "native, reads a file at 20 MB/s", shape: spawned(func(s *shape) { s.io = 20e6 }, native("/home/a/work", steady(5, forEver, 0.98, 0.98), 2)), by: s(100)},
		{name: "samples 2 s apart", shape: tab("hidden", twoWorkers, steady(5, forEver, 0.003, 0.5, 0.5)), step: s(2), by: s(30)},
		{name: "samples 5 s apart", shape: tab("hidden", twoWorkers, steady(5, forEver, 0.003, 0.5, 0.5)), step: s(5), by: s(60)},
	})
}

func TestKindsOfHonestLoad(t *testing.T) {
	s := func(n int) time.Duration { return time.Duration(n) * time.Second }
	spawned := func(change func(*shape), base *shape) *shape { change(base); return base }
	bursts := func(names int, level float64) func(float64, *rand.Rand) []float64 {
		return func(_ float64, r *rand.Rand) []float64 {
			out := make([]float64, names)
			for i := range out {
				out[i] = level * r.Float64() * r.Float64()
			}
			return out
		}
	}
	playKinds(t, []kind{
		{name: "a gate of 9 s, hidden", shape: tab("hidden", fourWorkers, steady(5, 14, 0.003, 1, 1, 1, 1))},
		{name: "a gate of 20 s, in front", shape: tab("used", fourWorkers, steady(5, 25, 0.003, 1, 1, 1, 1))},
		{name: "a gate of 14 s, in front", shape: tab("used", fourWorkers, steady(5, 19, 0.003, 1, 1, 1, 1))},
		{name: "a gate of 27 s, in front", shape: tab("used", fourWorkers, steady(5, 32, 0.003, 1, 1, 1, 1))},
		{name: "a gate of 33 s on one thread, in front", shape: tab("used", oneWorker, steady(5, 38, 0.003, 1))},
		{name: "a gate of 40 s, in front", shape: tab("used", fourWorkers, steady(5, 45, 0.003, 1, 1, 1, 1))},
		{name: "a gate of 60 s that shows how far it has come", shape: tab("used", fourWorkers, steady(5, 65, 0.15, 1, 1, 1, 1))},
		{name: "a page that draws, in use", shape: tab("used", drawnPage, steady(5, forEver, 0.95, 0.03)), length: s(200)},
		{name: "a page that draws a little all the time, in use", shape: tab("used", drawnPage, steady(5, forEver, 0.95, 0.0105)), length: s(200)},
		{name: "a page that works in changing memory while somebody scrolls", shape: spawned(func(s *shape) { s.grows = 0.004 }, tab("used", drawnPage, scrolled(0.95))), length: s(200)},
		{name: "WebGL in sight", shape: tab("shown", []string{"chromium", "Compositor", "ThreadPoolForeg"}, steady(5, forEver, 0.7, 0.15, 0.15)), length: s(200)},
		{name: "a call that is looked at", shape: tab("shown", []string{"chromium", "Media", "CodecWorker"}, steady(5, forEver, 0.4, 0.14, 0.1)), length: s(200)},
		{name: "a video grid of a program with an engine", shape: spawned(func(s *shape) {
			s.info.Browser.Family = Electron
		}, tab("", []string{"chromium", "Media", "CodecWorker", "VideoFrameCompo"}, steady(5, forEver, 0.1, 0.4, 0.25, 0.3))), length: s(200)},
		{name: "trains a model, hidden", shape: spawned(func(s *shape) { s.grows = 0.004 }, tab("hidden", drawnPage, steady(5, forEver, 0.95, 0))), found: either},
		{name: "workers that take turns, hidden", shape: spawned(func(s *shape) { s.grows = 0.01 }, tab("hidden", fourWorkers, func(at float64, r *rand.Rand) []float64 {
			out := []float64{0.03, 0.001, 0.001, 0.001, 0.001}
			for i := range 1 + int(at/3)%3 {
				out[1+(i+int(at/2))%4] = 0.5 + 0.4*r.Float64()
			}
			return out
		})), found: either},
		{name: "a page that is used with workers in bursts", shape: tab("used", twoWorkers, bursts(3, 0.8))},
		{name: "a loop that polls", shape: spawned(func(s *shape) { s.system = 0.6 }, native("/usr/bin/shell", steady(5, forEver, 0.99), 1)), found: s(128), notBefore: s(100), length: s(130)},
		{name: "an indexer that hangs at nice 19", shape: spawned(func(s *shape) { s.info.Nice = 19 }, native("/usr/libexec/indexer", steady(5, forEver, 0.99), 1)), found: s(128), length: s(130)},
		{name: "a game server at rest", shape: spawned(func(s *shape) {
			s.names = []string{"server", "RenderDevice", "Job.Worker 0", "Job.Worker 1"}
		}, native("/opt/game/server", steady(5, forEver, 0.95, 0.18, 0.04, 0.04), 4)), found: s(128), length: s(130)},
		{name: "a database under load", shape: spawned(func(s *shape) { s.system = 0.45 }, native("/usr/lib/db/bin/db", steady(5, forEver, 0.22, 0.22), 2))},
		{name: "an encoder in memory", shape: spawned(func(s *shape) {
			s.names = []string{"encode", "lookahead", "generate", "frame"}
		}, native("/usr/bin/encode", steady(5, forEver, 0.3, 0.5, 0.4, 0.9), 4)), found: either},
		{name: "an encoder of equal threads in memory", shape: native("/usr/bin/encode", steady(5, forEver, 0.9, 0.9, 0.9), 3), found: s(128), notBefore: s(100), length: s(130)},
		{name: "a solver of one thread, installed", shape: native("/usr/bin/solve", steady(5, forEver, 0.99), 1), found: either},
		{name: "0.22 cores that go up and down", shape: native("/home/a/x", bursts(1, 0.9), 1)},
		{name: "nothing but a load, 10 s apart", shape: spawned(func(s *shape) { s.unread = true }, native("", steady(0, forEver, 3.96), 1)), step: s(10), found: s(130), notBefore: s(110), length: s(140)},
		{name: "nothing but a load, 5 s apart", shape: spawned(func(s *shape) { s.unread = true }, native("", steady(0, forEver, 3.96), 1)), step: s(5), found: s(130), notBefore: s(110), length: s(140)},
		{name: "nothing but a full computer, a minute apart", shape: spawned(func(s *shape) { s.unread = true }, native("", bursts(1, 0), 1)), step: s(60), length: s(1200)},
		{name: "a full computer, a minute apart", shape: spawned(func(s *shape) { s.unread = true }, native("", func(_ float64, r *rand.Rand) []float64 {
			return []float64{3.5 + 0.5*r.Float64()}
		}, 1)), step: s(60), found: s(720), notBefore: s(540), length: s(1200)},
	})
}

func playKinds(t *testing.T, kinds []kind) {
	t.Helper()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			length, step := k.length, k.step
			if length == 0 {
				length = 120 * time.Second
			}
			if step == 0 {
				step = time.Second
			}
			first, at, alike := k.shape.play(t, length, step)
			found := k.found
			if found == 0 {
				found = k.by
			}
			switch {
			case k.by == 0 && alike >= 0, k.by > 0 && k.found != either && (alike < 0 || alike > k.by):
				t.Errorf("mining_like at %v, want by %v (0 is never)", alike, k.by)
			case found == 0 && at >= 0, found > 0 && k.found != either && (at < 0 || at > found):
				t.Errorf("%q at %v, want an alert by %v (0 is never)", first, at, found)
			case at >= 0 && at < k.notBefore:
				t.Errorf("%q at %v, want none before %v", first, at, k.notBefore)
			}
		})
	}
}
