package evaluate

import (
	"math"
	"slices"
)

// upper95 returns the upper end of the exact (Garwood) two-sided 95 % interval for the rate of a Poisson process that
// showed k events in a span: the rate at which k events or fewer have a probability of 2.5 %. It equals
// chi2(0.975, 2k+2)/2/span, so that 0 events give 3.689/span. It is +Inf for a span of 0.
func upper95(k int, span float64) float64 {
	if span <= 0 {
		return math.Inf(1)
	}
	const tail = 0.025
	low, high := float64(k), float64(k)+10*math.Sqrt(float64(k)+1)+10
	for range 200 { // halving: more than enough for every bit of a float64
		mid := (low + high) / 2
		if atMost(k, mid) > tail {
			low = mid
		} else {
			high = mid
		}
	}
	return high / span
}

// atMost returns the probability of k events or fewer where mean are expected.
func atMost(k int, mean float64) float64 {
	sum := 0.0
	for i := range k + 1 {
		logFactorial, _ := math.Lgamma(float64(i) + 1)
		sum += math.Exp(float64(i)*math.Log(mean) - mean - logFactorial)
	}
	return sum
}

// percentile returns the smallest value that at least a share p of all values do not exceed (nearest rank): always one
// that was measured. ok is false where there is no value.
func percentile(values []float64, p float64) (value float64, ok bool) {
	if len(values) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p*float64(len(sorted)) - 1e-9))
	return sorted[min(max(rank, 1), len(sorted))-1], true
}
