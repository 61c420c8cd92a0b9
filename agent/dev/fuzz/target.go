package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// target is one fuzz target.
type target struct {
	pkg, dir, name string
}

// find returns the fuzz targets of the module in a folder that are built on this system, by package and name.
func find(ctx context.Context, dir string, only *regexp.Regexp) ([]target, error) {
	list := exec.CommandContext(ctx, "go", "list", "-f", "{{.ImportPath}}\t{{.Dir}}\t{{join .TestGoFiles \" \"}} {{join .XTestGoFiles \" \"}}", "./...")
	list.Dir = dir
	said, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("the packages cannot be listed: %w", err)
	}
	var out []target
	for line := range strings.Lines(string(said)) {
		pkg, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
		folder, files, _ := strings.Cut(rest, "\t")
		for file := range strings.FieldsSeq(files) {
			names, err := targetsIn(filepath.Join(folder, file))
			if err != nil {
				return nil, err
			}
			for _, name := range names {
				if only.MatchString(pkg + "." + name) {
					out = append(out, target{pkg, folder, name})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b target) int { return cmp.Or(cmp.Compare(a.pkg, b.pkg), cmp.Compare(a.name, b.name)) })
	return out, nil
}

// targetsIn returns the names of the fuzz targets of a file.
func targetsIn(path string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") && f.Type.Params.NumFields() == 1 {
			out = append(out, f.Name.Name)
		}
	}
	return out, nil
}

// run runs a target for a time, on one core.
func (t target) run(ctx context.Context, length time.Duration) (result, error) {
	length = max(length, time.Second).Round(time.Second)
	test := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", length.String(), "-parallel", "1",
		"-timeout", (length + 10*time.Minute).String(), ".")
	test.Dir = t.dir
	begun := time.Now()
	said, err := test.CombinedOutput()
	if ctx.Err() != nil {
		return result{}, ctx.Err()
	}
	r := read(said)
	r.Type, r.Package, r.Target, r.Seconds = "fuzz", t.pkg, t.name, time.Since(begun).Round(100*time.Millisecond).Seconds()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return r, err
	}
	// The go command takes the end of the time for a failure when an input is being tried just then; nothing is kept.
	ranOut := r.Kept == "" && bytes.Contains(said, []byte("context deadline exceeded"))
	if r.Failed = err != nil && !ranOut; r.Failed {
		fmt.Fprintf(os.Stderr, "%s %s\n%s\n", t.pkg, t.name, said)
	}
	return r, nil
}

var (
	progress = regexp.MustCompile(`execs: (\d+) .*\(total: (\d+)\)`)
	written  = regexp.MustCompile(`Failing input written to (\S+)`)
)

// read reads the figures that the go command prints of a target.
func read(said []byte) result {
	var r result
	for _, m := range progress.FindAllSubmatch(said, -1) {
		r.Execs, _ = strconv.ParseInt(string(m[1]), 10, 64)
		r.Inputs, _ = strconv.Atoi(string(m[2]))
	}
	if m := written.FindSubmatch(said); m != nil {
		r.Kept = string(m[1])
	}
	return r
}

// maxSeed bounds an input that is kept as a seed, in bytes of its file.
const maxSeed = 2 << 10

// keep copies about so many of the inputs that were found into the package's testdata, short and long ones.
func (t target) keep(ctx context.Context, most int) error {
	if most == 0 {
		return nil
	}
	said, err := exec.CommandContext(ctx, "go", "env", "GOCACHE").Output()
	if err != nil {
		return err
	}
	from := filepath.Join(strings.TrimSpace(string(said)), "fuzz", filepath.FromSlash(t.pkg), t.name)
	found, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	sizes := map[string]int64{}
	for _, e := range found {
		if fi, err := e.Info(); err == nil && fi.Size() <= maxSeed {
			sizes[e.Name()] = fi.Size()
		}
	}
	names := slices.SortedFunc(maps.Keys(sizes), func(a, b string) int { return cmp.Or(cmp.Compare(sizes[a], sizes[b]), cmp.Compare(a, b)) })
	to := filepath.Join(t.dir, "testdata", "fuzz", t.name)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for i, name := range names {
		if i%max(1, len(names)/most) != 0 { // of every length, not the shortest alone
			continue
		}
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
