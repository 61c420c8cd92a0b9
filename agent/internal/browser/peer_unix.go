//go:build linux || darwin

package browser

import (
	"errors"
	"strings"
)

var (
	errOtherOwner = errors.New("the host and its parent belong to different users")
	errOrphan     = errors.New("the host has no parent any more: its browser is gone")
)

// maxName is the longest program name shown, in bytes.
const maxName = 64

// cleanName returns a program's name for showing: printable ASCII, not too long.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), maxName)]
}
