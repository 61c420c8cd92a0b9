package pages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/pages"
)

func TestMiningURL(t *testing.T) {
	for _, c := range []struct {
		mining pages.Mining
		want   string
	}{
		{pages.Mining{}, "http://shop.test/"},
		{
			pages.Mining{Workers: 2, Duty: 0.7, Delay: 1500 * time.Millisecond, Length: time.Minute},
			"http://shop.test/?delay=1.5&duty=0.7&seconds=60&workers=2",
		},
		{
			pages.Mining{Where: "main", Duty: 0.3, Hash: "scrypt", Pattern: "random"},
			"http://shop.test/?duty=0.3&hash=scrypt&pattern=random&where=main",
		},
		{
			pages.Mining{Workers: 4, Duty: 1, Hash: "argon2", Where: "frame", FrameHost: pages.Widget, Pattern: "shy"},
			"http://shop.test/?duty=1&frame_host=widget.test&hash=argon2&pattern=shy&where=frame&workers=4",
		},
	} {
		if got := c.mining.URL(pages.Shop); got != c.want {
			t.Errorf("%+v: %s, want %s", c.mining, got, c.want)
		}
	}
	got := pages.LoadURL(pages.Shop, 2, 0.7, 1500*time.Millisecond, time.Minute)
	if want := "http://shop.test/?delay=1.5&duty=0.7&seconds=60&workers=2"; got != want {
		t.Errorf("LoadURL = %s, want %s", got, want)
	}
}

// node runs pieces of script, one after the other as one, and reads the JSON that they print. A piece that begins with a
// slash is a file of the server's.
func node(t *testing.T, into any, pieces ...string) {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		desktop.Need(t, []string{"node"})
	}
	s := serve(t)
	var script strings.Builder
	for _, p := range pieces {
		if strings.HasPrefix(p, "/_") {
			code, _, text := ask(t, s, http.MethodGet, "http://films.test"+p, "")
			if code != http.StatusOK {
				t.Fatalf("%s: %d", p, code)
			}
			p = strings.ReplaceAll(text, `"use strict";`, "")
		}
		script.WriteString(p + "\n")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-")
	cmd.Stdin = strings.NewReader(script.String())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.Bytes())
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// clock is a stage for the scripts on which only computing and resting move the time.
const clock = `
let now = 0, rested = 0, hashes = 0;
const queue = [];
const performance = { now: () => now };
const setTimeout = (f, ms) => { ms = Math.max(ms, 1); now += ms; rested += ms; queue.push(f); };
const one = () => { hashes++; now += COST_MS; };
const sha = { init: () => sha, update: () => sha, digest: one };
const hashwasm = { createSHA256: async () => sha, argon2id: async () => one(), scrypt: async () => one() };
const drain = async (each) => {
  for (let i = 0; queue.length > 0 && i < 1e6; i++) {
    each?.();
    await queue.shift()();
  }
};
`

// TestLoopKeepsItsLimits runs the real loop in node: it must stop at 90 seconds even if asked for 1000, and compute for
// the share of the time that was asked.
func TestLoopKeepsItsLimits(t *testing.T) {
	for _, c := range []struct {
		name, cost, order string
		low, high         float64 // of the share of the time spent computing
	}{
		{"sha256", "0.05", `{duty: 0.7, slice: 80, hash: "sha256"}`, 0.66, 0.74},
		{"argon2", "4", `{duty: 0.2, slice: 80, hash: "argon2"}`, 0.17, 0.23},
		{"scrypt", "1", `{duty: 1, slice: 50, hash: "scrypt"}`, 0.97, 1},
		{"pulse", "1", `{duty: 1, slice: 80, hash: "scrypt", pattern: "pulse", on: 10, off: 10}`, 0.5, 0.6},
		{"bursts", "1", `{duty: 1, slice: 80, hash: "scrypt", pattern: "bursts", on: 8, off: 8}`, 0.25, 0.8},
		{"wave", "1", `{duty: 0.5, slice: 80, hash: "scrypt", wave: 16}`, 0.46, 0.54},
		{"random", "0.05", `{duty: 0.1, slice: 80, hash: "sha256", pattern: "random"}`, 0.45, 0.85},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got struct {
				Seconds, Duty float64
				Said          []struct {
					Started bool
					Hashes  int64
				}
				Computed int64
			}
			node(t, &got, "const COST_MS = "+c.cost+";", clock, "/_shared/hash-loop.js", `
(async () => {
  const said = [];
  await hashLoop({ seconds: 1000, seed: 1, ...`+c.order+` }, { paused: false }, (m) => said.push(m));
  await drain();
  console.log(JSON.stringify({ seconds: now / 1000, duty: 1 - rested / now, said, computed: hashes }));
})();`)
			if got.Seconds < 89 || got.Seconds > 90.2 {
				t.Errorf("it ended after %.1f s", got.Seconds)
			}
			if got.Duty < c.low || got.Duty > c.high {
				t.Errorf("it computed for %.2f of the time, want %.2f to %.2f", got.Duty, c.low, c.high)
			}
			if len(got.Said) != 2 || !got.Said[0].Started || got.Said[1].Hashes != got.Computed {
				t.Errorf("it said %+v, computed %d hashes", got.Said, got.Computed)
			}
		})
	}
}

// TestLoopPauses holds the loop for the first 40 of 60 seconds: nothing may be computed then.
func TestLoopPauses(t *testing.T) {
	var got struct{ Early, Late int64 }
	node(t, &got, "const COST_MS = 1;", clock, "/_shared/hash-loop.js", `
(async () => {
  const control = { paused: true };
  let early = 0;
  await hashLoop({ seconds: 60, seed: 1, duty: 0.5, slice: 80, hash: "scrypt" }, control, () => {});
  await drain(() => {
    if (now < 40000) early = hashes;
    control.paused = now < 40000;
  });
  console.log(JSON.stringify({ early, late: hashes - early }));
})();`)
	if got.Early != 0 || got.Late < 9000 || got.Late > 11000 {
		t.Errorf("%d hashes while it was held, %d in 20 s at half the time and 1 ms for each", got.Early, got.Late)
	}
}

// page is a stage for load.js: a page with an address, whose workers only note what they are told.
const page = `
const asked = { workers: [], frames: [], timers: [], told: [], shared: 0 };
const setTimeout = (f, ms) => { asked.timers.push(ms); f(); };
const setInterval = () => {};
const addEventListener = (kind, f) => { if (kind === "load") f(); };
const performance = { now: () => 1e6 };
const location = new URL(ADDRESS);
const fetch = (to, request) => asked.told.push(to + " " + request.body);
const document = {
  visibilityState: "visible",
  addEventListener: () => {},
  createElement: () => ({ style: {} }),
  body: { append: (frame) => asked.frames.push(frame.src) },
  head: { append: (script) => { asked.main = script.src; } },
};
class Worker {
  constructor() { this.orders = []; asked.workers.push(this.orders); }
  postMessage(m) { this.orders.push(m); }
}
class SharedWorker {
  constructor() { asked.shared++; this.port = { postMessage: () => {} }; }
}
`

func TestPageReadsItsAddress(t *testing.T) {
	type order struct {
		Duty, Seconds float64
		Hash, Pattern string
		Paused        bool
	}
	usual := order{0.7, 30, "sha256", "steady", false}
	for _, c := range []struct {
		query   string
		workers int
		first   order
		delay   float64 // ms
		frame   string
		main    bool
	}{
		{"", 0, order{}, 0, "", false},
		{"?duty=1&seconds=60&hash=argon2", 0, order{}, 0, "", false},
		{"?workers=2", 2, usual, 0, "", false},
		{"?workers=99&duty=7&seconds=1e9&delay=1e9", 8, order{1, 90, "sha256", "steady", false}, 60000, "", false},
		{"?workers=1&duty=0&seconds=-1&delay=x&hash=md5&where=there&pattern=wild", 1, order{0.05, 0, "sha256", "steady", false}, 0, "", false},
		{"?workers=1&hash=scrypt&pattern=shy", 1, order{0.7, 30, "scrypt", "shy", true}, 0, "", false},
		{"?workers=1&pattern=mouse&delay=2", 1, order{0.7, 30, "sha256", "mouse", false}, 2000, "", false},
		{"?workers=1&pattern=pulse&on=20&off=5", 1, order{0.7, 30, "sha256", "pulse", false}, 0, "", false},
		{"?workers=2&unequal=1&duty=0.9", 2, order{0.9, 30, "sha256", "steady", false}, 0, "", false},
		{"?workers=2&where=shared", 0, order{}, 0, "", false},
		{"?where=main&delay=3", 0, order{}, 3000, "", true},
		{"?workers=2&where=frame&frame_host=widget.test&delay=5&duty=0.5", 0, order{}, 0, "http://widget.test:8080/?workers=2&delay=5&duty=0.5", false},
		{"?workers=2&where=frame&frame_host=example.com", 0, order{}, 0, "", false},
		{"?workers=2&where=frame&frame_host=a.b.test", 0, order{}, 0, "", false},
		{"?workers=2&where=frame", 0, order{}, 0, "", false},
	} {
		var got struct {
			Workers [][]order
			Frames  []string
			Timers  []float64
			Main    string
			Shared  int
		}
		node(t, &got, "const ADDRESS = \"http://films.test:8080/"+c.query+"\";", page, "/_shared/load.js", "console.log(JSON.stringify(asked))")
		if len(got.Workers) != c.workers {
			t.Errorf("%s: %d workers, want %d", c.query, len(got.Workers), c.workers)
		} else if c.workers > 0 && got.Workers[0][0] != c.first {
			t.Errorf("%s: the order %+v, want %+v", c.query, got.Workers[0][0], c.first)
		}
		if strings.Contains(c.query, "unequal") && len(got.Workers) == 2 && math.Abs(got.Workers[1][0].Duty-0.6) > 1e-9 {
			t.Errorf("%s: the second worker's duty is %v, want 0.6", c.query, got.Workers[1][0].Duty)
		}
		if strings.Contains(c.query, "shared") && got.Shared != 2 {
			t.Errorf("%s: %d shared workers", c.query, got.Shared)
		}
		if frame := strings.Join(got.Frames, " "); frame != c.frame {
			t.Errorf("%s: the frame %q, want %q", c.query, frame, c.frame)
		}
		if c.delay > 0 && (len(got.Timers) != 1 || got.Timers[0] != c.delay) {
			t.Errorf("%s: delayed by %v ms, want %v", c.query, got.Timers, c.delay)
		}
		if main := got.Main == "/_shared/hash-loop.js"; main != c.main {
			t.Errorf("%s: on the main thread: %v, want %v", c.query, main, c.main)
		}
	}
}
