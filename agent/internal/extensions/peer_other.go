//go:build !linux && !darwin

package extensions

import (
	"errors"

	"github.com/minewatch/minewatch/heuristics"
)

// ResolvePeer returns an error: on this system minewatch cannot yet tell which browser started a host.
func ResolvePeer(int32) (Peer, error) {
	return Peer{}, errors.New("browsers cannot be connected on this system yet")
}

// alive reports true: nothing is known, so nothing may be taken for ended.
func alive(heuristics.ProcessID) bool { return true }
