//go:build linux

package session

import (
	"math/rand/v2"
	"testing"
)

// The same seed gives the same script, and everything that a kind of person does comes up.
func TestTheScriptFollowsFromTheSeed(t *testing.T) {
	for _, kind := range Kinds() {
		draw := func(seed uint64) map[string]int {
			s := &session{Options: Options{Kind: kind}, random: rand.New(rand.NewPCG(seed, 1))}
			n := map[string]int{}
			for range 600 {
				n[s.pick().name]++
			}
			return n
		}
		first, again := draw(7), draw(7)
		shares := 0
		for _, a := range activities(kind) {
			shares += a.share
		}
		for _, a := range activities(kind) {
			if first[a.name] != again[a.name] {
				t.Errorf("%s: %s came up %d and %d times with the same seed", kind, a.name, first[a.name], again[a.name])
			}
			if want := 600 * a.share / shares; first[a.name] < want/2 || first[a.name] > 2*want {
				t.Errorf("%s: %s came up %d times, want about %d", kind, a.name, first[a.name], want)
			}
		}
	}
}
