package check

import (
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// Verdict is what is said of one page. It states what the page's load looks like, never why it is there.
type Verdict string

// The verdicts, the weightiest first.
const (
	// MiningLike and Heavy are the detector's severities.
	MiningLike = Verdict(api.MiningLike)
	Heavy      = Verdict(api.Heavy)
	// Unknown is said where the page could not be watched as it should be; it is never clean. Reason says why.
	Unknown      Verdict = "unknown"
	NothingFound Verdict = "nothing_found"
)

// Found reports whether a verdict says that something was found.
func (v Verdict) Found() bool { return v == MiningLike || v == Heavy }

// Fails reports whether a verdict is at least as weighty as one that was asked to fail on; nothing fails on what is no finding.
func (v Verdict) Fails(on Verdict) bool { return on.Found() && v.rank() >= on.rank() }

// Outweighs reports whether a verdict weighs more than another.
func (v Verdict) Outweighs(other Verdict) bool { return v.rank() > other.rank() }

// rank orders verdicts: of several visits the highest counts.
func (v Verdict) rank() int {
	switch v {
	case MiningLike:
		return 3
	case Heavy:
		return 2
	case Unknown:
		return 1
	case NothingFound:
	}
	return 0
}

// Reason says why a page is unknown.
type Reason string

// The reasons.
const (
	NotLoaded   Reason = "not_loaded"     // no address, no answer, an error of the network
	Refused     Reason = "refused"        // the address is not to be opened: another scheme, a private address, robots.txt
	Blocked     Reason = "blocked"        // the server refused this visitor (403, 429, 5xx)
	AsksToLogIn Reason = "asks_to_log_in" // 401, 407
	EndedEarly  Reason = "ended_early"    // the tab crashed, or the page went elsewhere for ever
	TimedOut    Reason = "timed_out"      // the page did not come to an end of loading
	TooMuch     Reason = "too_much"       // it asked for more memory, bytes or frames than a page may have
	NoBrowser   Reason = "no_browser"     // the browser could not be started, or ended
	NotSeen     Reason = "not_seen"       // what was asked for could not be done: no element to click, none to wait for
)

// Page is the answer about one page after all its visits. It is documented in docs/check.md and stable.
type Page struct {
	Type    string  `json:"type"` // "page"
	URL     string  `json:"url"`
	Verdict Verdict `json:"verdict"`
	// Reason and Detail are set for unknown.
	Reason Reason `json:"reason,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Sentence is the verdict for a person.
	Sentence string `json:"sentence"`
	// Visits holds each visit; Found is how many of them were of the page's verdict.
	Visits []Visit `json:"visits"`
	Found  int     `json:"found"`
	// NotCovered lists what was not looked at, in sentences.
	NotCovered []string `json:"not_covered"`
	// Checked is when the first visit began; Browser, Agent and System are the versions used.
	Checked time.Time `json:"checked"`
	Browser string    `json:"browser"`
	Agent   string    `json:"agent"`
	System  string    `json:"system"`
}

// Finding returns the weightiest finding of a page and the visit in which it was seen; nil for a page without one.
func (p *Page) Finding() (*Visit, *Finding) {
	for i := range p.Visits {
		if v := &p.Visits[i]; v.Verdict == p.Verdict && len(v.Findings) > 0 {
			return v, &v.Findings[0]
		}
	}
	return nil, nil
}

// Visit is one opening of a page in a profile of its own.
type Visit struct {
	Verdict Verdict `json:"verdict"`
	Reason  Reason  `json:"reason,omitempty"`
	Detail  string  `json:"detail,omitempty"`
	// FinalURL is where the page led to, without query; Status the HTTP status of its document; Redirects the addresses
	// on the way, without queries.
	FinalURL  string   `json:"final_url,omitempty"`
	Status    int      `json:"status,omitempty"`
	Redirects []string `json:"redirects,omitempty"`
	Title     string   `json:"title,omitempty"`
	// WatchedS is how long it was watched and DetectedS when its load was first called so, both in seconds since the
	// address was opened.
	WatchedS  float64 `json:"watched_s"`
	DetectedS float64 `json:"detected_s,omitempty"`
	// Suspect is set by a quick visit: it deserves a long one. A quick visit says no more than unknown or nothing_found.
	Suspect bool `json:"suspect,omitempty"`
	// Phases are what was done in turn: "front", "clicked", "hidden".
	Phases []Phase `json:"phases"`
	// Findings are the loads that were called heavy or mining_like, the weightiest first; Busy the scripts that kept a
	// thread busy in any phase, whether or not anything was said of them.
	Findings []Finding `json:"findings"`
	Busy     []Script  `json:"busy"`
	// Frames, Workers and Modules count what the page was made of; Sockets lists the hosts of its WebSockets, Hosts all
	// hosts that it asked.
	Frames  int      `json:"frames"`
	Workers int      `json:"workers"`
	Modules []Module `json:"modules"`
	Sockets []string `json:"sockets"`
	Hosts   []string `json:"hosts"`
	// ReceivedBytes is what came from the network, Popups how many windows it tried to open, Dialogs how many it showed,
	// Downloads how many it began. None of these was let through.
	ReceivedBytes int64 `json:"received_bytes"`
	Popups        int   `json:"popups"`
	Dialogs       int   `json:"dialogs"`
	Downloads     int   `json:"downloads"`
	// Load is the load of the page's processes, a point a second.
	Load []Point `json:"load"`

	// Evidence that is written to files of their own.
	Requests   []Request `json:"-"`
	Screenshot []byte    `json:"-"`
}

// Phase is one part of a visit.
type Phase struct {
	Name  string  `json:"name"`
	FromS float64 `json:"from_s"`
	ToS   float64 `json:"to_s"`
	// Cores is the mean load of the page's processes in cores; Demand what its threads asked for (running and waiting to
	// run), which a busy computer does not lessen.
	Cores  float64 `json:"cores"`
	Demand float64 `json:"demand"`
}

// Point is the load at one moment.
type Point struct {
	AtS    float64 `json:"at_s"`
	Cores  float64 `json:"cores"`
	Demand float64 `json:"demand"`
	// Threads is what each thread used, in cores, by its kind as the browser calls it and a number; "page" is a document's own.
	Threads map[string]float64 `json:"threads,omitempty"`
}

// Finding is one load, and the way from the page to the script behind it.
type Finding struct {
	Verdict    Verdict `json:"verdict"`
	Confidence float64 `json:"confidence"`
	// AtS is when it was first said, in seconds since the address was opened; Phase is that moment's.
	AtS   float64 `json:"at_s"`
	Phase string  `json:"phase"`
	// Cores is the load of the process, Site whose page it runs.
	Cores float64 `json:"cores"`
	Site  string  `json:"site,omitempty"`
	// Chain leads from the page to the function: the page, its frames, its worker and the scripts that called each other.
	Chain []Link `json:"chain"`
	// Script is the script behind the load: what an owner removes. Empty where the browser did not tell.
	Script string `json:"script,omitempty"`
	// Scripts are all that kept a thread of this process busy, the busiest first.
	Scripts []Script `json:"scripts"`
	// Evidence are the detector's sentences with their weights.
	Evidence []Evidence `json:"evidence"`
	// Advice is what to do, for a person.
	Advice string `json:"advice"`
}

// Link is one step of a chain.
type Link struct {
	// Kind is "page", "frame", "worker", "shared_worker", "service_worker", "script", "module" or "function".
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// Script is what one script of one page, frame or worker used.
type Script struct {
	// URL is the script's address, without query; for a worker made of text (blob:, data:) that of who made it, where known.
	URL string `json:"url"`
	// In is where it ran: "page", "frame", "worker", "shared_worker" or "service_worker"; InURL that place's address.
	In    string `json:"in"`
	InURL string `json:"in_url"`
	// Frame is the address of the document around it.
	Frame string `json:"frame,omitempty"`
	// Function is the busiest function, Module the WebAssembly module it lies in.
	Function string `json:"function,omitempty"`
	Module   string `json:"module,omitempty"`
	// Duty is the share of the profiled time in which its thread ran it, Share its part of all that the page's scripts
	// used, Threads how many threads ran it.
	Duty    float64 `json:"duty"`
	Share   float64 `json:"share"`
	Threads int     `json:"threads"`
	// Bytes and SHA256 are those of the script's text.
	Bytes  int    `json:"bytes,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// Module is a WebAssembly module that was compiled.
type Module struct {
	// Name is the browser's own, "wasm://wasm/HASH"; By the script that compiled it, where known.
	Name   string `json:"name"`
	By     string `json:"by,omitempty"`
	In     string `json:"in"`
	Bytes  int    `json:"bytes,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// Evidence is one sentence of the detector.
type Evidence struct {
	Rule   string  `json:"rule"`
	Text   string  `json:"text"`
	Weight float64 `json:"weight"`
}

// Request is one request of a page, for the HAR file: no query, no body, no cookies.
type Request struct {
	Started  time.Time
	Took     time.Duration
	Method   string
	URL      string
	Status   int
	Kind     string // the browser's word: Document, Script, …
	MIME     string
	Received int64 // bytes over the network
	Failed   string
}
