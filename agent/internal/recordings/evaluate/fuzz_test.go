package evaluate

import (
	"math"
	"testing"
)

// FuzzParseFloors reads any text as floors: one that is taken is a number, of a split that there is.
func FuzzParseFloors(f *testing.F) {
	for _, s := range []string{"precision=0.98,tune.recall=0.9,site_wrong<=0", "recall=NaN", "recall=1e999", "tune.tune.recall=1", "=,=", "recall>=>=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		floors, err := ParseFloors(text)
		if err != nil {
			return
		}
		for _, one := range floors {
			if math.IsNaN(one.limit) || one.Split() != Tune && one.Split() != Test {
				t.Errorf("%q: %+v", text, one)
			}
		}
		if missed := Missed(floors, nil); len(missed) != len(floors) {
			t.Errorf("%d of %d floors are missed by nothing", len(missed), len(floors))
		}
	})
}
