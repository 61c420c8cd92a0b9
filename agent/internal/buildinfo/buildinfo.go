// Package buildinfo says which build of minewatch this is.
package buildinfo

import "time"

// Version is the version of this build, and Date the day of its sources, such as 2026-11-26, "" where nobody set it.
// A release sets both with -ldflags "-X …".
var (
	Version = "0.1.0-dev" //nolint:gochecknoglobals // the linker can set nothing else
	Date    = ""          //nolint:gochecknoglobals // the linker can set nothing else
)

// oldAfter is when a build is said to be old: browsers change their ways about every month, and what minewatch knows
// of them with it.
const oldAfter = 183 * 24 * time.Hour

// Old reports whether this build is old by now, and since when it was made. Nobody is asked over a network.
func Old(now time.Time) (made time.Time, old bool) {
	made, err := time.Parse(time.DateOnly, Date)
	return made, err == nil && now.Sub(made) > oldAfter
}
