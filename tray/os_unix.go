//go:build !windows

package main

import "strings"

// systemLanguage returns "": on Unix the environment says it all.
func systemLanguage() string { return "" }

// tempVariable is the variable that says where temporary files go.
const tempVariable = "TMPDIR"

// iconFile returns an icon in the form that the panel takes.
func iconFile(i icon) []byte { return pngOf(i, 64) }

// label keeps a _ from underlining the next letter: the panel draws the menu, and takes it for that.
func label(s string) string { return strings.ReplaceAll(s, "_", "__") }
