package heuristics

import (
	"path"
	"slices"
	"strings"
)

// backgroundNice is the priority that Chromium gives to renderers whose tabs are all out of sight, on Linux.
const backgroundNice = 5

// What a program says of itself, its name and its arguments, makes it a part of a browser in a recording. Parts of
// browsers are judged by other rules, some of which excuse, so a program that only says so must not be believed: its file
// must be its browser's, and its browser must either be installed or have the kinds of process that browsers have.

// leastRoles is how many kinds of process a browser outside the folders for installed programs must have: renderers,
// drawing, network and so on. A program that only calls itself one has none.
const leastRoles = 3

// maxRoles bounds the roles kept of one browser.
const maxRoles = 16

// join enters a process with its browser.
func (t *deltaTracker) join(a *processState) {
	b := a.info.Browser
	if b == nil {
		return
	}
	root := t.processes[b.Root]
	if root == nil || !t.fits(a) {
		return
	}
	if len(root.roles) < maxRoles && !slices.Contains(root.roles, b.Role) {
		root.roles = append(root.roles, b.Role)
	}
	root.backgrounds = root.backgrounds || b.Role == RoleRenderer && a.info.Nice >= backgroundNice
}

// fits reports whether a process's file is that of the browser it says it belongs to, or lies beside it. A file that may
// not be read fits, for browsers hide those of their sandboxed processes.
func (t *deltaTracker) fits(a *processState) bool {
	b := a.info.Browser
	if b == nil {
		return false
	}
	if b.Root == a.id {
		return true
	}
	root := t.processes[b.Root]
	if root == nil {
		return a.info.Exe == "" || inSystemFolder(a.info.Exe)
	}
	own, its := slashed(a.info.Exe), slashed(root.info.Exe)
	return own == "" || its == "" || own == its || path.Dir(own) == path.Dir(its) && !isShared(path.Dir(own)) || bundle(own) != "" && bundle(own) == bundle(its)
}

// believed reports whether a process is a part of the browser that it says it belongs to.
func (t *deltaTracker) believed(a *processState) bool {
	if !t.fits(a) {
		return false
	}
	root := t.processes[a.info.Browser.Root]
	if root == nil || root.info.Exe == "" {
		return true
	}
	exe := strings.ToLower(slashed(root.info.Exe))
	return inSystemFolder(exe) && !inTemporary(exe) || len(root.roles) >= leastRoles
}

// slashed returns a path of any system with forward slashes, without the kernel's mark of a deleted file.
func slashed(exe string) string {
	return strings.TrimSuffix(strings.ReplaceAll(exe, `\`, "/"), " (deleted)")
}

// isShared reports whether programs of all kinds lie in a folder.
func isShared(dir string) bool { return path.Base(dir) == "bin" || path.Base(dir) == "sbin" }

// bundle returns the outermost application bundle of macOS that a path lies in, "" if none.
func bundle(exe string) string {
	if app, _, inside := strings.Cut(exe, ".app/"); inside {
		return app
	}
	return ""
}
