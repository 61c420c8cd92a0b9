package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Limits of a day: the size of its file in bytes and what it costs to replay and judge it.
const (
	limitDay    = 5_000_000
	limitReplay = 2 * time.Second
)

// replay makes a day, and lets minewatch judge it.
func (b *bench) replay(ctx context.Context) error {
	say("a day of 300 processes")
	file := filepath.Join(b.tmp, "day.jsonl.zst")
	if err := makeDay(ctx, file); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if err := b.sheet.value("replay", dayProcesses, "file_bytes", float64(info.Size()), limitDay, nil); err != nil {
		return err
	}
	rounds := make([]float64, b.rounds)
	firing := 0
	for i := range rounds {
		var out, said bytes.Buffer
		c := exec.CommandContext(ctx, b.agent(), "replay", "--json", file)
		c.Stdout, c.Stderr = &out, &said
		if err := c.Run(); err != nil {
			return fmt.Errorf("minewatch replay: %w: %s", err, said.Bytes())
		}
		rounds[i] = (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
		firing = bytes.Count(out.Bytes(), []byte(`"state":"firing"`))
		say("  %.2f CPU seconds", rounds[i])
	}
	if firing == 0 {
		return errors.New("the day's busy tab raised no alert: it was not judged")
	}
	return b.sheet.value("replay", dayProcesses, "cpu_s", median(rounds), limitReplay.Seconds(), map[string]float64{"firing_lines": float64(firing)})
}
