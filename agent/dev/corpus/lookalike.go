//go:build linux

package main

import (
	"strings"
	"time"
)

// Kinds of what only looks like mining.
const (
	alikePage    = "page"
	alikeProgram = "native"
)

// alike returns a page whose workers compute all the time for an honest purpose.
func alike(name string, b Browser, host, note string, u User) Scenario {
	s := shows(name, b, host, note, 1, u)
	s.Name, s.Label, s.Kind = "lookalike-"+name, Lookalike, alikePage
	return s
}

// behindAlike leaves the page for another tab.
func (s Scenario) behindAlike() Scenario {
	s.Hidden = true
	s.Note += ", then left for another tab"
	return s
}

// crunches returns a program that computes all the time for an honest purpose.
func crunches(name, note string, workers int, duty float64, shell string, names ...string) Scenario {
	s := works(name, alikeProgram, note, float64(workers)*duty, "", shell, names...)
	s.Name, s.Label = "lookalike-"+name, Lookalike
	s.Workers, s.Duty = workers, duty
	return s
}

func lookalikeScenarios() []Scenario {
	const (
		cr     = Chromium
		engine = `(echo "setoption name Threads value %T"; echo "setoption name Hash value 128"; echo "position startpos moves e2e4 e7e5"; echo "go infinite"; sleep 70) | stockfish >/dev/null`
		stress = "exec stress-ng --timeout 56s --quiet "
	)
	one := replaceThreads(engine, "1")
	two := replaceThreads(engine, "2")
	list := []Scenario{
		alike("cr-chess", cr, chess, "a chess engine in workers plays against the person", Reading),
		crunches("stockfish-2", "a chess engine analyses in two threads", 2, 1, two, "stockfish"),
		alike("cr-transcode", cr, transcode, "a video is transcoded in the page", Away),
		crunches("stress-1", "stress-ng keeps one core busy", 1, 1, stress+"--cpu 1", "stress-ng-cpu", "stress-ng"),
		alike("cr-compile", cr, compile, "a compiler runs in workers of the page", Typing),
		crunches("stress-2", "stress-ng keeps two cores busy", 2, 1, stress+"--cpu 2", "stress-ng-cpu", "stress-ng"),
		crunches("stress-1-half", "stress-ng keeps one core half busy", 1, 0.5, stress+"--cpu 1 --cpu-load 50", "stress-ng-cpu", "stress-ng").quiet(),
		alike("cr-chess-hidden", cr, chess, "a chess engine in workers analyses", Typing).behindAlike(),
		crunches("stockfish-1", "a chess engine analyses in one thread", 1, 1, one, "stockfish"),
		crunches("crunch-nice", "a volunteer's number cruncher uses all cores at nice 19", 2, 1, "exec nice -n 19 load crunch -threads 2 -for 56s", "load"),
		alike("cr-transcode-hidden", cr, transcode, "a video is transcoded in the page", Reading).behindAlike(),
		crunches("stress-2-half", "stress-ng keeps two cores half busy", 2, 0.5, stress+"--cpu 2 --cpu-load 50", "stress-ng-cpu", "stress-ng").quiet(),
		crunches("openssl-speed", "openssl measures its speed on two cores", 2, 1, "exec openssl speed -multi 2 -seconds 9 sha256 sha512 aes-256-cbc", "openssl"),
		alike("cr-compile-hidden", cr, compile, "a compiler runs in workers of the page", Reading).behindAlike(),
		crunches("primes", "a shell script factors numbers", 1, 1, "seq 900000000000000000 900000000000900000 | factor >/dev/null", "factor", "seq"),
		crunches("python-fractal", "a Python script computes a fractal in two processes", 2, 1, `for n in 1 2; do /usr/bin/python3 -c '
x0 = -2.0
while True:
    for y in range(-200, 200):
        for x in range(-300, 150):
            c = complex(x / 150, y / 150); z = 0j; k = 0
            while abs(z) < 2 and k < 80: z = z * z + c; k += 1
' & done; wait`, "python3"),
		crunches("crunch-1", "a number cruncher uses one core", 1, 1, "exec load crunch -threads 1 -for 56s", "load"),
		crunches("stress-matrix", "stress-ng multiplies matrices on one core", 1, 1, stress+"--matrix 1", "stress-ng-matri", "stress-ng-matrix", "stress-ng"),
		alike("ff-chess", Firefox, chess, "a chess engine in workers plays against the person", Reading),
		alike("ff-transcode", Firefox, transcode, "a video is transcoded in the page", Away),
		alike("ff-compile-hidden", Firefox, compile, "a compiler runs in workers of the page", Reading).behindAlike(),
	}
	for i := range list {
		if list[i].Label == Lookalike && list[i].Length < programTime {
			list[i].Length = programTime
		}
	}
	return list
}

// replaceThreads fills in how many threads the engine takes.
func replaceThreads(script, n string) string {
	return strings.ReplaceAll(script, "%T", n)
}

// Smoke is a short recording to try the driver with; it is no part of the corpus.
func Smoke() Scenario {
	return Scenario{
		Name: "smoke", Label: Lookalike, Kind: alikeProgram, Note: "one thread computes for ten seconds", Length: 12 * time.Second,
		Programs: []Program{{Name: "load", Shell: "exec load crunch -threads 1 -for 10s", For: 12 * time.Second}},
		Cores:    1, Workers: 1, Duty: 1, Sparse: true,
	}
}
