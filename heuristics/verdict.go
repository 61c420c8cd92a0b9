package heuristics

// SubjectKind says what a verdict is about.
type SubjectKind string

// The kinds of subject.
const (
	SubjectProcess SubjectKind = "process" // one process
	SubjectGroup   SubjectKind = "group"   // the processes of one program, user and parent
	// SubjectUnattributed is what the machine is busy with beyond every process seen; Process is zero.
	SubjectUnattributed SubjectKind = "unattributed"
)

// Subject is what a verdict is about.
type Subject struct {
	Kind SubjectKind
	// Process is the process; for a group its busiest member at present.
	Process ProcessID
	// Info describes Process.
	Info ProcessInfo
	// Members is the number of living processes of a group, 1 for a process.
	Members int
	// Key is the same for the same subject during the whole source, and different for different subjects.
	Key string
}

// State is how far the suspicion against a subject has come.
type State string

// The states of a verdict: watching -> suspected -> cleared, and back to watching.
const (
	Watching  State = "watching"  // it uses the processor, nothing is said
	Suspected State = "suspected" // sustained load, see Severity
	Cleared   State = "cleared"   // was suspected; the load ended or changed, or the process is gone
)

// Severity says what the load looks like.
type Severity string

// The severities. Neither says that something is mining: see Evidence.
const (
	SeverityNone Severity = ""
	Heavy        Severity = "heavy"       // sustained, but not of mining's shape
	MiningLike   Severity = "mining_like" // sustained and shaped like mining
)

// Verdict is what the detector thinks of one subject at one tick.
type Verdict struct {
	Subject  Subject
	State    State
	Severity Severity
	// Confidence is the probability, 0 to 1, that the load is of mining's shape; LogOdds the sum it comes from.
	Confidence, LogOdds float64
	// Now is the use since the tick before, in cores.
	Now float64
	// Features are the figures the rules saw.
	Features Features
	// Evidence lists what each rule that had something to say found, the weightiest first.
	// That of a heavy load begins with a sentence that weighs nothing: why it is not called mining.
	Evidence []Evidence
}

// Evidence is what one rule found.
type Evidence struct {
	// Rule is the rule's id, such as "worker_threads_busy".
	Rule RuleID
	// Weight is what it adds to the log-odds of mining (natural logarithm); negative speaks against. It is Strength, -1
	// to 1, times the rule's weight.
	Weight, Strength float64
	// Facts are the figures behind it, each with its unit in the key, such as "cores" or "busy_s".
	Facts map[string]float64
	// Text is one plain English sentence for people.
	Text string
}
