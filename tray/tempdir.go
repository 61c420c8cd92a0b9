package main

import (
	"os"
	"path/filepath"
)

// iconFolder makes the folder in which the panel's library leaves the icon file that it shows, and returns what takes
// it away again. It lies in the session's own folder if there is one: that is this user's alone, is not on a disk, and
// goes with the session should the tray be killed.
func iconFolder() (tidy func(), err error) {
	parent := os.Getenv("XDG_RUNTIME_DIR")
	if !filepath.IsAbs(parent) {
		parent = "" // the system's folder for temporary files
	}
	dir, err := os.MkdirTemp(parent, "minewatch-tray-")
	if err != nil {
		return nil, err
	}
	before := os.Getenv(tempVariable)
	if err := os.Setenv(tempVariable, dir); err != nil {
		return nil, err
	}
	return func() {
		_ = os.Setenv(tempVariable, before) // for a new start; empty is as good as not set
		_ = os.RemoveAll(dir)               // nobody is left to tell
	}, nil
}
