// Package heuristics holds minewatch's vocabulary (Snapshot, Verdict, Evidence) and its detector.
//
// The package is pure: no clock, file, network or log. Time travels inside the Snapshot, so a live machine and a
// recording are judged by the same code and give the same verdicts.
package heuristics

import "time"

// ProcessID names one life of a process. A bare pid is never a key, because the kernel uses pids again.
type ProcessID struct {
	// PID is the operating system's number.
	PID int32
	// StartTime tells two lives of one PID apart, in the finest unit the system has:
	// clock ticks since boot on Linux (field 22 of /proc/PID/stat), 100 ns since 1601 on Windows,
	// milliseconds since 1970 on macOS. Only equality means anything.
	StartTime int64
}

// Snapshot is what the counters of a machine said at one tick.
//
// All CPU figures are cumulative, never differences or percentages, so that windows, rules and attribution can change
// and an old recording can be judged again. The first snapshot of a source lists every process; later ones list only
// the processes whose counters changed (sparse). A process that first appears after the first snapshot was born since
// then and has used next to nothing before the tick before, so its whole CPU time belongs to that tick.
type Snapshot struct {
	// Time is the wall clock, for people. It may jump; nothing is computed from it.
	Time time.Time
	// At is the time since the source's first tick on a clock that never jumps and stands still while the machine
	// sleeps. Every window is measured on it.
	At time.Duration
	// Cores is the number of logical processors online.
	Cores int
	// Busy is the CPU time that all processes used on all cores since boot, as the machine's own counter says: not idle,
	// not waiting for I/O, not interrupts. 0 means that it is not known.
	Busy time.Duration
	// Processes lists the processes whose counters changed since the snapshot before.
	Processes []ProcessSample
	// Exited lists the processes that were there at the snapshot before and are gone.
	Exited []ProcessID
	// Renderers holds what browser extensions answered since the snapshot before.
	Renderers []Renderer
	// Gaps says what could not be seen.
	Gaps []Gap
}

// ProcessSample is one process at one tick.
type ProcessSample struct {
	ID ProcessID
	// Info is set at the first sight of a process and whenever it changed, else nil.
	Info *ProcessInfo
	// User and System are the CPU time of all threads so far.
	User, System time.Duration
	// Children is the CPU time of the children that ended and were waited for (Linux: cutime + cstime).
	Children time.Duration
	// Resident is the memory in use in bytes; 0 means it was not read (only hot processes are).
	Resident uint64
	// ReadBytes and WriteBytes count what went to or came from storage; 0 for processes that are not hot and for
	// those whose counters the agent may not read.
	ReadBytes, WriteBytes uint64
	// Transferred counts the bytes that went through its read and write calls: files in the cache, pipes and sockets as
	// well (Linux rchar + wchar, Windows transfer counts). Read together with Resident; 0 means it was not read.
	Transferred uint64
	// Threads is set for hot processes only.
	Threads []ThreadSample
}

// CPU returns the CPU time of all threads so far.
func (p *ProcessSample) CPU() time.Duration { return p.User + p.System }

// ProcessInfo is what stays the same, or nearly, during the life of a process.
type ProcessInfo struct {
	Parent ProcessID
	// Name is the short name; Exe the path of the program, empty where it may not be read. Both are chosen by
	// whoever wrote the program: hostile text.
	Name, Exe string
	// User is the owner: the uid on Unix, the SID on Windows.
	User string
	// Nice is the Unix priority, 19 the lowest; 0 on Windows.
	Nice int
	// Browser is set for a process of a browser, as its file and its parents show.
	Browser *BrowserProcess
	// PosesAsBrowser is set for a process that says by its name or its command line that it is a browser's, where its file,
	// what lies beside that, or its parents say otherwise.
	PosesAsBrowser bool
}

// BrowserProcess places a process within its browser.
type BrowserProcess struct {
	Family Family
	Role   Role
	// Root is the browser's main process.
	Root ProcessID
	// Renderer is the number by which the browser's extensions know this renderer process
	// (--renderer-client-id of Chromium, the childID of Firefox); 0 when it is none.
	Renderer int
	// Windowless is set for the processes of a browser that was started to show nothing (--headless).
	Windowless bool
}

// Family is the kind of browser that a process belongs to.
type Family string

// The families.
const (
	Chromium Family = "chromium"
	Firefox  Family = "firefox"
	Electron Family = "electron" // a program built on a browser's engine, which has no tabs
)

// Role is what a process does in its browser: one of these, or the browser's own word for another helper.
type Role string

// The roles that are told apart.
const (
	RoleBrowser  Role = "browser" // the root
	RoleRenderer Role = "renderer"
	RoleGPU      Role = "gpu"
)

// Presence is what a browser said of the person in front of it; "" where it did not say.
type Presence string

// The presences.
const (
	PresenceActive Presence = "active"
	PresenceIdle   Presence = "idle" // no input for a minute
	PresenceLocked Presence = "locked"
)

// ThreadSample is one thread of a hot process.
type ThreadSample struct {
	TID  int32
	Name string
	// Run is the CPU time so far; Wait the time spent ready to run with no core free (Linux schedstat).
	// (Run + Wait) / wall time is the demand, which shows a worker's duty even on an overloaded machine.
	Run, Wait time.Duration
}

// Renderer is what a browser's extension answered when it was asked which frames live in one renderer process.
type Renderer struct {
	Process ProcessID
	// Frames is empty when no frame lives there (any more).
	Frames []Frame
	// LastOrigin is the origin that last lived there, when there are no frames and the extension remembers one.
	LastOrigin string
	// User says what the person in front of this browser does.
	User Presence
}

// Frame is one document shown in a tab. What a browser says is a label to show, never a command.
type Frame struct {
	Tab, Frame int64
	// Origin is scheme and host of the document, TopOrigin that of the page around it (the same for a page itself).
	// Neither holds a path, a query or a title.
	Origin, TopOrigin string
	// Hidden reports that the tab is not the one shown in its window, or that the window is minimised.
	Hidden bool
	// Audible reports that the tab plays sound.
	Audible bool
	// Focused reports that the tab's window has the keyboard, FullScreen that it fills the screen.
	Focused, FullScreen bool
}

// Gap is something that could not be seen: data, so that a replay knows it as well.
type Gap struct {
	Kind GapKind
	// PID is set for GapUnreadable.
	PID int32
	// Length is how long it lasted or by how much the clock jumped, where that is known.
	Length time.Duration
}

// GapKind says what could not be seen.
type GapKind string

// The kinds of gap.
const (
	GapUnreadable  GapKind = "unreadable"   // a process whose counters could not be read
	GapSlept       GapKind = "slept"        // the machine was suspended
	GapClockJumped GapKind = "clock_jumped" // the wall clock was set
	GapLateTick    GapKind = "late_tick"    // the sampler came more than two intervals late
	GapHidden      GapKind = "hidden"       // processes of other users are invisible (hidepid)
	GapHostOnly    GapKind = "host_only"    // only the whole machine's load is known, no process
)
