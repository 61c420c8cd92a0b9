//go:build !linux

package main

import "context"

// menuDesk is a desktop where alerts are shown in the menu only: what a notification would say stands there.
// Notifications on Windows and macOS are not written yet.
type menuDesk struct {
	events  chan deskEvent
	release func()
}

// openDesk takes the place of the user's only tray.
func openDesk(_ context.Context) (desk, error) {
	release, err := onlyOne()
	if err != nil {
		return nil, err
	}
	return &menuDesk{events: make(chan deskEvent), release: release}, nil
}

func (d *menuDesk) Offers() offers {
	return offers{Menu: canMenu, Detail: "notifications are not supported on this system yet: alerts are in the menu only"}
}
func (d *menuDesk) IconStarted()             {}
func (d *menuDesk) Notify(notice)            {}
func (d *menuDesk) Withdraw(string)          {}
func (d *menuDesk) Events() <-chan deskEvent { return d.events }
func (d *menuDesk) Close()                   { d.release() }
