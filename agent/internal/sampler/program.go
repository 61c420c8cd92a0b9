package sampler

import (
	"path"
	"slices"
	"strings"

	"github.com/minewatch/minewatch/agent/internal/browsers"
	"github.com/minewatch/minewatch/heuristics"
)

// program is what the file of a process says of it, as opposed to its name and its command line, which it chose itself.
type program struct {
	// path is where the file lies (or lay, before an update), "" where that may not be read.
	path string
	// known reports that the file and what lies beside it could be looked at.
	known bool
	// system reports that only root can write the file.
	system bool
	// engine is the family of the engine whose files lie beside it, "" for none; embeds that it is built on that engine
	// and is no browser.
	engine heuristics.Family
	embeds bool
}

// deleted is what Linux appends to the path of a file that is gone, as after an update of a running browser.
const deleted = " (deleted)"

// filePath returns the path of a program as it was started from.
func filePath(exe string) string { return strings.TrimSuffix(exe, deleted) }

// folderOf returns the folder of a program with forward slashes. All programs within one bundle of macOS lie in one.
func folderOf(file string) string {
	file = strings.ReplaceAll(file, `\`, "/")
	if bundle, _, ok := strings.Cut(file, ".app/"); ok {
		return bundle + ".app"
	}
	return path.Dir(file)
}

// baseOf returns the name of a program's file as the table of browsers has it.
func baseOf(file string) string {
	return browsers.Bare(path.Base(strings.ReplaceAll(file, `\`, "/")))
}

// layout looks for the files of the known engines with a function that reports whether a name, which may be a pattern,
// exists beside the program.
func layout(exists func(pattern string) bool) (engine heuristics.Family, embeds bool) {
	anyOf := func(names []string) bool { return slices.ContainsFunc(names, exists) }
	for _, e := range browsers.Engines() {
		found := 0
		for _, group := range e.Beside {
			if anyOf(group) {
				found++
			}
		}
		if found >= e.Least {
			return e.Family, anyOf(e.Embedded) || len(e.Browser) > 0 && !anyOf(e.Browser)
		}
	}
	return "", false
}

// belongs reports whether a process that says it has a role in a browser can be one of that browser's: it runs the same
// file as the browser's main process, or a helper of the engine's from the same folder or put there by root. A file that
// may not be looked at, as those of sandboxed processes, speaks neither for it nor against it: then the parents decide.
func (p *program) belongs(root *program, e *browsers.Engine) bool {
	if p.path == "" || root.path == "" || p.path == root.path {
		return true
	}
	within := folderOf(root.path)
	inside := folderOf(p.path) == within || strings.HasPrefix(p.path, within+"/")
	for _, h := range e.Helpers {
		if baseOf(p.path) == h {
			return inside || p.system
		}
	}
	return inside && !canProbe // Windows and macOS have helpers of many names beside the browser
}
