//go:build unix

package main

import (
	"math"
	"runtime"
	"sync"
	"time"
)

// serve is a game server on which nobody plays: it goes on simulating its world at fixed rates, in named threads of
// different work.
func serve(length time.Duration) error {
	threads := []struct {
		name string
		rate int           // turns a second
		busy time.Duration // of each turn
	}{
		{"Server thread", 20, 17 * time.Millisecond},
		{"Physics", 60, 3 * time.Millisecond},
		{"Chunk IO", 4, 6 * time.Millisecond},
		{"Netty Server IO", 50, 300 * time.Microsecond},
		{"Watchdog", 1, 100 * time.Microsecond},
	}
	runtime.GOMAXPROCS(len(threads))
	began := time.Now()
	var wait sync.WaitGroup
	for _, of := range threads {
		wait.Go(func() {
			nameThread(of.name)
			world := make([]float64, 4096)
			turns := time.NewTicker(time.Second / time.Duration(of.rate))
			defer turns.Stop()
			for n := 0; time.Since(began) < length; n++ {
				<-turns.C
				for from := time.Now(); time.Since(from) < of.busy; {
					for i := range 64 {
						world[(n+i)%len(world)] = math.Sin(world[(n*7+i)%len(world)] + float64(i))
					}
				}
			}
		})
	}
	wait.Wait()
	return nil
}

// answer works as a language model does on a processor: for each answer it goes through a large table again and again on
// all threads, one word after the other, then waits for the next question.
func answer(o order) error {
	const rows, columns = 8192, 2048
	table := make([]float32, rows*columns)
	for i := range table {
		table[i] = float32(i%251) / 251
	}
	runtime.GOMAXPROCS(o.threads)
	began := time.Now()
	state, next := make([]float32, columns), make([]float32, rows)
	word := func() {
		var wait sync.WaitGroup
		for n := range o.threads {
			wait.Go(func() {
				for r := n; r < rows; r += o.threads {
					var sum float32
					row := table[r*columns : (r+1)*columns]
					for c, x := range row {
						sum += x * state[c]
					}
					next[r] = sum
				}
			})
		}
		wait.Wait()
		for c := range state {
			state[c] = float32(math.Tanh(float64(next[c*4%rows]) / columns))
		}
	}
	for n := 0; time.Since(began) < o.length; n++ {
		words := 60 + 37*(n*5%7)
		for range words {
			if time.Since(began) >= o.length {
				return nil
			}
			word()
		}
		time.Sleep(time.Duration(3+n*3%5) * time.Second)
	}
	return nil
}
