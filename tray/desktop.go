package main

import "errors"

// desktop is the desktop that the tray runs on: what it can show now, and the notifications it shows.
type desktop interface {
	// Offers returns what the desktop can show at present.
	Offers() offers
	// Notify shows a notice, in the place of the one with the same key if there is one. It does not block.
	Notify(n notice)
	// Withdraw takes the notice with that key from the screen. It does not block.
	Withdraw(key string)
	// IconStarted says that the panel runs: from then on the desktop looks whether the icon can be seen.
	IconStarted()
	// Events tells what happens on the desktop.
	Events() <-chan desktopEvent
	// Close gives everything back.
	Close()
}

// offers is what a desktop can show.
type offers struct {
	// Menu: there is a place for an icon with a menu. Notices: somebody shows notifications.
	Menu, Notices bool
	// Detail says, for the agent's status and for standard error, what is missing; empty when nothing is.
	Detail string
}

// notice is one notification.
type notice struct {
	// Key is the alert's id, or keyResult or keyDetails.
	Key string
	// Summary and Body are plain text; the desktop escapes what its server would take for markup.
	Summary, Body string
	Icon          icon
	Actions       []choice
}

// The keys of notices that belong to no alert; an alert's id never has a space.
const (
	keyResult  = "the result"
	keyDetails = "the details"
)

// choice is a button of a notice.
type choice struct {
	Verb  verb
	Label string
}

// desktopEvent is one thing that happened on the desktop.
type desktopEvent struct {
	// Offers is set when what the desktop can show changed.
	Offers *offers
	// Key is set when somebody did something with a notice: chose Verb, or sent it away (Dismissed) unanswered.
	Key       string
	Verb      verb
	Dismissed bool
	// Again asks for a restart of the whole tray: the attempt number at getting the icon shown.
	Again int
	// Gone: the desktop session has ended.
	Gone bool
}

// panel is the icon and its menu.
type panel interface {
	// Run shows the icon and blocks until Quit. It must run on the main goroutine, at most once.
	Run()
	// Show makes icon and menu what the view says. It may be called before Run.
	Show(v view)
	// Quit takes the icon away and ends Run.
	Quit()
}

// panelLabels are the words of a menu that do not change.
type panelLabels struct {
	Verbs [verbCount]string
	Quit  string
}

// verb is what somebody can do about an alert.
type verb int

// The verbs, in the order of the menu. verbNone is no verb.
const (
	verbClose verb = iota
	verbShow
	verbAllow
	verbSnooze
	verbUnsnooze
	verbDetails
	verbCount
	verbNone verb = -1
)

// verbKey returns the name of a verb on the wire to a notification server. Details is what a click on the notification
// itself does.
func verbKey(v verb) string {
	return [...]string{"close", "show", "allow", "snooze", "unsnooze", "default"}[v]
}

// verbOf is the reverse of verbKey; false for a key that was never sent.
func verbOf(key string) (verb, bool) {
	for v := range verbCount {
		if verbKey(v) == key {
			return v, true
		}
	}
	return verbNone, false
}

var errSecond = errors.New("another minewatch-tray of this user runs on this desktop already; quit that one first")
