//go:build linux

package popup

import "time"

// now reads the clock: how long real browsers take is part of what is told.
func now() time.Time {
	return time.Now()
}

// patience is how long anything may take on a full machine, alertPatience how long an alert.
const (
	patience      = 20 * time.Second
	alertPatience = 75 * time.Second
)
