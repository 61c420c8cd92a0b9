package heuristics

import "strings"

// oddPlace: installed programs live in folders that only an installation can change. Dropped ones live where anybody
// may write, or have deleted themselves.
type oddPlace struct{}

func (oddPlace) define() Definition {
	return Definition{
		ID: "odd_place", Scope: ScopeNative, Needs: FactPath, From: sustainedFrom,
		Reference: "running from a temporary folder or from a deleted file is common to unwanted miners and rare for others",
	}
}

func (oddPlace) assess(_ *Features, about *Subject) finding {
	exe := strings.ToLower(strings.ReplaceAll(about.Info.Exe, `\`, "/"))
	path, deleted := strings.CutSuffix(exe, " (deleted)")
	switch {
	case inTemporary(path):
		return finding{1, map[string]float64{}, "The program lies in a temporary folder, where nobody installs programs."}
	case deleted:
		return finding{0.7, map[string]float64{}, "The program's file has been deleted while it runs."}
	case strings.Contains(path, "/."):
		return finding{0.5, map[string]float64{}, "The program lies in a hidden folder."}
	}
	return finding{}
}

// inTemporary reports whether a path (lower case, with forward slashes) lies in a folder for temporary files.
func inTemporary(path string) bool {
	for _, dir := range []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/shm/", "/private/tmp/", "/private/var/folders/"} {
		if strings.HasPrefix(path, dir) {
			return true
		}
	}
	return strings.Contains(path, "/appdata/local/temp/") || strings.Contains(path, "/windows/temp/")
}
