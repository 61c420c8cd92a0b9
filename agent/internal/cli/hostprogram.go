package cli

import (
	"os"
	"path/filepath"
	"strings"
)

// hostProgram returns the program that browsers are to start, given this one: minewatch-host beside it, which is small,
// or if that is not there, this one itself.
func hostProgram(exe string) string {
	name := "minewatch-host"
	if ext := filepath.Ext(exe); strings.EqualFold(ext, ".exe") {
		name += ext
	}
	host := filepath.Join(filepath.Dir(exe), name)
	if fi, err := os.Stat(host); err != nil || !fi.Mode().IsRegular() {
		return exe
	}
	return host
}
