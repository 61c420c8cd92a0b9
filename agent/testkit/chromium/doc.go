// Package chromium runs Debian's Chromium on a test desktop, with its sandbox, and looks at it from outside.
//
// Tabs are listed and opened over the remote debugging port's HTTP endpoints only. Nothing is attached to a page, so
// pages behave as they do for a person. The port is a means of the tests; minewatch itself never needs one.
package chromium
