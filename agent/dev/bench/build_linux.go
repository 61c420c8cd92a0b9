package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed load/load.c
var loadSource []byte

const (
	exporterModule  = "github.com/ncabatoff/process-exporter"
	exporterVersion = "v0.8.7"
)

// build compiles the load and, once, process-exporter.
func (b *bench) build(ctx context.Context) error {
	b.load = filepath.Join(b.tmp, "load")
	source := b.load + ".c"
	if err := os.WriteFile(source, loadSource, 0o600); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "gcc", "-O2", "-static", "-o", b.load, source).CombinedOutput(); err != nil {
		return fmt.Errorf("the load cannot be compiled (apt-get install gcc libc6-dev): %w\n%s", err, out)
	}
	if !b.wants("sampler") {
		return nil
	}
	if _, err := os.Stat(b.exporter()); err == nil {
		return nil
	}
	say("building process-exporter %s, once", exporterVersion)
	// Not `go install module@version`: that asks for the list of all versions, which a module proxy may not have.
	dir := filepath.Join(b.tmp, "exporter")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	mod := "module peer\n\ngo 1.26\n\nrequire " + exporterModule + " " + exporterVersion + "\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o600); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, "go", "build", "-mod=mod", "-o", b.exporter(), exporterModule+"/cmd/process-exporter")
	c.Dir = dir
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("process-exporter cannot be built: %w\n%s", err, out)
	}
	return nil
}

func (b *bench) exporter() string {
	return filepath.Join(b.tools, "process-exporter-"+exporterVersion)
}

// allocs runs the Go benchmark of a sweep in which nothing moves and reads how much it allocated.
func (b *bench) allocs(ctx context.Context) error {
	say("allocations of a quiet tick")
	c := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench=^BenchmarkQuietSweep$", "-benchtime=2000x", "-benchmem",
		"./agent/internal/sampler")
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("the benchmark of the sweep failed: %w\n%s", err, out)
	}
	found := 0
	for row := range bytes.Lines(out) {
		f := strings.Fields(string(row))
		// BenchmarkQuietSweep/300-2  2000  90123 ns/op  0 B/op  0 allocs/op
		if len(f) < 8 || !strings.HasPrefix(f[0], "BenchmarkQuietSweep/") {
			continue
		}
		_, size, _ := strings.Cut(f[0], "/")
		size, _, _ = strings.Cut(size, "-")
		procs, err1 := strconv.Atoi(size)
		bytesPerTick, err2 := strconv.ParseFloat(f[len(f)-4], 64)
		allocs, err3 := strconv.ParseFloat(f[len(f)-2], 64)
		if err1 != nil || err2 != nil || err3 != nil || f[len(f)-1] != "allocs/op" {
			return fmt.Errorf("not understood: %s", row)
		}
		found++
		if err := b.sheet.value("allocs", procs, "allocations_per_quiet_tick", allocs, 0, map[string]float64{"bytes_per_tick": bytesPerTick}); err != nil {
			return err
		}
	}
	if found == 0 {
		return fmt.Errorf("the benchmark of the sweep measured nothing:\n%s", out)
	}
	return nil
}
