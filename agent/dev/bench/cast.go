package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

// part returns the cores that an actor uses at the present moment of the day.
type part func(d *day) float64

// newDay returns the computer at midnight.
func newDay() *day {
	d := &day{random: rand.New(rand.NewPCG(2026, 302)), pid: 1}
	d.desktop()
	for i := range 12 {
		d.add("daemon-"+string(rune('a'+i)), 1, bursts(0.008+0.002*float64(i), 0.02, 0.05))
	}
	for range 14 { // awake twice a second, as timers are
		d.add("waker", 1, func(*day) float64 { return 0.0001 })
	}
	d.add("backup", 1, between(12*time.Hour+30*time.Minute, 13*time.Hour+10*time.Minute, noisy(0.6, 0.2)))
	for i := 0; len(d.all) < dayProcesses; i++ {
		d.add(fmt.Sprintf("sleeper-%d", i%40), 1, nil)
	}
	return d
}

// desktop adds what a person uses: a browser of a few tabs, an editor, what draws the screen; a call of 45 minutes;
// and for 20 minutes a tab whose four workers compute without a pause.
func (d *day) desktop() {
	browser := d.add("chromium", 24, office(turns(40, 90, noisy(0.08, 0.6), noisy(0.008, 0.9))))
	browser.info.Browser = &heuristics.BrowserProcess{Family: "chromium", Role: "browser", Root: browser.sample.ID}
	renderer := func(n int, threads int, p part) *actor {
		a := d.add("chromium", threads, p)
		a.info.Parent = browser.sample.ID
		a.info.Browser = &heuristics.BrowserProcess{Family: "chromium", Role: "renderer", Root: browser.sample.ID, Renderer: n}
		return a
	}
	for n := range 3 {
		renderer(n+4, 14, office(turns(20, 120, noisy(0.3, 0.7), noisy(0.002, 1))))
	}
	renderer(9, 20, between(15*time.Hour, 15*time.Hour+45*time.Minute, noisy(0.55, 0.3)))
	crunching := renderer(11, 18, between(10*time.Hour+20*time.Minute, 10*time.Hour+40*time.Minute, noisy(2.8, 0.03)))
	for i := range crunching.shares {
		crunching.shares[i] = 0
		if name := &crunching.sample.Threads[i].Name; i >= len(crunching.shares)-4 {
			*name, crunching.shares[i] = "DedicatedWorker", 0.25
		}
	}
	gpu := renderer(0, 8, office(turns(40, 90, noisy(0.05, 0.6), noisy(0.005, 0.9))))
	gpu.info.Browser.Role = "gpu"
	d.add("Xorg", 4, office(noisy(0.02, 0.9)))
	d.add("editor", 12, office(turns(60, 60, noisy(0.03, 0.9), noisy(0.004, 0.9))))
	d.add("terminal", 4, office(bursts(0.05, 0.01, 0.04)))
}

// add puts a process on the stage. The first third of its threads does half of the work, the rest of them sleep.
func (d *day) add(name string, threads int, p part) *actor {
	d.pid += 1 + int32(d.random.IntN(5))
	a := &actor{part: p}
	a.sample.ID = heuristics.ProcessID{PID: d.pid, StartTime: int64(d.pid) * 13}
	a.sample.User = time.Duration(d.random.IntN(60_000)) * time.Millisecond
	a.info = heuristics.ProcessInfo{
		Parent: heuristics.ProcessID{PID: 1, StartTime: 1}, Name: name, Exe: "/usr/bin/" + name, User: "1000",
	}
	a.shares = make([]float64, threads)
	working := 1 + (threads-1)/3
	for i := range threads {
		t := heuristics.ThreadSample{TID: d.pid + int32(i), Name: name}
		if i > 0 {
			t.Name = fmt.Sprintf("pool-%d", i)
		}
		a.sample.Threads = append(a.sample.Threads, t)
		switch {
		case i == 0:
			a.shares[i] = 0.5
		case i < working:
			a.shares[i] = 0.5 / float64(working-1)
		}
	}
	d.pid += int32(threads) - 1
	d.all = append(d.all, a)
	return a
}

// brieflyAlive returns a command that begins and ends within a second or two.
func (d *day) brieflyAlive() *actor {
	kept := d.all
	name := fmt.Sprintf("command-%d", d.random.IntN(30))
	a := d.add(name, 1, noisy(0.005+0.2*d.random.Float64(), 0.5))
	d.all = kept
	a.sample.ID.StartTime, a.sample.User = int64(d.at/(10*time.Millisecond))+1000, 0
	return a
}

// noisy is a load with a relative noise.
func noisy(cores, noise float64) part {
	return func(d *day) float64 { return cores * (1 + noise*(2*d.random.Float64()-1)) }
}

// bursts is mostly nothing: with a chance each second it uses from low to high.
func bursts(chance, low, high float64) part {
	return func(d *day) float64 {
		if d.random.Float64() >= chance {
			return 0
		}
		return low + (high-low)*d.random.Float64()
	}
}

// turns goes from busy to calm and back; each turn lasts some seconds on the average.
func turns(busyFor, calmFor float64, busy, calm part) part {
	isBusy := false
	return func(d *day) float64 {
		mean := calmFor
		if isBusy {
			mean = busyFor
		}
		if d.random.Float64() < 1/mean {
			isBusy = !isBusy
		}
		if isBusy {
			return busy(d)
		}
		return calm(d)
	}
}

// between is a part that is played from one hour to another.
func between(from, to time.Duration, p part) part {
	return func(d *day) float64 {
		if d.at < from || d.at >= to {
			return 0
		}
		return p(d)
	}
}

// office is played while a person works: from 9 to 12 and from 13 to 17:30.
func office(p part) part {
	return func(d *day) float64 {
		morning := d.at >= 9*time.Hour && d.at < 12*time.Hour
		afternoon := d.at >= 13*time.Hour && d.at < 17*time.Hour+30*time.Minute
		if !morning && !afternoon {
			return 0
		}
		return p(d)
	}
}
