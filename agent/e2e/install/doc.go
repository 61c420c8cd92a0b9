// Package install holds the test that `minewatch browser install --system` puts the extension into real browsers without
// a click, and that `browser remove --system` leaves the computer as it was.
package install
