package main

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/agent/internal/sampler"
)

// runSampler is our sampler alone: what it yields is thrown away.
func runSampler(ctx context.Context) error {
	runtime.GOMAXPROCS(1) // as in the agent
	for _, err := range sampler.New(sampler.Options{}).Source(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

// runRaw opens, reads and closes the stat file of every process once a second, with nothing else: no parsing, no
// allocation, the directory kept open. It is the floor of everything that reads /proc/PID/stat.
func runRaw(ctx context.Context) error {
	runtime.GOMAXPROCS(1)
	proc, err := unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	t := time.NewTicker(time.Second)
	defer t.Stop()
	r := rawReader{list: make([]byte, 64<<10), stat: make([]byte, 4096)}
	for {
		if err := r.read(proc); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

type rawReader struct{ list, stat, path []byte }

// read opens every process's stat below the open /proc.
func (r *rawReader) read(proc int) error {
	if _, err := unix.Seek(proc, 0, 0); err != nil {
		return err
	}
	for {
		n, err := unix.Getdents(proc, r.list)
		if err != nil || n <= 0 {
			return err
		}
		for entries := r.list[:n]; len(entries) > 19; { // struct linux_dirent64: the name begins at 19
			length := int(entries[16]) | int(entries[17])<<8
			if name := entries[19:length]; name[0] >= '1' && name[0] <= '9' {
				r.one(proc, name)
			}
			entries = entries[length:]
		}
	}
}

// one reads one file; the system call itself is made, because unix.Openat would allocate a string.
func (r *rawReader) one(proc int, name []byte) {
	r.path = r.path[:0]
	for _, c := range name {
		if c == 0 {
			break
		}
		r.path = append(r.path, c)
	}
	r.path = append(r.path, "/stat\x00"...)
	fd, err := openat(proc, r.path)
	if err != nil {
		return // it ended
	}
	_, _ = unix.Read(fd, r.stat)
	_ = unix.Close(fd)
}
