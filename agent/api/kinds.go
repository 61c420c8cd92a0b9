package api

import "time"

// MaxSpan is the longest time for which something may be allowed or snoozed; longer is said as "for good".
const MaxSpan = 10 * 365 * 24 * time.Hour

// AlertState says where an alert stands.
type AlertState string

// The states of an alert: pending -> firing -> resolved.
const (
	Pending  AlertState = "pending"  // the detector suspects; the site is being looked up
	Firing   AlertState = "firing"   // people are told
	Resolved AlertState = "resolved" // it is over, see Alert.Reason
)

// Reason says why an alert was resolved; "" while it is open.
type Reason string

// The reasons.
const (
	ReasonLoadEnded    Reason = "load_ended"
	ReasonProcessEnded Reason = "process_ended"
	ReasonTabClosed    Reason = "tab_closed" // a person closed the tab from an alert
	ReasonAllowed      Reason = "allowed"    // the user allowed the site or program
	ReasonAgentStopped Reason = "agent_stopped"
	ReasonCrowdedOut   Reason = "crowded_out" // too many were open, most of them of its user; others needed the room
)

// Subject says what an alert or a row is about.
type Subject string

// The subjects.
const (
	SubjectTab     Subject = "browser_tab"
	SubjectProcess Subject = "process"
	SubjectGroup   Subject = "group" // several processes of one program, user and parent
	// SubjectUnattributed is what the machine is busy with beyond every process seen.
	SubjectUnattributed Subject = "unattributed"
)

// Level says how sure the site of a browser tab is; "" for what is not a tab.
type Level string

// The levels, best first.
const (
	Exact    Level = "exact"    // every frame in the process is of this site
	Shared   Level = "shared"   // frames of several sites live in the process: one of them
	Probable Level = "probable" // the last site known there
	Unknown  Level = "unknown"  // nobody could say
)

// Severity says what a load looks like; "" while nothing is suspected. Neither says that something is mining.
type Severity string

// The severities.
const (
	Heavy      Severity = "heavy"       // sustained, but not of mining's shape
	MiningLike Severity = "mining_like" // sustained and shaped like mining
)

// State says how far the suspicion against a busy row has come.
type State string

// The states of a row: watching -> suspected -> cleared, and back to watching.
const (
	Watching  State = "watching"  // it uses the processor, nothing is said
	Suspected State = "suspected" // sustained load, see Severity
	Cleared   State = "cleared"   // was suspected; the load ended or changed
)

// TrayMode says how a tray can show alerts.
type TrayMode string

// The modes.
const (
	TrayMenu          TrayMode = "menu"          // icon, menu and notifications
	TrayNotifications TrayMode = "notifications" // no tray host was found
)
