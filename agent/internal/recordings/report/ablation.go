package report

import (
	"fmt"
	"io"
	"strconv"

	"github.com/minewatch/minewatch/agent/internal/recordings/evaluate"
)

// Ablation writes what becomes of the figures without each rule, for people.
func Ablation(out io.Writer, all []evaluate.Ablation) error {
	const row = "%-6s %-22s %8s %12s %13s %6s %10s %8s\n"
	if _, err := fmt.Fprintf(out, "\nWithout one rule:\n"+row, "split", "rule", "recall", "as mining", "benign mining", "heavy", "lookalikes", "p90"); err != nil {
		return err
	}
	for i := range all {
		a := &all[i]
		rule := a.Rule
		if rule == "" {
			rule = "(with every rule)"
		}
		_, err := fmt.Fprintf(out, row, a.Split, rule, ratio(a.Recall), ratio(a.RecallMiningLike),
			strconv.Itoa(a.BenignMiningLike), strconv.Itoa(a.BenignHeavy), strconv.Itoa(a.LookalikeMiningLike), inSeconds(a.TimeToDetectP90))
		if err != nil {
			return err
		}
	}
	return nil
}
