package heuristics

import (
	"math"
	"time"
)

// Features are figures over the detector's window. NaN means that a figure is not known; a rule that needs it is silent.
type Features struct {
	// Cores is the mean CPU use in cores; Machine the same as a share of all cores, 0 to 1.
	Cores, Machine float64
	// Demand is the mean of (running + waiting to run) / wall over all threads, in cores: what the subject would use
	// on an idle machine. NaN without thread detail.
	Demand float64
	// Spread is the robust relative spread of the load: IQR / 1.35 / median. 0 is perfectly flat.
	Spread float64
	// Busy is how long the load has lasted, in working time, less what pauses took away; Window how much of it Cores,
	// Demand and Spread cover.
	Busy, Window time.Duration
	// Interval is the mean time between two samples.
	Interval time.Duration
	// Pauses is how often it rested for 3 to 60 s and went on.
	Pauses int
	// SystemShare is the share of its CPU time that it spent in the kernel, 0 to 1.
	SystemShare float64
	// Workers is the number of busy worker threads: in a browser those of web workers, elsewhere all;
	// WorkerShare their share of the subject's CPU, 0 to 1; WorkerUneven the relative spread of their demands (0 is
	// equal); MainShare the main thread's share.
	Workers                              int
	WorkerShare, WorkerUneven, MainShare float64
	// WorkerCores is what a page's workers ask for together while they work, in cores; WorkerSpread how much that varies,
	// as Spread. NaN outside browsers.
	WorkerCores, WorkerSpread float64
	// Tabs is how many pages of its browser have workers that do the same steady work, itself included, and TabCores what
	// these ask for together, in cores. NaN below three.
	Tabs, TabCores float64
	// MainDemand is what a page's own thread asks for, 0 to 1: its duty. NaN outside browsers.
	MainDemand float64
	// DrawShare is what a page's threads for drawing use, as a share of what its main thread uses; DrawCores the same in
	// cores.
	DrawShare, DrawCores float64
	// DrawQuiet is the lower quartile of what its drawing used from second to second, as a share of the mean: near 1 where
	// it draws all the time, near 0 where it only does when somebody scrolls. NaN below eight samples.
	DrawQuiet float64
	// ThreadKinds is how many kinds of thread, by their names, do more than a fiftieth of the work.
	ThreadKinds float64
	// WorkerDemand is the mean demand of one busy worker thread, 0 to 1: its duty.
	WorkerDemand float64
	// WorkerMost is the demand of the busiest worker thread, 0 to 1.
	WorkerMost float64
	// Hidden, Audible, Focused and FullScreen are 1 or 0 as the browser said of the tabs in the process: Hidden of all,
	// the others of any. NaN when it did not say.
	Hidden, Audible, Focused, FullScreen float64
	// Away is 1 when nobody has used this browser's computer for a minute or its screen is locked, 0 when somebody
	// does; NaN when the browser did not say.
	Away float64
	// Transfer is what went through read and write calls, in bytes per second of CPU. NaN when it may not be read.
	Transfer float64
	// Memory is the resident memory in bytes; MemoryMoves the range of its readings in the window as a share of the
	// largest; MemoryStep what it grew by in the first 20 s of the load, in bytes. NaN when it was not read.
	Memory, MemoryMoves, MemoryStep float64
	// Births is how many processes of a group began per second, LifeUneven the relative spread of the CPU time that its
	// ended ones used (0: all the same). NaN for a single process and below four ends.
	Births, LifeUneven float64
	// Company is the share of other programs in what the parent of a group's processes has run lately, 0 to 1. NaN for a
	// single process, and where no parent is known.
	Company float64
	// Origins are the origins that the browser named, for the list of known names.
	Origins []string
}

// Feature is one figure with its name and unit, for people.
type Feature struct {
	// Name and Unit are as in the JSON of `replay --explain`; Meaning is one phrase.
	Name, Unit, Meaning string
	// Value is NaN when it is not known.
	Value float64
}

// List returns every figure in a fixed order.
func (f *Features) List() []Feature {
	return []Feature{
		{"cores", "cores", "mean use", f.Cores},
		{"machine", "share", "mean use as a share of all cores", f.Machine},
		{"demand", "cores", "what it would use on an idle computer", f.Demand},
		{"spread", "share", "how much the load varies, 0 is flat", f.Spread},
		{"busy", "s", "how long it has lasted, less pauses", f.Busy.Seconds()},
		{"window", "s", "how much of that the figures cover", f.Window.Seconds()},
		{"interval", "s", "mean time between two samples", f.Interval.Seconds()},
		{"pauses", "times", "how often it rested and went on", float64(f.Pauses)},
		{"system_share", "share", "its time in the kernel", f.SystemShare},
		{"workers", "threads", "busy worker threads", float64(f.Workers)},
		{"worker_share", "share", "their share of its CPU time", f.WorkerShare},
		{"worker_cores", "cores", "what they ask for together", f.WorkerCores},
		{"worker_spread", "share", "how much that varies", f.WorkerSpread},
		{"worker_demand", "cores", "what one of them asks for", f.WorkerDemand},
		{"worker_most", "cores", "what the busiest of them asks for", f.WorkerMost},
		{"tabs", "pages", "pages of its browser whose workers do the same", f.Tabs},
		{"tab_cores", "cores", "what these ask for together", f.TabCores},
		{"worker_uneven", "share", "how much they differ, 0 is equal", f.WorkerUneven},
		{"main_share", "share", "the main thread's share of its CPU time", f.MainShare},
		{"main_demand", "cores", "what the page's own thread asks for", f.MainDemand},
		{"draw_share", "share", "its drawing beside its main thread", f.DrawShare},
		{"draw_cores", "cores", "what its drawing uses", f.DrawCores},
		{"draw_quiet", "share", "its drawing in quiet seconds beside the mean", f.DrawQuiet},
		{"thread_kinds", "kinds", "kinds of thread that do its work", f.ThreadKinds},
		{"hidden", "yes/no", "every tab in it is out of sight", f.Hidden},
		{"audible", "yes/no", "a tab in it plays sound", f.Audible},
		{"focused", "yes/no", "a tab in it has the keyboard", f.Focused},
		{"full_screen", "yes/no", "a tab in it fills the screen", f.FullScreen},
		{"away", "yes/no", "nobody sits at the computer", f.Away},
		{"transfer", "bytes/core-s", "read and written per second of CPU time", f.Transfer},
		{"memory", "bytes", "resident memory", f.Memory},
		{"memory_moves", "share", "how much that varied", f.MemoryMoves},
		{"memory_step", "bytes", "what it grew by at the start of the load", f.MemoryStep},
		{"births", "1/s", "processes begun per second", f.Births},
		{"life_uneven", "share", "how much their lives differ, 0 is equal", f.LifeUneven},
		{"company", "share", "other programs in what its parent starts", f.Company},
	}
}

// Missing says in words which facts the detector did without, for people.
func (f *Features) Missing() []string {
	var out []string
	if math.IsNaN(f.WorkerShare) && math.IsNaN(f.Births) {
		out = append(out, "CPU time per thread")
	}
	if f.Interval > coarse {
		out = append(out, "samples at most 5 s apart")
	}
	if math.IsNaN(f.Transfer) {
		out = append(out, "bytes read and written")
	}
	return out
}

// unknown returns features that know nothing beyond the load.
func unknown() Features {
	nan := math.NaN()
	return Features{
		WorkerShare: nan, WorkerUneven: nan, MainShare: nan, MainDemand: nan, WorkerDemand: nan, WorkerMost: nan,
		WorkerCores: nan, WorkerSpread: nan, Tabs: nan, TabCores: nan, DrawShare: nan, DrawCores: nan, DrawQuiet: nan, ThreadKinds: nan, SystemShare: nan,
		Hidden: nan, Audible: nan, Focused: nan, FullScreen: nan, Away: nan,
		Transfer: nan, Memory: nan, MemoryMoves: nan, MemoryStep: nan, Births: nan, LifeUneven: nan, Company: nan,
	}
}
