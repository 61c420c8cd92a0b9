//go:build !windows

package main

import (
	"os"
	"strconv"
	"syscall"
)

// triesVariable counts the new starts.
const triesVariable = "MINEWATCH_TRAY_TRIES"

// restart puts the program in its own place, with the same arguments. It only returns if that fails.
func restart(try int) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.Setenv(triesVariable, strconv.Itoa(try)); err != nil {
		return err
	}
	return syscall.Exec(exe, os.Args, os.Environ())
}

// systemLanguage returns "": on Unix the environment says it all.
func systemLanguage() string { return "" }

// tempVariable is the variable that says where temporary files go.
const tempVariable = "TMPDIR"

// iconFile returns an icon in the form that the panel takes.
func iconFile(i icon) []byte { return pngOf(i, 64) }
