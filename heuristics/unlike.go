package heuristics

// unlikeMining is the id of the sentence that says why a heavy load is not called mining.
const unlikeMining RuleID = "unlike_mining"

// unlike returns that sentence as evidence that weighs nothing: what speaks most against mining, or what is missing.
func (o *opinion) unlike() Evidence {
	out := Evidence{Rule: unlikeMining, Facts: map[string]float64{}}
	for i := range o.evidence { // the weightiest first
		switch e := &o.evidence[i]; {
		case e.Weight >= 0:
			continue
		case e.Rule == endsByItself:
			out.Text = "It is not called mining yet, because it may still end by itself."
		default:
			out.Text = "Not called mining, mainly because: " + e.Text
		}
		return out
	}
	out.Text = "Not called mining, because little more than its load speaks for that, and much honest work is as heavy."
	return out
}
