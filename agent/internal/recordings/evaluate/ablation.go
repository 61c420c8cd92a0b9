package evaluate

import (
	"context"
	"maps"

	"github.com/minewatch/minewatch/heuristics"
)

// Ablation is what becomes of one split's figures when the detector does without one rule.
type Ablation struct {
	Type  string `json:"type"` // "ablation"
	Split string `json:"split"`
	// Rule is the rule that is taken away, "" for none.
	Rule                string   `json:"rule"`
	Recall              *float64 `json:"recall"`
	RecallMiningLike    *float64 `json:"recall_mining_like"`
	BenignMiningLike    int      `json:"benign_mining_like"`
	BenignHeavy         int      `json:"benign_heavy"`
	LookalikeMiningLike int      `json:"lookalike_mining_like"`
	TimeToDetectP90     *float64 `json:"time_to_detect_p90_s"`
}

// Ablate evaluates the recordings below dir once with every rule and once without each, in the order of the rules. No
// single rule should decide: without any one of them most mining is still found, and nothing honest is called mining.
func Ablate(ctx context.Context, dir string, o Options) ([]Ablation, error) {
	all := heuristics.DefaultWeights()
	if o.Config.Weights != nil {
		all = *o.Config.Weights
	}
	var out []Ablation
	for _, rule := range append([]heuristics.Definition{{}}, heuristics.Rules()...) {
		w := all
		if rule.ID != "" {
			w.Rules = maps.Clone(all.Rules)
			w.Rules[rule.ID] = heuristics.Weight{}
		}
		without := o
		without.Config.Weights = &w
		traces, err := Run(ctx, dir, without)
		if err != nil {
			return nil, err
		}
		for _, s := range Summarise(traces, o.Split) {
			out = append(out, Ablation{
				Type: "ablation", Split: s.Split, Rule: string(rule.ID), Recall: s.Recall, RecallMiningLike: s.RecallMiningLike,
				BenignMiningLike: s.BenignMiningLike, BenignHeavy: s.BenignHeavy, LookalikeMiningLike: s.LookalikeMiningLike,
				TimeToDetectP90: s.TimeToDetect.P90,
			})
		}
	}
	return out, nil
}
