package main

// onlyOne does nothing: launchd starts one tray a user.
func onlyOne() (release func(), err error) { return func() {}, nil }

// label returns a text for a menu item: macOS takes it as it is.
func label(s string) string { return s }
