package service

import "github.com/coreos/go-systemd/v22/daemon"

// NewHeartbeat returns what tells systemd of the agent's life, if systemd asked for that.
func NewHeartbeat() *Heartbeat {
	h := &Heartbeat{send: func(state string) { _, _ = daemon.SdNotify(false, state) }} // without systemd there is nobody to tell
	if limit, err := daemon.SdWatchdogEnabled(false); err == nil {
		h.every = limit / 3 // systemd.service(5) asks for less than half
	}
	return h
}
