package browser

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		second := func(messages int) (passed int) {
			for range messages {
				if g.admit() {
					passed++
				}
			}
			time.Sleep(time.Second)
			synctest.Wait()
			return passed
		}
		for range 3 { // busy seconds that are not in a row make no flood
			for range floodSeconds - 1 {
				if got := second(maxPerSecond + 1); got != maxPerSecond || g.flooded() {
					t.Fatalf("%d passed, flooded %v", got, g.flooded())
				}
			}
			if got := second(maxPerSecond); got != maxPerSecond {
				t.Errorf("%d passed", got)
			}
			time.Sleep(time.Hour)
		}
		for range floodSeconds {
			second(2 * maxPerSecond)
		}
		if !g.flooded() {
			t.Error("a flood went unnoticed")
		}
	})
}
