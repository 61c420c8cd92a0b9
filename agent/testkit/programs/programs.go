// Package programs builds minewatch's programs for tests and recordings.
package programs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// The programs, by the names under which they are installed.
const (
	Agent = "minewatch"
	Host  = "minewatch-host"
	Tray  = "minewatch-tray"
	Load  = "load" // simulated mining and other native loads
)

const module = "github.com/minewatch/minewatch/"

// source returns the package of a program, and whether it needs a C compiler.
func source(name string) (pkg string, c bool) {
	switch name {
	case Agent:
		return module + "agent", false
	case Host:
		return module + "agent/host", false
	case Tray:
		return module + "tray", true
	case Load:
		return module + "agent/testkit/load", false
	}
	return "", false
}

// Build builds programs into a folder, with flags for `go build` in common.
func Build(ctx context.Context, dir string, flags []string, names ...string) error {
	for _, name := range names {
		pkg, c := source(name)
		if pkg == "" {
			return fmt.Errorf("there is no program %q to build", name)
		}
		if err := Package(ctx, filepath.Join(dir, name), pkg, c, flags...); err != nil {
			return err
		}
	}
	return nil
}

// Package builds the program of one package, by its path or from its folder ("./..."), into a file.
func Package(ctx context.Context, file, pkg string, c bool, flags ...string) error {
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"build", "-o", file}, flags, []string{pkg})...)
	cmd.Env = os.Environ()
	if !c {
		cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", filepath.Base(file), err, out)
	}
	return nil
}

// TB is the part of testing.TB that ForTest needs, so that programs do not take package testing along.
type TB interface {
	Helper()
	Context() context.Context
	TempDir() string
	Fatal(args ...any)
}

// ForTest builds programs for one test and returns their folder.
func ForTest(t TB, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := Build(t.Context(), dir, nil, names...); err != nil {
		t.Fatal(err)
	}
	return dir
}
