package check

import (
	"cmp"
	"slices"

	"github.com/minewatch/minewatch/heuristics"
)

// sortProcesses gives processes an order, so that a recording does not differ from run to run.
func sortProcesses(p []heuristics.ProcessSample) {
	slices.SortFunc(p, func(a, b heuristics.ProcessSample) int {
		return cmp.Or(cmp.Compare(a.ID.PID, b.ID.PID), cmp.Compare(a.ID.StartTime, b.ID.StartTime))
	})
}
