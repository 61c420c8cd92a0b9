//go:build linux

// Command demo shows minewatch at work on a desktop without a screen: six browser tabs, one of which computes hashes
// out of sight, an alert that names it, and a click in the tray that closes it.
//
//	go run ./agent/dev/demo -bin DIR -out DIR
//
// The last line of standard output is one JSON object; the exit status is 0 only if all went as it must.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/minewatch/minewatch/agent/dev/internal/command"
	"github.com/minewatch/minewatch/agent/e2e/demo"
)

// limit ends a demo that hangs.
const limit = 6 * time.Minute

func main() {
	os.Exit(command.Status(run))
}

func run(ctx context.Context) int {
	bin := flag.String("bin", "", "`folder` with the programs minewatch and minewatch-tray")
	out := flag.String("out", "", "`folder` for pictures, logs and the recording")
	flag.Parse()
	if *bin == "" || *out == "" || flag.NArg() > 0 {
		flag.Usage()
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	o := demo.Options{Progress: os.Stderr}
	var err error
	if o.Bin, err = filepath.Abs(*bin); err != nil {
		return failed(err)
	}
	if o.Out, err = filepath.Abs(*out); err != nil {
		return failed(err)
	}
	result, err := demo.Demo(ctx, o)
	code := 0
	if err != nil {
		code = failed(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		return failed(err)
	}
	return code
}

func failed(err error) int {
	fmt.Fprintf(os.Stderr, "demo: %v\n", err)
	return 1
}
