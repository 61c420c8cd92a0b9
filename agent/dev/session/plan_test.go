package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// The same seed gives the same script, and everything that a kind of person does comes up about as often as it should.
func TestTheScriptFollowsFromTheSeed(t *testing.T) {
	const draws = 1200
	for _, kind := range Kinds() {
		draw := func(seed uint64) []deed {
			var out []deed
			for n := range uint64(draws) {
				out = append(out, pick(shares(kind), diceOf(seed, n)))
			}
			return out
		}
		first, again, other := draw(7), draw(7), draw(8)
		if !slices.Equal(first, again) {
			t.Errorf("%s: the same seed gives another script", kind)
		}
		if slices.Equal(first, other) {
			t.Errorf("%s: another seed gives the same script", kind)
		}
		sum, count := 0, map[deed]int{}
		for _, s := range shares(kind) {
			sum += s.parts
		}
		for _, d := range first {
			count[d]++
		}
		for _, s := range shares(kind) {
			if want := draws * s.parts / sum; count[s.deed] < want/2 || count[s.deed] > 2*want {
				t.Errorf("%s: %q came up %d times, want about %d", kind, s.deed, count[s.deed], want)
			}
		}
	}
}

func TestPausesKeepTheirRange(t *testing.T) {
	const low, high = 3 * time.Second, 16 * time.Second
	dice := diceOf(1, 1)
	least, most := high, low
	for range 2000 {
		d := between(dice, low, high)
		least, most = min(least, d), max(most, d)
	}
	if least < low || most >= high || least > low+time.Second || most < high-time.Second {
		t.Errorf("pauses from %v to %v, want nearly %v to %v", least, most, low, high)
	}
}

// ordinary are the pages of people's days. The others of agent/testkit/pages compute for the sake of it, or are not to be
// told from mining by their load.
var ordinary = []string{
	pages.News, pages.Mail, pages.Shop, pages.Films, pages.Games, pages.Video, pages.VideoGrid, pages.Call, pages.GL,
	pages.Sheet, pages.Gate,
}

func TestNothingMinesOrLooksLikeIt(t *testing.T) {
	for _, kind := range Kinds() {
		for _, s := range shares(kind) {
			for n := range uint64(60) {
				dice := diceOf(3, n)
				if len(hosts(s.deed)) > 0 {
					a, err := address(s.deed, pages.Hosts(), dice)
					if err != nil {
						t.Fatal(err)
					}
					u, err := url.Parse(a)
					if err != nil || u.RawQuery != "" || !slices.Contains(ordinary, u.Host) {
						t.Errorf("%s: %q shows %s", kind, s.deed, a)
					}
				}
				// A person's file manager and compiler hash as well; loops of it are what must not be here.
				for _, word := range []string{"sum ", "sum\n", "sha1", "sha2", "sha5", "openssl", "scrypt", "argon", "stress", "bench", "while", "load", "nice"} {
					if strings.Contains(script(s.deed, dice), word) {
						t.Errorf("%s: the script to %q has %q in it", kind, s.deed, word)
					}
				}
			}
		}
	}
}

func TestAPageThatIsNotThereIsSaid(t *testing.T) {
	if a, err := address(makeCall, []string{pages.News}, diceOf(1, 1)); err == nil {
		t.Errorf("a call at %s, which is not there", a)
	}
}
