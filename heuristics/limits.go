package heuristics

// What whoever reads verdicts must know of the detector's limits.
const (
	// Coarse is the interval between samples above which the shape of a load cannot be told.
	Coarse = coarse
	// Shortest is how long a load must be seen before anything can be said of it: until it counts as sustained, and then
	// as suspected.
	Shortest = sustainedFrom + suspectAfter
)
