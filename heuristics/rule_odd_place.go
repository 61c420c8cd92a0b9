package heuristics

import "strings"

// oddPlace: installed programs live in folders that only an installation can change. Dropped ones live where anybody
// may write, or have deleted themselves.
type oddPlace struct{}

func (oddPlace) define() Definition {
	return Definition{
		ID: "odd_place", Needs: "the path of the program",
		Reference: "running from a temporary folder or from a deleted file is common to unwanted miners and rare for others",
	}
}

func (oddPlace) assess(f *Features, about *Subject) (float64, map[string]float64, string, bool) {
	exe := strings.ToLower(strings.ReplaceAll(about.Info.Exe, `\`, "/"))
	if exe == "" || about.Info.Browser != nil || f.Busy < sustainedFrom {
		return 0, nil, "", false
	}
	path, deleted := strings.CutSuffix(exe, " (deleted)")
	switch {
	case inTemporary(path):
		return 1, map[string]float64{}, "The program lies in a temporary folder, where nobody installs programs.", true
	case deleted:
		return 0.7, map[string]float64{}, "The program's file has been deleted while it runs.", true
	case strings.Contains(path, "/."):
		return 0.5, map[string]float64{}, "The program lies in a hidden folder.", true
	}
	return 0, nil, "", false
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
