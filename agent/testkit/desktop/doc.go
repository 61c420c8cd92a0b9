// Package desktop runs a whole desktop without a screen for end-to-end tests: an X server, a session bus, a window
// manager, a panel with a tray, and a notification daemon.
//
// Nothing of the caller's own session is used: programs get their own home, runtime folder, display and bus. Where the
// caller is root, the desktop belongs to the unprivileged user "nobody", as a browser's sandbox needs. Everything that
// was started is stopped by its process id.
package desktop
