// Package api holds the wire types of minewatch's local API and the Client that speaks to it.
//
// It is all that the tray, the native messaging host and scripts know of the agent. Every line the program prints
// under --json is one of these types; keys are snake_case with the unit at the end, and a version is only raised when
// a key changes its meaning or goes away.
package api

import "time"

// Version is the version of the wire types.
const Version = 1

// Alert is one incident of one subject, from the first suspicion to its end.
type Alert struct {
	Type  string     `json:"type"` // "alert"
	ID    string     `json:"id,omitzero"`
	State AlertState `json:"state"`
	// Key is that of the LiveRow about the same subject.
	Key string `json:"key,omitzero"`
	// T is the time in seconds since the agent (or the recording) began, as the detector's clock counts.
	T float64 `json:"t_s"`
	// Started, Updated and Ended are wall clock times in UTC.
	Started time.Time `json:"started,omitzero"`
	Updated time.Time `json:"updated,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// Reason is set once the alert is resolved.
	Reason  Reason  `json:"reason,omitzero"`
	Subject Subject `json:"subject"`
	// Site is the registrable domain of the tab, empty when no single site can be named.
	Site string `json:"site"`
	// Sites lists the candidates when SiteConfidence is Shared.
	Sites []string `json:"sites,omitempty"`
	// Candidates lists hosts that stand open in the user's browsers, where SiteConfidence is Unknown and the user has
	// allowed that session files are read: the load may be any of them or none. Never one alone, and never stored.
	Candidates []string `json:"candidates,omitempty"`
	// SiteConfidence is empty when the subject is not a browser tab.
	SiteConfidence Level `json:"site_confidence"`
	// EmbeddedIn is the site of the page around it when the load is in a cross-site frame.
	EmbeddedIn string `json:"embedded_in,omitzero"`
	// Browser is the browser's program name, such as "firefox-esr"; BrowserTitle what people call it, such as "Firefox".
	Browser      string `json:"browser,omitzero"`
	BrowserTitle string `json:"browser_title,omitzero"`
	// Tabs is the number of tabs in the process; TabHidden reports that none of them is on screen.
	Tabs      int  `json:"tabs,omitzero"`
	TabHidden bool `json:"tab_hidden,omitzero"`

	ProcessName string `json:"process_name"`
	Exe         string `json:"exe,omitzero"`
	User        string `json:"user,omitzero"` // uid or SID of the process's owner
	PID         int32  `json:"pid"`
	Processes   int    `json:"processes,omitzero"` // living members of a group

	// Cores is the mean use over the detector's window; MachinePercent the same as a share of the whole machine.
	Cores          float64 `json:"cores"`
	MachinePercent float64 `json:"machine_percent"`
	// Busy is how long the load has lasted.
	Busy       float64    `json:"busy_s,omitzero"`
	Severity   Severity   `json:"severity"`
	Confidence float64    `json:"confidence"`
	Evidence   []Evidence `json:"evidence"`
	// SnoozedUntil is set while the user asked not to be reminded.
	SnoozedUntil time.Time `json:"snoozed_until,omitzero"`
	// NotStored is set while the alert is not on the disk: it would be lost if the agent ended now.
	NotStored bool `json:"not_stored,omitzero"`
	// Quiet reports that no notification is due: the same subject alerted shortly before, or is snoozed.
	Quiet bool `json:"quiet,omitzero"`
}

// Evidence is what one rule found: a sentence for people, its weight in log-odds, and the figures behind it.
type Evidence struct {
	Rule   string             `json:"rule"`
	Text   string             `json:"text"`
	Weight float64            `json:"weight"`
	Facts  map[string]float64 `json:"facts,omitempty"`
}

// Allowance says that a user agreed to the load of a site or a program.
type Allowance struct {
	Type string `json:"type"` // "allowance"
	// Site is a registrable domain; Program the path of a program. Exactly one is set.
	Site    string `json:"site,omitzero"`
	Program string `json:"program,omitzero"`
	// User is the uid or SID it belongs to.
	User  string    `json:"user,omitzero"`
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"` // zero: for good
}

// Status is what `minewatch status` shows.
type Status struct {
	Type       string    `json:"type"` // "status"
	APIVersion int       `json:"api_version"`
	Version    string    `json:"version"`
	PID        int       `json:"pid"`
	Started    time.Time `json:"started"`
	Watching   bool      `json:"watching"` // a snapshot came within the last three intervals
	Cores      int       `json:"cores"`
	Processes  int       `json:"processes"`
	IntervalMS int64     `json:"interval_ms"`
	// Sampler names the way the machine is read, such as "gopsutil".
	Sampler string `json:"sampler"`
	// CPU is the agent's own CPU time since it began, CPUPerHour what it uses in an hour, as averaged over the last ten
	// minutes (0 in the first two); RSS its resident memory.
	CPU        float64 `json:"cpu_s"`
	CPUPerHour float64 `json:"cpu_per_hour_s"`
	RSS        uint64  `json:"rss_bytes"`
	// State is the folder of the store, Socket that of the local API.
	State  string `json:"state"`
	Socket string `json:"socket"`
	// Firing is the number of alerts firing for the caller.
	Firing   int             `json:"firing"`
	Browsers []BrowserStatus `json:"browsers"`
	Trays    []TrayStatus    `json:"trays"`
	// Warnings are sentences that say what does not work and what to do.
	Warnings []string `json:"troubles,omitempty"`
}

// BrowserStatus is one connected browser extension.
type BrowserStatus struct {
	Name      string `json:"name"`           // program name of the browser
	Title     string `json:"title,omitzero"` // what people call it
	PID       int32  `json:"pid"`            // its root process
	Extension string `json:"extension_version"`
	// Update says in one sentence what is too old to be of use and how it is renewed; empty when nothing is.
	Update string `json:"update,omitzero"`
}

// TrayStatus is one connected tray.
type TrayStatus struct {
	PID  int32    `json:"pid"`
	Mode TrayMode `json:"mode"`
	// Detail is the tray's own words on what is missing. They are told to its own user alone.
	Detail string `json:"detail,omitzero"`
	// User is whose tray it is, set by the agent.
	User string `json:"user,omitzero"`
}

// Live is the view of one tick, for people who watch: only what uses the processor now.
type Live struct {
	Type string    `json:"type"` // "tick"
	T    float64   `json:"t_s"`
	Time time.Time `json:"time"`
	// Machine is the use of all cores in percent since the tick before, 0 to 100.
	Machine   float64   `json:"machine_percent"`
	Cores     int       `json:"cores"`
	Processes int       `json:"processes"`
	Hot       []LiveRow `json:"hot"`
}

// LiveRow is one busy process, tab or group.
type LiveRow struct {
	// Key is the same for the same subject as long as the agent runs.
	Key            string   `json:"key"`
	Subject        Subject  `json:"subject"`
	Process        string   `json:"process_name"`
	PID            int32    `json:"pid"`
	Processes      int      `json:"processes,omitzero"` // as Alert.Processes
	Site           string   `json:"site,omitzero"`
	Sites          []string `json:"sites,omitempty"`
	SiteConfidence Level    `json:"site_confidence,omitzero"`
	Browser        string   `json:"browser,omitzero"` // as Alert.Browser
	BrowserTitle   string   `json:"browser_title,omitzero"`
	// Cores is the use since the tick before; Mean that over the detector's window.
	Cores      float64    `json:"cores"`
	Mean       float64    `json:"mean_cores"`
	State      State      `json:"state"`
	Severity   Severity   `json:"severity,omitzero"`
	Confidence float64    `json:"confidence"`
	Busy       float64    `json:"busy_s"`
	Evidence   []Evidence `json:"evidence,omitempty"`
}

// Event is one server-sent event: exactly one field is set.
type Event struct {
	Alert *Alert `json:"alert,omitempty"`
	Live  *Live  `json:"live,omitempty"`
}
