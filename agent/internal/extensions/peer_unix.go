//go:build linux || darwin

package extensions

import "errors"

var (
	errOtherOwner = errors.New("the host and its parent belong to different users")
	errOrphan     = errors.New("the host has no parent any more: its browser is gone")
)
