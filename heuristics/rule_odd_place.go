package heuristics

import (
	"slices"
	"strings"
)

// oddPlace: installed programs live in folders that only an installation can change. Dropped ones live where anybody
// may write, or have deleted themselves.
type oddPlace struct{}

func (oddPlace) define() Definition {
	return Definition{
		ID: "odd_place", Scope: ScopeNative, Needs: FactPath, Aspect: AspectPlace, From: sustainedFrom,
		Reference: "running from a temporary folder or from a deleted file is common to unwanted miners and rare for others; " +
			"tools of developers live in hidden folders of their own",
	}
}

func (oddPlace) assess(_ *Features, about *Subject) finding {
	strength := oddFolder(about.Info.Exe)
	if strength == 0 {
		return finding{}
	}
	text := map[float64]string{
		1: "The program lies in a temporary folder, where nobody installs programs.", 0.7: "The program's file has been deleted while it runs.",
		0.5: "The program lies in a hidden folder.",
	}[strength]
	return finding{strength, map[string]float64{}, text}
}

// oddFolder says how odd it is for a program to lie where it does: 1 in a temporary folder, 0.7 deleted, 0.5 hidden.
func oddFolder(exe string) float64 {
	exe = strings.ToLower(strings.ReplaceAll(exe, `\`, "/"))
	path, deleted := strings.CutSuffix(exe, " (deleted)")
	switch {
	case inTemporary(path):
		return 1
	case deleted:
		return 0.7
	case isHidden(path):
		return 0.5
	}
	return 0
}

// inTemporary reports whether a path (lower case, with forward slashes) lies in a folder for temporary files. Images of
// applications are mounted in one, under a name of their own.
func inTemporary(path string) bool {
	if strings.HasPrefix(path, "/tmp/.mount_") {
		return false
	}
	for _, dir := range []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/shm/", "/private/tmp/", "/private/var/folders/"} {
		if strings.HasPrefix(path, dir) {
			return true
		}
	}
	return strings.Contains(path, "/appdata/local/temp/") || strings.Contains(path, "/windows/temp/")
}

// InHiddenFolder reports whether a program lies in a hidden folder that is odd for one, so that a redacted recording can
// say so of a path that it does not tell.
func InHiddenFolder(exe string) bool {
	return isHidden(strings.ToLower(slashed(exe)))
}

// isHidden reports whether a program lies in a hidden folder that is not that of a tool: tools have folders for their
// programs or versions within.
func isHidden(path string) bool {
	if !strings.Contains(path, "/.") && !strings.HasPrefix(path, ".") {
		return false
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if !strings.HasPrefix(p, ".") || p == "." || p == ".." {
			continue
		}
		inner := parts[i+1:]
		if len(inner) == 0 {
			return true // the file itself
		}
		if slices.ContainsFunc(inner, func(p string) bool { return strings.HasPrefix(p, ".") }) {
			return true
		}
		home := i == 3 && (parts[1] == "home" || parts[1] == "users") || i == 2 && parts[1] == "root"
		return !home || !slices.ContainsFunc(inner[:len(inner)-1], isToolFolder) && !isToolFolder(strings.TrimPrefix(p, "."))
	}
	return false
}

// isToolFolder reports whether a folder is one in which tools keep programs: by what it is for, or the tool's own.
func isToolFolder(name string) bool {
	switch name {
	case "bin", "sbin", "lib", "lib64", "libexec", "versions", "toolchains", "installs", "candidates", "envs", "extensions", "runtime", "app", "tools", "sdk",
		"cargo", "rustup", "nvm", "pyenv", "rbenv", "nodenv", "asdf", "sdkman", "conda", "mamba", "npm", "bun", "deno", "dotnet", "nuget", "gradle", "m2",
		"vscode", "vscode-server", "cursor-server", "steam", "wine", "nix-profile", "venv", "virtualenvs":
		return true
	}
	return false
}
