package alert

import "time"

const (
	// cooldown is the time after an alert's end in which the same subject alerts again without a notification.
	cooldown = 10 * time.Minute
	// maxCooldowns bounds the subjects remembered for their cooldown.
	maxCooldowns = 4096
)

// cooldowns remembers which subjects alerted lately. The zero value is ready.
type cooldowns struct {
	of     map[string]map[string]time.Duration // when the last alert ended, by user and subject
	count  int
	pruned time.Duration
}

// begin starts a subject's cooldown. When there are too many, the user who has most of them loses the oldest, so that
// nobody's processes make another user's notifications come again and again.
func (c *cooldowns) begin(user, subject string, at time.Duration) {
	if _, known := c.of[user][subject]; !known {
		if c.count >= maxCooldowns || at-c.pruned >= cooldown {
			c.prune(at)
		}
		if c.count >= maxCooldowns {
			c.dropOldest()
		}
		c.count++
	}
	if c.of == nil {
		c.of = map[string]map[string]time.Duration{}
	}
	if c.of[user] == nil {
		c.of[user] = map[string]time.Duration{}
	}
	c.of[user][subject] = at
}

// holds reports whether a subject is in its cooldown.
func (c *cooldowns) holds(user, subject string, at time.Duration) bool {
	ended, ok := c.of[user][subject]
	return ok && at-ended < cooldown
}

// prune forgets the cooldowns that are over.
func (c *cooldowns) prune(at time.Duration) {
	c.pruned = at
	for user, subjects := range c.of {
		for subject, ended := range subjects {
			if at-ended >= cooldown {
				c.drop(user, subject)
			}
		}
	}
}

func (c *cooldowns) drop(user, subject string) {
	delete(c.of[user], subject)
	c.count--
	if len(c.of[user]) == 0 {
		delete(c.of, user)
	}
}

// dropOldest makes room for one. Of equals it takes the first by name, so that a replay forgets the same ones.
func (c *cooldowns) dropOldest() {
	most := ""
	for user, subjects := range c.of {
		if n := len(c.of[most]); len(subjects) > n || (len(subjects) == n && user < most) {
			most = user
		}
	}
	oldest, since := "", time.Duration(-1)
	for subject, ended := range c.of[most] {
		if since < 0 || ended < since || (ended == since && subject < oldest) {
			oldest, since = subject, ended
		}
	}
	c.drop(most, oldest)
}
