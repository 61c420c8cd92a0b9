//go:build !linux

package main

import "context"

// menuDesktop is a desktop where alerts are shown in the menu only: what a notification would say stands there.
// Notifications on Windows and macOS are not written yet.
type menuDesktop struct {
	events  chan desktopEvent
	release func()
}

// openDesktop takes the place of the user's only tray.
func openDesktop(_ context.Context) (desktop, error) {
	release, err := onlyOne()
	if err != nil {
		return nil, err
	}
	return &menuDesktop{events: make(chan desktopEvent), release: release}, nil
}

func (d *menuDesktop) Offers() offers {
	return offers{Menu: canMenu, Detail: "notifications are not supported on this system yet: alerts are in the menu only"}
}
func (d *menuDesktop) IconStarted()                {}
func (d *menuDesktop) Notify(notice)               {}
func (d *menuDesktop) Withdraw(string)             {}
func (d *menuDesktop) Events() <-chan desktopEvent { return d.events }
func (d *menuDesktop) Close()                      { d.release() }
