//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// crunch computes like a volunteer-computing project: Fourier sums in equal threads, with a small checkpoint file
// every few seconds.
func crunch(o order) error {
	dir, err := os.MkdirTemp("", "crunch")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	runtime.GOMAXPROCS(o.threads)
	var wait sync.WaitGroup
	began := time.Now()
	for n := range o.threads {
		wait.Go(func() {
			runtime.LockOSThread()
			data, sums := make([]float64, 2048), make([]float64, 2048)
			for i := range data {
				data[i] = math.Sin(float64(i * (n + 1)))
			}
			saved := time.Duration(0)
			for at := time.Since(began); at < o.length; at = time.Since(began) {
				for k := range 16 {
					var re float64
					for i, x := range data {
						re += x * math.Cos(float64(i*k))
					}
					sums[k] += re
				}
				if at-saved > 5*time.Second {
					saved = at
					text := fmt.Sprintln(sums[:64])
					_ = os.WriteFile(filepath.Join(dir, fmt.Sprintf("checkpoint-%d", n)), []byte(text), 0o600)
				}
			}
		})
	}
	wait.Wait()
	return nil
}

// backup packs every file of a folder again and again, as backups do.
func backup(folder string, length time.Duration) error {
	return walk(folder, length, func(b []byte) {
		z := gzip.NewWriter(io.Discard)
		_, _ = z.Write(b)
		_ = z.Close()
		f, err := os.CreateTemp("", "backup")
		if err != nil {
			return
		}
		_, _ = f.Write(b)
		_ = f.Close()
		_ = os.Remove(f.Name())
	})
}

// scan reads every file of a folder and looks for patterns, as virus scanners do.
func scan(folder string, length time.Duration) error {
	patterns := [][]byte{[]byte("X5O!P%@AP"), []byte("cmd.exe /c"), {0xeb, 0xfe, 0x90, 0x90}}
	return walk(folder, length, func(b []byte) {
		sha256.Sum256(b)
		for _, p := range patterns {
			_ = bytes.Contains(b, p)
		}
	})
}

// walk reads the files of a folder, each with do, until the time is over.
func walk(folder string, length time.Duration, do func([]byte)) error {
	if folder == "" {
		return errors.New("say which folder")
	}
	for began := time.Now(); time.Since(began) < length; {
		seen := 0
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			switch {
			case time.Since(began) >= length:
				return filepath.SkipAll
			case err != nil || !d.Type().IsRegular():
				return nil //nolint:nilerr // what may not be read is passed over
			}
			if b, err := os.ReadFile(path); err == nil {
				seen++
				do(b)
			}
			return nil
		})
		if err != nil || seen == 0 {
			return errors.Join(fmt.Errorf("%s holds no file that can be read", folder), err)
		}
	}
	return nil
}
