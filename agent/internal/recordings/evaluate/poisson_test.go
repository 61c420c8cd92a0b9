package evaluate

import (
	"math"
	"testing"
)

// The values are those of Garwood's table of exact limits (two-sided 95 %).
func TestUpper95(t *testing.T) {
	for _, c := range []struct {
		events int
		span   float64
		want   float64
	}{
		{0, 1, 3.6889},
		{1, 1, 5.5716},
		{2, 1, 7.2247},
		{5, 1, 11.6683},
		{10, 1, 18.3904},
		{100, 1, 121.6272},
		{0, 0.25, 14.7555},
	} {
		if got := upper95(c.events, c.span); math.Abs(got-c.want) > 1e-3 {
			t.Errorf("%d events in %v: at most %v, want %v", c.events, c.span, got, c.want)
		}
	}
	if got := upper95(0, 0); !math.IsInf(got, 1) {
		t.Errorf("nothing was watched, and yet the rate is at most %v", got)
	}
}

func TestPercentile(t *testing.T) {
	ten := []float64{9, 1, 8, 2, 7, 3, 6, 4, 5, 10}
	for _, c := range []struct {
		values []float64
		p      float64
		want   float64
		ok     bool
	}{
		{nil, 0.5, 0, false},
		{[]float64{7}, 0.5, 7, true},
		{[]float64{7}, 0.9, 7, true},
		{ten, 0.5, 5, true},
		{ten, 0.9, 9, true},
		{ten, 0.91, 10, true},
		{ten, 1, 10, true},
		{[]float64{3, 1, 2}, 0.5, 2, true},
	} {
		if got, ok := percentile(c.values, c.p); got != c.want || ok != c.ok {
			t.Errorf("p%.0f of %v: %v, %v", 100*c.p, c.values, got, ok)
		}
	}
	if ten[0] != 9 {
		t.Error("the values were put in order in place")
	}
}
