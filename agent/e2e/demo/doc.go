// Package demo runs minewatch as a person meets it: a real browser on a real desktop without a screen, the tray, the
// agent, and simulated load that stops by itself. Everything is on this machine; no name outside it resolves.
package demo
