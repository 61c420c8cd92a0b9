//go:build !linux

package main

// nameIcon does nothing: the tooltip names the icon.
func nameIcon(string) {}
