// Package popup opens the extension's window in real Chromium and Firefox on a test desktop, with the real agent behind
// it and a page that computes hashes in a hidden tab, and uses it with the keys as a person does.
package popup
