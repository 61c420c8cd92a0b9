package main

// onlyOne does nothing: launchd starts one tray a user.
func onlyOne() (release func(), err error) { return func() {}, nil }
