//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// target is a system that programs are built for.
type target struct{ goos, goarch string }

const (
	module    = "github.com/minewatch/minewatch"
	buildinfo = module + "/agent/internal/buildinfo"
)

// program builds one program into a folder.
func (b *build) program(ctx context.Context, t target, pkg, file string, cgo bool) error {
	if b.programs != "" {
		return copyProgram(filepath.Join(b.programs, filepath.Base(file)), file)
	}
	// One build serves all packages of its system: the same bytes in each, and half the time.
	built := filepath.Join(b.work, "programs", t.goos+"-"+t.goarch, filepath.Base(file))
	if _, err := os.Stat(built); err == nil {
		return copyProgram(built, file)
	}
	env := []string{
		"GOOS=" + t.goos, "GOARCH=" + t.goarch, "CGO_ENABLED=0", "GOFLAGS=",
		"SOURCE_DATE_EPOCH=" + strconv.FormatInt(b.at.Unix(), 10),
	}
	if cgo {
		env[2] = "CGO_ENABLED=1"
	}
	flags := strings.Join([]string{
		"-s -w -buildid=", "-X main.version=" + b.version, "-X " + buildinfo + ".Version=" + b.version,
		"-X " + buildinfo + ".Date=" + b.at.Format("2006-01-02"),
	}, " ")
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", built}
	if cgo {
		args = append(args, "-buildmode=pie") // what links to the system's libraries is loaded where nobody can foresee
	}
	if _, err := output(ctx, env, "go", append(args, pkg)...); err != nil {
		return err
	}
	return copyProgram(built, file)
}

// agent builds the agent and the native messaging host.
func (b *build) agent(ctx context.Context, t target, dir string) error {
	if err := b.program(ctx, t, "./agent", filepath.Join(dir, "minewatch"), false); err != nil {
		return err
	}
	return b.program(ctx, t, "./agent/host", filepath.Join(dir, "minewatch-host"), false)
}

// tray builds the tray and reports whether it could: on Linux it draws through GTK, so it is built only on its own kind
// of processor, unless it was built elsewhere (-trays).
func (b *build) tray(ctx context.Context, t target, dir string) (bool, error) {
	file := filepath.Join(dir, "minewatch-tray")
	switch {
	case t.goos == "linux" && t.goarch == runtime.GOARCH:
		return true, b.program(ctx, t, "./tray", file, true)
	case t.goos == "linux" && b.trays != "":
		return true, copyProgram(filepath.Join(b.trays, "minewatch-tray-"+t.goarch), file)
	}
	fmt.Fprintf(os.Stderr, "packages: no tray for %s/%s: it needs that system's own libraries to build\n", t.goos, t.goarch)
	return false, nil
}

// sbom writes what modules a program is made of, as CycloneDX.
func (b *build) sbom(ctx context.Context, program, file string) error {
	tool, err := filepath.Abs(filepath.Join(b.tools, "cyclonedx-gomod"))
	if err != nil {
		return err
	}
	if _, err := output(ctx, nil, tool, "bin", "-json", "-noserial", "-output", file, "-version", b.version, program); err != nil {
		return fmt.Errorf("the list of modules: %w", err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, withoutTimes(data), 0o644) //nolint:gosec // for everybody to read
}

// copyProgram copies a file and lets everybody run it.
func copyProgram(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // for everybody to read
		return err
	}
	return os.WriteFile(to, data, 0o755) //nolint:gosec // for everybody to run
}
