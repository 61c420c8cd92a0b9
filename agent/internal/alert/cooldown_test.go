package alert

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// alertOnce lets one site of a user alert and end, and reports whether the alert was quiet.
func (s *script) alertOnce(pid int32, user, site string) bool {
	s.t.Helper()
	j := tab(pid, api.Exact, site)
	j.Verdict.Subject.Info.User = user
	got := s.pass(time.Second, j)
	if len(got) != 1 {
		s.t.Fatalf("%d alerts for %s", len(got), site)
	}
	s.pass(time.Second, cleared(j))
	return got[0].Quiet
}

// However many subjects alerted before, a new one has its cooldown: it notifies once, not at every alert.
func TestCooldownAfterThousandsOfSubjects(t *testing.T) {
	s := newScript(t)
	for i := range maxCooldowns + 10 {
		s.m.cooldowns.begin("1000", "site "+strconv.Itoa(i), s.at)
	}
	if s.alertOnce(1, "1000", "films.test") {
		t.Error("the first alert of a site is quiet")
	}
	if !s.alertOnce(1, "1000", "films.test") {
		t.Error("the second alert within seconds notifies again")
	}
	s.at += 24 * time.Hour
	if s.alertOnce(1, "1000", "games.test") || !s.alertOnce(1, "1000", "games.test") {
		t.Error("a day later: the first alert must notify, the second must not")
	}
	if n := s.m.cooldowns.count; n != 1 {
		t.Errorf("%d cooldowns are remembered a day later, want that of one site", n)
	}
}

// One user's thousands of subjects cost no other user a cooldown.
func TestCooldownsAreSharedFairly(t *testing.T) {
	s := newScript(t)
	s.alertOnce(1, "1001", "mail.test")
	for i := range 3 * maxCooldowns {
		s.m.cooldowns.begin("1000", fmt.Sprintf("site %06d", i), s.at)
	}
	if n := s.m.cooldowns.count; n != maxCooldowns || len(s.m.cooldowns.of["1000"]) != maxCooldowns-1 {
		t.Errorf("%d cooldowns, %d of the greedy user", n, len(s.m.cooldowns.of["1000"]))
	}
	if !s.alertOnce(1, "1001", "mail.test") {
		t.Error("the other user's cooldown was forgotten")
	}
	if !s.m.cooldowns.holds("1000", fmt.Sprintf("site %06d", 3*maxCooldowns-1), s.at) {
		t.Error("the newest was forgotten")
	}
}
