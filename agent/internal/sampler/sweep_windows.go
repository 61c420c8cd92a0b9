package sampler

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/minewatch/minewatch/heuristics"
)

// newSweep returns the sweep by one system query a tick, or, where that does not agree with gopsutil, gopsutil's and
// why. gopsutil opens every process twice a tick and cannot open those of other users.
func newSweep(ctx context.Context) (s sweeper, why string) {
	if strconv.IntSize < 64 {
		return newGopsutilSweep(), "a 32-bit build cannot read the list of processes of a 64-bit Windows"
	}
	var query ntQuery
	open := func() sweeper { return &windowsSweep{ntSweep: newNTSweep(query.read)} }
	if err := checkSweep(ctx, open, sweepSlack); err != nil {
		return newGopsutilSweep(), err.Error()
	}
	return open(), ""
}

// windowsSweep is the sweep by system query with a look at single processes.
type windowsSweep struct {
	*ntSweep
	mu     sync.Mutex
	second ntQuery // for single processes, whose askers do not wait for a tick
}

// same reports whether the pid still belongs to the same life.
func (s *windowsSweep) same(id heuristics.ProcessID) bool {
	raw, err := readRaw(id.PID)
	if !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return err == nil && raw.start == id.StartTime
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	listing, err := s.second.read()
	if err != nil {
		return false
	}
	found := false
	err = listing.each(func(p *ntProcess) bool {
		found = p.pid == id.PID && p.created == id.StartTime
		return !found
	})
	return err == nil && found
}

// ntQuery asks the system for all processes and keeps the buffer.
type ntQuery struct {
	buffer []uint64 // aligned as the kernel demands
	length uint32
}

// read returns the list of processes, valid until the next call.
func (q *ntQuery) read() (ntListing, error) {
	const word = 8
	for {
		if len(q.buffer) > 0 {
			room := len(q.buffer) * word
			err := windows.NtQuerySystemInformation(
				windows.SystemProcessInformation, unsafe.Pointer(&q.buffer[0]), uint32(room), &q.length) //nolint:gosec // at most maxNTBuffer
			if err == nil {
				n := room
				if q.length > 0 {
					n = min(room, int(q.length))
				}
				first := unsafe.Pointer(&q.buffer[0]) // the heap does not move: the addresses within stay true
				return ntListing{buffer: unsafe.Slice((*byte)(first), n), base: uint64(uintptr(first))}, nil
			}
			if !errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH) {
				return ntListing{}, err
			}
		}
		size, err := growNTBuffer(len(q.buffer)*word, int(q.length))
		if err != nil {
			return ntListing{}, err
		}
		q.buffer = make([]uint64, size/word)
	}
}
