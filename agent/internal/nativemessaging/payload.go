package nativemessaging

import "github.com/minewatch/minewatch/agent/api"

// None is what a request without params holds, and the result of one that has nothing to say.
type None struct{}

// HelloParams begin a conversation.
type HelloParams struct {
	// Protocol is the newest version that the extension speaks.
	Protocol int `json:"protocol"`
	// Extension is the extension's version.
	Extension string `json:"extension,omitzero"`
	// Browser is "firefox" in one: its numbers of processes need a check.
	Browser string `json:"browser,omitzero"`
	// Measures reports that the extension may take pages through the memory step, so that the numbers can be checked.
	// Firefox's always may.
	Measures bool `json:"measures,omitzero"`
}

// HelloResult agrees to a conversation.
type HelloResult struct {
	// Protocol is the version to be spoken: the newest that both speak.
	Protocol int `json:"protocol"`
	// Agent is the agent's version.
	Agent string `json:"agent,omitzero"`
}

// MeasuringParams tell that the person allowed the memory step, or took that back.
type MeasuringParams struct {
	Allowed bool `json:"allowed"`
}

// FramesParams ask which frames live in a renderer process. Renderer is the browser's own number of it.
type FramesParams struct {
	Renderer int `json:"renderer"`
}

// FramesResult lists the pages of a renderer process.
type FramesResult struct {
	Frames []Frame `json:"frames,omitempty"`
	// Last is the origin that last lived there, when no frame does.
	Last string `json:"last,omitzero"`
	// User is "active", "idle" or "locked": what the person in front of the browser does.
	User string `json:"user,omitzero"`
}

// Frame is one frame of a tab: origins only, never a path, a query or a title.
type Frame struct {
	Tab     int64  `json:"tab"`
	Frame   int64  `json:"frame"`
	Origin  string `json:"origin"`
	Top     string `json:"top"` // origin of the page around it
	Hidden  bool   `json:"hidden"`
	Audible bool   `json:"audible"`
	// Focused: the tab's window has the keyboard. FullScreen: it fills the screen.
	Focused    bool `json:"focused,omitzero"`
	FullScreen bool `json:"full,omitzero"`
}

// TabParams ask to close or show a tab that must still show Origin and, where Renderer is given, have a frame in it.
type TabParams struct {
	Tab      int64  `json:"tab"`
	Origin   string `json:"origin"`
	Renderer int    `json:"renderer,omitzero"`
}

// GrowParams ask a page to take so many MiB. The first step takes the page with this turn, from 0, of those whose
// process is "known" to the extension or "unknown" to it; the second, without a pick, goes on with that page.
type GrowParams struct {
	Pick string `json:"pick,omitzero"`
	Turn int    `json:"turn,omitzero"`
	MiB  int    `json:"mib"`
}

// GrowResult is the number of the process that the extension believes the page to live in, 0 for none.
type GrowResult struct {
	Renderer int `json:"renderer,omitzero"`
}

// LivesParams tell where the page that was measured last lives.
type LivesParams struct {
	Renderer int `json:"renderer"`
}

// LoadParams ask which renderers of this browser use the processor. Lang is the code of a language, "" for English sentences.
type LoadParams struct {
	Lang string `json:"lang,omitzero"`
}

// LoadResult is the use of all cores in percent, and the busiest renderers of the browser, the busiest first. More is
// how many there was no room for.
type LoadResult struct {
	Machine float64   `json:"machine_percent"`
	Tabs    []TabLoad `json:"tabs,omitempty"`
	More    int       `json:"more,omitzero"`
}

// TabLoad is what the agent knows of one busy renderer process of a browser. Which tabs live there is for the extension
// to say.
type TabLoad struct {
	Renderer int `json:"renderer"`
	// Cores is the use since the tick before, Machine the same in percent of all cores.
	Cores   float64 `json:"cores"`
	Machine float64 `json:"machine_percent"`
	// Samples is the use in hundredths of a core, one a second, the newest last: at most the last 60 s.
	Samples []int   `json:"samples"`
	Busy    float64 `json:"busy_s"`
	// State and Severity are as in api.LiveRow. Why says in sentences what the detector found, in the language asked for
	// where there is one.
	State    api.State    `json:"state"`
	Severity api.Severity `json:"severity,omitzero"`
	Why      []string     `json:"why,omitempty"`
	// Alert is the open alert about it; CanAllow reports that the alert names one site, Snoozed that it is quiet for now.
	Alert    string `json:"alert,omitzero"`
	CanAllow bool   `json:"can_allow,omitzero"`
	Snoozed  bool   `json:"snoozed,omitzero"`
	// Allowed reports that the user allowed its one site, which PopupDisallow takes back.
	Allowed bool `json:"allowed,omitzero"`
}

// AlertParams ask to allow or snooze what an alert is about for so many seconds; 0 allows for good.
type AlertParams struct {
	Alert string  `json:"alert"`
	ForS  float64 `json:"for_s,omitzero"`
}

// DisallowParams ask to take back the allowance of the one site that is busy in a renderer.
type DisallowParams struct {
	Renderer int `json:"renderer"`
}

// FlaggedParams tell that an alert fired about a renderer, and name its one site.
type FlaggedParams struct {
	Renderer int    `json:"renderer"`
	Site     string `json:"site"`
}

// UnflaggedParams name sites that the user allowed, or whose allowance was taken back.
type UnflaggedParams struct {
	Sites []string `json:"sites"`
}

// AgentParams tell what the host found at the other end: AgentConnected, AgentAbsent or AgentOutdated.
type AgentParams struct {
	State string `json:"state"`
}
