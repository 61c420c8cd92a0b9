//go:build linux

// Command packages builds what people install: deb and rpm, and archives for Linux and macOS without root, with
// checksums. Two builds of one commit give the same bytes.
//
//	go run ./agent/dev/packages -out dist -tools .cache/bin [-only deb,rpm] [-version 1.2.3]
//
// It needs the tools that the Makefile builds once (nfpm, cyclonedx-gomod). After a first run it needs no network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/dev/internal/command"
)

// kinds are the artefacts, in the order in which they are built.
var kinds = []string{"deb", "rpm", "linux", "macos"} //nolint:gochecknoglobals // a table

func main() {
	os.Exit(command.Run("packages", run))
}

// build is one build of everything.
type build struct {
	out, tools, work string
	version          string
	at               time.Time // of every file: that of the commit
	trays            string    // a folder with trays built elsewhere, minewatch-tray-ARCH
	programs         string    // a folder whose programs are packed instead of new ones, for tests
}

func run(ctx context.Context) error {
	var (
		b    build
		only string
	)
	flag.StringVar(&b.out, "out", "dist", "`folder` to write to")
	flag.StringVar(&b.tools, "tools", ".cache/bin", "`folder` with nfpm and cyclonedx-gomod")
	flag.StringVar(&b.version, "version", "", "version of the packages (default: from git)")
	flag.StringVar(&only, "only", strings.Join(kinds, ","), "which to build")
	flag.StringVar(&b.trays, "trays", "", "`folder` with trays for other processors, called minewatch-tray-arm64 and the like")
	flag.StringVar(&b.programs, "programs", "", "`folder` with linux programs to pack instead of building them, for tests of broken builds")
	flag.Parse()
	wanted := strings.Split(only, ",")
	for _, k := range wanted {
		if !slices.Contains(kinds, k) {
			return fmt.Errorf("-only knows %s, not %q", strings.Join(kinds, ", "), k)
		}
	}
	var err error
	if b.at, err = commitTime(ctx); err != nil {
		return err
	}
	if b.version == "" {
		if b.version, err = gitVersion(ctx); err != nil {
			return err
		}
	}
	if !regexp.MustCompile(`^[0-9][0-9A-Za-z.~+]*$`).MatchString(b.version) {
		return fmt.Errorf("%q is no version that all packages take: digits, letters, dots, ~ and +", b.version)
	}
	if b.work, err = os.MkdirTemp("", "minewatch-packages"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if err := os.MkdirAll(b.out, 0o755); err != nil { //nolint:gosec // for everybody to take from
		return err
	}
	made, err := b.make(ctx, wanted)
	if err != nil {
		return err
	}
	if err := writeChecksums(b.out, made); err != nil {
		return err
	}
	for _, file := range made {
		fi, err := os.Stat(filepath.Join(b.out, file))
		if err != nil {
			return err
		}
		fmt.Printf("%-48s %5.1f MB\n", filepath.Join(b.out, file), float64(fi.Size())/1e6)
	}
	return nil
}

// make builds the wanted kinds and returns the names of the files.
func (b *build) make(ctx context.Context, wanted []string) ([]string, error) {
	var made []string
	steps := map[string]func(context.Context) ([]string, error){
		"deb":   func(ctx context.Context) ([]string, error) { return b.linuxPackages(ctx, "deb") },
		"rpm":   func(ctx context.Context) ([]string, error) { return b.linuxPackages(ctx, "rpm") },
		"linux": b.linuxArchives, "macos": b.macArchives,
	}
	for _, kind := range kinds {
		if !slices.Contains(wanted, kind) {
			continue
		}
		files, err := steps[kind](ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		made = append(made, files...)
	}
	return made, nil
}

// commitTime returns the time of the commit, or SOURCE_DATE_EPOCH where that is set (reproducible-builds.org).
func commitTime(ctx context.Context) (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		out, err := output(ctx, nil, "git", "log", "-1", "--format=%ct")
		if err != nil {
			return time.Time{}, err
		}
		text = strings.TrimSpace(out)
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// gitVersion turns the newest tag into a version: 1.2.3 on it, 1.2.3+5.gabc after it, 0.1.0~dev+gabc before the first.
func gitVersion(ctx context.Context) (string, error) {
	if out, err := output(ctx, nil, "git", "describe", "--tags", "--match", "v[0-9]*"); err == nil {
		return strings.Replace(strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(out), "v"), "-g", ".g"), "-", "+", 1), nil
	}
	out, err := output(ctx, nil, "git", "rev-parse", "--short=9", "HEAD")
	if err != nil {
		return "", err
	}
	return "0.1.0~dev+g" + strings.TrimSpace(out), nil
}

// output runs a program and returns what it printed.
func output(ctx context.Context, env []string, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), env...)
	out, err := c.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, out, exit.Stderr)
	}
	return string(out), err
}
