// Package trace writes and reads recordings: one JSON object a line, compressed with zstd. Both directions are Sources
// of the pipeline: Record passes on what it writes, Replay yields what was written.
//
// The format is described in docs/trace.md. A recording may come from a stranger, so every length is capped before it
// is used.
package trace

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/heuristics"
)

// Version is the newest version of the format that is read and the one that is written.
const Version = 1

const (
	headerType = "minewatch_trace"
	// maxLine is the longest line in bytes. A first snapshot of 10,000 processes takes about 2 MB.
	maxLine = 32 << 20
	// maxWindow bounds the memory that a compressed file can ask for, in bytes.
	maxWindow = 32 << 20
	// flushEvery is how many ticks may be lost when the power goes: a flush costs compression.
	flushEvery = 10
)

// Header is the first line of a trace: what one must know to judge it.
type Header struct {
	Type       string    `json:"type"`
	Version    int       `json:"version"`
	Started    time.Time `json:"started"`
	Cores      int       `json:"cores"`
	IntervalMS int64     `json:"interval_ms"`
	OS         string    `json:"os"`
	// Machine describes the processor, such as "AMD EPYC, 2 cores".
	Machine string `json:"machine,omitzero"`
	// Agent is the version of minewatch that recorded it.
	Agent string `json:"agent,omitzero"`
	// Load says in words how the load was made; Simulated that no real miner was involved.
	Load      string `json:"load,omitzero"`
	Simulated bool   `json:"simulated,omitzero"`
}

// Record returns a Source that yields the snapshots of another and writes each to w first. A failed write ends it with
// an error: a recording that misses ticks would be judged differently from what was seen.
func Record(source pipeline.Source, w io.Writer, h Header) pipeline.Source {
	return func(ctx context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
			if err != nil {
				yield(heuristics.Snapshot{}, err)
				return
			}
			out := json.NewEncoder(z)
			out.SetEscapeHTML(false)
			h.Type, h.Version = headerType, Version
			if err := errors.Join(out.Encode(h), z.Flush()); err != nil {
				yield(heuristics.Snapshot{}, fmt.Errorf("the recording could not be written: %w", err))
				return
			}
			if writeAll(ctx, source, out, z, yield) {
				if err := z.Close(); err != nil {
					yield(heuristics.Snapshot{}, fmt.Errorf("the recording could not be finished: %w", err))
				}
				return
			}
			_ = z.Close() // the reader is gone or an error was told already
		}
	}
}

// writeAll copies the source to out and to yield, and reports whether it came to the source's end.
func writeAll(ctx context.Context, source pipeline.Source, out *json.Encoder, z *zstd.Encoder,
	yield func(heuristics.Snapshot, error) bool,
) bool {
	n := 0
	for s, err := range source(ctx) {
		if err == nil {
			err = out.Encode(toLine(&s))
			if n++; err == nil && n%flushEvery == 0 {
				err = z.Flush()
			}
			if err != nil {
				err = fmt.Errorf("the recording could not be written: %w", err)
			}
		}
		if !yield(s, err) || err != nil {
			return false
		}
	}
	return true
}

// Replay reads the header of a recording and returns it with a Source of its snapshots, within the usual limits. The
// Source can be used once. Its errors name the line and are errors of the recording, not of the machine.
func Replay(r io.Reader, name string) (Header, pipeline.Source, error) {
	return ReplayWithin(r, name, Limits{})
}

// ReplayWithin is Replay within limits of one's own.
func ReplayWithin(r io.Reader, name string, limits Limits) (Header, pipeline.Source, error) {
	z, err := zstd.NewReader(bufio.NewReader(r), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxWindow), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return Header{}, nil, fmt.Errorf("%s: %w", name, err)
	}
	meter := newMeter(limits)
	lines := bufio.NewScanner(meter.bytes(z))
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	h, err := readHeader(lines)
	if err != nil {
		z.Close()
		return Header{}, nil, fmt.Errorf("%s: %w", name, err)
	}
	return h, func(ctx context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			defer z.Close()
			readTicks(ctx, lines, meter, name, yield)
		}
	}, nil
}

func readHeader(lines *bufio.Scanner) (Header, error) {
	var h Header
	if !lines.Scan() {
		if err := lines.Err(); err != nil {
			return h, notATrace(err)
		}
		return h, errors.New("the file is empty")
	}
	if err := json.Unmarshal(lines.Bytes(), &h); err != nil || h.Type != headerType {
		return h, notATrace(err)
	}
	if h.Version > Version {
		return h, fmt.Errorf("the recording has format version %d, this minewatch reads up to %d: use a newer minewatch", h.Version, Version)
	}
	if h.Version < 1 || h.Cores < 1 || h.Cores > maxCores {
		return h, errors.New("the recording's first line is damaged (no version or number of cores)")
	}
	return h, nil
}

func notATrace(err error) error {
	const hint = "not a minewatch recording (make one with `minewatch record -o FILE`)"
	if err == nil {
		return errors.New(hint)
	}
	return fmt.Errorf("%s: %w", hint, err)
}

func readTicks(ctx context.Context, lines *bufio.Scanner, meter *meter, name string, yield func(heuristics.Snapshot, error) bool) {
	line, last := 1, time.Duration(-1)
	fail := func(err error) {
		yield(heuristics.Snapshot{}, fmt.Errorf("%s:%d: %w", name, line, err))
	}
	for lines.Scan() {
		line++
		if ctx.Err() != nil {
			return
		}
		if err := meter.line(lines.Bytes()); err != nil {
			fail(err)
			return
		}
		var l tickLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			if cut := lines.Err(); cut != nil { // what came of the last line before the file ended
				fail(endsEarly(cut))
				return
			}
			fail(fmt.Errorf("the line is damaged; what came before it was read: %w", err))
			return
		}
		s, err := l.snapshot()
		if err == nil && s.At <= last {
			err = fmt.Errorf("the time goes back from %v to %v", last, s.At)
		}
		if err != nil {
			fail(fmt.Errorf("the line is damaged; what came before it was read: %w", err))
			return
		}
		if err := meter.snapshot(&s); err != nil {
			fail(err)
			return
		}
		last = s.At
		if !yield(s, nil) {
			return
		}
	}
	if err := lines.Err(); err != nil {
		line++
		fail(endsEarly(err))
	}
}

func endsEarly(err error) error {
	if over := (*overLimit)(nil); errors.As(err, &over) {
		return err
	}
	return fmt.Errorf("the recording ends early; what came before was read: %w", err)
}
