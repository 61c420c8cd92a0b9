package pages

import (
	"net/url"
	"strconv"
	"time"
)

// Mining is a simulated mining load, run by any host's page whose address asks for it. A field left empty is as the
// page has it (static/shared/load.js): no load without Workers, 0.7 duty, no delay, 30 s, SHA-256, workers, steady.
type Mining struct {
	// Workers is the number of threads, at most 8. A load on the main thread is one loop whatever it says.
	Workers int
	// Duty is the share of the time that each thread computes, 0.05 to 1.
	Duty float64
	// Delay is the time from the page's loading to the load's beginning, at most 60 s. Length is how long it lasts, at
	// most 90 s (150 s with Long), which the loops keep to by themselves.
	Delay, Length time.Duration
	Long          bool
	// Hash is "sha256", or one that is memory-hard: "argon2" (2 MiB for each hash) or "scrypt" (128 KiB).
	Hash string
	// Where is "worker", "shared" or "service" (workers of these sorts; a service worker needs a browser that takes the
	// test's hosts for secure), "main" (the page's own thread, in slices) or "frame": in workers of a frame of FrameHost,
	// another site, under which it is reported.
	Where, FrameHost string
	// Pattern is "steady", "random" (the duty is drawn again every 3 to 8 s, from 0.3 to 1), "shy" (pauses while the page
	// is visible, and for 5 s after the mouse moved in it), "mouse" (only the latter), "pulse" (computes for On, then rests
	// for Off) or "bursts" (the same, for half to one and a half times as long, drawn again each time).
	Pattern string
	On, Off time.Duration
	// Unequal has each worker compute for two thirds of the time of the one before it. Chat is how many messages each
	// worker exchanges with the page in a second, Wave how many MiB it takes and lets go again. Only dedicated workers chat.
	Unequal    bool
	Chat, Wave float64
	// Busy is the share of the time that the page's own thread works besides, Beside what it shows: "video" or "draw".
	Busy   float64
	Beside string
}

// URL returns the address of the host's page with the load.
func (m Mining) URL(host string) string {
	q := url.Values{}
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	number := func(key string, n float64) {
		if n != 0 {
			q.Set(key, strconv.FormatFloat(n, 'g', -1, 64))
		}
	}
	number("workers", float64(m.Workers))
	number("duty", m.Duty)
	number("delay", m.Delay.Seconds())
	number("seconds", m.Length.Seconds())
	set("hash", m.Hash)
	set("where", m.Where)
	set("frame_host", m.FrameHost)
	set("pattern", m.Pattern)
	number("on", m.On.Seconds())
	number("off", m.Off.Seconds())
	number("chat", m.Chat)
	number("wave", m.Wave)
	number("busy", m.Busy)
	set("beside", m.Beside)
	for key, yes := range map[string]bool{"unequal": m.Unequal, "long": m.Long} {
		if yes {
			set(key, "1")
		}
	}
	if len(q) == 0 {
		return URL(host)
	}
	return URL(host) + "?" + q.Encode()
}

// LoadURL returns the address of a host's page with that many workers at a duty: the load of the demo.
func LoadURL(host string, workers int, duty float64, delay, length time.Duration) string {
	return Mining{Workers: workers, Duty: duty, Delay: delay, Length: length}.URL(host)
}
