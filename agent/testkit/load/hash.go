//go:build unix

package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"
)

// cycle is one round of computing and resting.
const cycle = 100 * time.Millisecond

// hasher returns a function that computes some hashes of blocks that begin with a counter, and how many.
func hasher(name string, seed byte) (func(counter uint64) int, error) {
	block := make([]byte, 80)
	block[79] = seed
	switch name {
	case "sha256":
		return func(counter uint64) int {
			for i := range uint64(256) {
				binary.LittleEndian.PutUint64(block, counter+i)
				sha256.Sum256(block)
			}
			return 256
		}, nil
	case "scrypt": // 1 MiB, as the first memory-hard coins
		return func(counter uint64) int {
			binary.LittleEndian.PutUint64(block, counter)
			_, _ = scrypt.Key(block, block, 1024, 8, 1, 32) // the parameters are valid
			return 1
		}, nil
	case "argon2": // 4 MiB
		return func(counter uint64) int {
			binary.LittleEndian.PutUint64(block, counter)
			argon2.IDKey(block, block[:16], 1, 4<<10, 1, 32)
			return 1
		}, nil
	}
	return nil, fmt.Errorf("-hash %q: sha256, scrypt or argon2", name)
}

// hash computes hashes on threads of the operating system, each doing the same.
func hash(o order) error {
	if o.respawn > 0 {
		return respawn(o)
	}
	block := make([]byte, o.memory<<20)
	for i := 0; i < len(block); i += 4096 {
		block[i] = byte(i>>12) | 1
	}
	if o.read != "" {
		go readAlong(o.read, o.rate) // ends with the program
	}
	runtime.GOMAXPROCS(o.threads + min(len(o.read), 1))
	var all atomic.Int64
	var wait sync.WaitGroup
	began := time.Now()
	for n := range o.threads {
		wait.Go(func() {
			runtime.LockOSThread()
			some, _ := hasher(o.hash, byte(n)) // checked
			r := rand.New(rand.NewPCG(uint64(n), 7))
			all.Add(grind(o, began, some, r))
		})
	}
	wait.Wait()
	runtime.KeepAlive(block)
	fmt.Printf("%d hashes\n", all.Load())
	return nil
}

// grind computes for the share duty of each cycle until the order ends, and returns how many hashes it computed.
func grind(o order, began time.Time, some func(uint64) int, r *rand.Rand) int64 {
	var hashes int64
	duty, redraw := o.duty, time.Duration(0)
	rest := time.NewTimer(0)
	defer rest.Stop()
	for at := time.Since(began); at < o.length; at = time.Since(began) {
		if o.pattern == "random" && at >= redraw {
			duty, redraw = 0.3+0.7*r.Float64(), at+time.Duration(3+r.IntN(6))*time.Second
		}
		if left := pauseLeft(o, at); left > 0 {
			<-rest.C
			rest.Reset(left)
			<-rest.C
			rest.Reset(0)
			continue
		}
		busyFrom := time.Now()
		for time.Since(busyFrom) < time.Duration(duty*float64(cycle)) {
			hashes += int64(some(uint64(hashes)))
		}
		// Rest in proportion to what was really computed: one memory-hard hash may take longer than its share.
		if pause := time.Duration(float64(time.Since(busyFrom)) * (1 - duty) / duty); pause > 0 {
			<-rest.C
			rest.Reset(pause)
			<-rest.C
			rest.Reset(0)
		}
	}
	return hashes
}

// pauseLeft returns how much is left of the pause that this moment lies in, 0 where it lies in none.
func pauseLeft(o order, at time.Duration) time.Duration {
	if o.pattern != "pulse" {
		return 0
	}
	if in := at % (o.on + o.off); in >= o.on {
		return o.on + o.off - in
	}
	return 0
}

// readAlong reads a file again and again at that many MB a second.
func readAlong(path string, rate float64) {
	const step = 50 * time.Millisecond
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	piece := make([]byte, int(rate*1e6*step.Seconds()))
	for range time.Tick(step) {
		if n, _ := io.ReadFull(f, piece); n < len(piece) {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return
			}
		}
	}
}

// respawn lets children do the work, one after the other.
func respawn(o order) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	var hashes int64
	for began := time.Now(); time.Since(began) < o.length; {
		left := min(o.respawn, o.length-time.Since(began))
		c := exec.CommandContext(context.Background(), exe, "hash", "-for", left.String(), "-hash", o.hash,
			"-threads", strconv.Itoa(o.threads), "-duty", strconv.FormatFloat(o.duty, 'g', -1, 64))
		out, err := c.Output()
		if err != nil {
			return err
		}
		var n int64
		if _, err := fmt.Sscanf(string(out), "%d hashes", &n); err == nil {
			hashes += n
		}
		time.Sleep(o.gap)
	}
	fmt.Printf("%d hashes\n", hashes)
	return nil
}
