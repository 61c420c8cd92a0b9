//go:build linux

package main

import (
	"slices"
	"strconv"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// Kinds of honest use that are easily taken for mining.
const (
	pageLong    = "page-long"    // a heavy page that is looked at for more than two minutes
	pageWorkers = "page-workers" // a page whose worker threads do honest work
	pageGate    = "page-gate"    // a proof-of-work gate in a page that somebody looks at and uses
	computing   = "computing"    // programs that compute in memory: encoders, solvers, simulations, renderers
	commanding  = "commands"     // short commands again and again: version control, compilers, tests
	database    = "database"     // a database under load
	spinning    = "spinning"     // one thread of an installed program that polls without end
	serving     = "serving"      // servers that go on working without anybody
)

// confused are honest loads that have been taken for mining.
func confused() []Scenario {
	return slices.Concat(longPages(), workerPages(), computers(), testers(), databases(), spinners(), servers())
}

// longTime is how long a heavy page is looked at: more than the two minutes after which a steady load is worth a word.
const longTime = 150 * time.Second

func longPages() []Scenario {
	long := func(name string, b Browser, host, note string, u User) Scenario {
		s := shows(name, b, host, note, 1.2, u).noted(", for more than two minutes")
		s.Kind, s.Length = pageLong, longTime
		s.Load += "?seconds=150"
		return s
	}
	return []Scenario{
		long("cr-long-gl", Chromium, gl, "a WebGL scene drawn in software", Reading),
		long("cr-long-train", Chromium, train, "a small network trained on the page's own thread", Away),
		long("cr-long-videogrid", Chromium, videoGrid, "a grid of videos", Away),
		long("ff-long-gl", Firefox, gl, "a WebGL scene drawn in software", Away),
		long("cr-long-call", Chromium, call, "a video call within the page", Away),
		long("ff-long-train", Firefox, train, "a small network trained on the page's own thread", Reading),
	}
}

func workerPages() []Scenario {
	works := func(name string, b Browser, host, note string, cores float64, u User) Scenario {
		s := shows(name, b, host, note, cores, u)
		s.Kind = pageWorkers
		return s
	}
	behind := func(s Scenario) Scenario {
		s = s.behind()
		s.Kind = pageWorkers
		return s
	}
	app := func(name, host, note string, u User) Scenario {
		s := works(name, Chromium, host, note, 0.8, u).noted(", as an installed web application")
		s.App = true
		return s
	}
	gates := func(name string, b Browser, seconds int, u User) Scenario {
		s := shows(name, b, gate, "a proof-of-work gate of "+strconv.Itoa(seconds)+" s before a page", 1.6, u)
		s.Kind = pageGate
		s.Load += "?work=" + strconv.Itoa(seconds)
		if seconds > 40 {
			s.Length += 20 * time.Second
		}
		return s
	}
	const cr, ff = Chromium, Firefox
	return []Scenario{
		works("cr-arcade", cr, pages.Arcade, "a game whose physics runs in workers", 1, Away),
		works("cr-blur", cr, pages.Blur, "a meeting whose background a worker blurs", 0.8, Away),
		works("cr-editor", cr, pages.Editor, "an editor whose workers talk with the page", 0.8, Typing),
		works("ff-arcade", ff, pages.Arcade, "a game whose physics runs in workers", 1, Reading),
		works("ff-blur", ff, pages.Blur, "a meeting whose background a worker blurs", 0.8, Away),
		app("cr-app-sheet", sheet, "a spreadsheet that calculates", Typing),
		works("ff-editor", ff, pages.Editor, "an editor whose workers talk with the page", 0.8, Typing),
		behind(works("cr-blur-hidden", cr, pages.Blur, "a meeting whose background a worker blurs", 0.8, Typing)),
		works("cr-arcade-reading", cr, pages.Arcade, "a game whose physics runs in workers", 1, Reading),
		behind(works("cr-editor-hidden", cr, pages.Editor, "an editor whose workers talk with the page", 0.8, Reading)),
		app("cr-app-call", call, "a video call within the page", Away),
		behind(works("ff-blur-hidden", ff, pages.Blur, "a meeting whose background a worker blurs", 0.8, Reading)),

		gates("cr-gate-20", cr, 20, Reading),
		gates("cr-gate-40", cr, 40, Typing),
		gates("cr-gate-60", cr, 60, Reading),
		gates("ff-gate-20", ff, 20, Reading),
		gates("ff-gate-40", ff, 40, Reading),
		gates("cr-gate-30", cr, 30, Reading),
	}
}

func computers() []Scenario {
	does := func(name, note string, cores float64, prepare, shell string, names ...string) Scenario {
		return works(name, computing, note, cores, prepare, shell, names...)
	}
	encode := func(input, codec string) string {
		return "exec ffmpeg -v error -f lavfi -i '" + input + "' " + codec + " -f null /dev/null"
	}
	const (
		scene = "testsrc2=size=1280x720:rate=25:duration=900,noise=alls=12:allf=t"
		// A pigeonhole problem: eleven birds in ten holes, which takes a solver of this kind very long.
		birds = `awk 'BEGIN { n = 11; m = 10; print "p cnf", n*m, n + m*n*(n-1)/2; for (i = 0; i < n; i++) { for (j = 0; j < m; j++) printf "%d ", i*m+j+1; print 0 }
for (j = 0; j < m; j++) for (i = 0; i < n; i++) for (k = i+1; k < n; k++) print -(i*m+j+1), -(k*m+j+1), 0 }' >birds.cnf`
		// A plan with many half-equal choices, which takes a solver of whole numbers very long.
		sacks = `awk 'BEGIN { srand(11); n = 60; print "Maximize\n value:"; for (i = 1; i <= n; i++) printf " + %d x%d", 500+int(rand()*500), i; print "\nSubject To";
for (k = 1; k <= 12; k++) { printf " c%d:", k; for (i = 1; i <= n; i++) printf " + %d x%d", 100+int(rand()*900), i; print " <= 13000" } print "Binary"; for (i = 1; i <= n; i++) printf " x%d", i; print "\nEnd" }' >sacks.lp`
		balls = `cat >scene.pov <<'END'
camera { location <0, 3, -9> look_at <0, 1, 0> }
light_source { <6, 12, -8> rgb 1 area_light <3, 0, 0>, <0, 3, 0>, 6, 6 }
plane { y, 0 pigment { checker rgb 0.9 rgb 0.3 } finish { reflection 0.2 } }
#declare R = seed(4);
#for (I, 1, 160) sphere { <8*rand(R)-4, 4*rand(R), 6*rand(R)-2>, 0.35 pigment { rgbt <rand(R), rand(R), rand(R), 0.3> } finish { reflection 0.35 phong 1 } } #end
END`
		nbody = `exec /usr/bin/python3 -c '
import math, random
random.seed(5)
bodies = [[random.random() for _ in range(7)] for _ in range(60)]
while True:
    for a in bodies:
        for b in bodies:
            d = [b[k] - a[k] for k in range(3)]
            f = 0.001 * b[6] / (sum(x * x for x in d) + 0.01) ** 1.5
            for k in range(3): a[3 + k] += f * d[k]
    for a in bodies:
        for k in range(3): a[k] += 0.001 * a[3 + k]
'`
		darts  = `exec awk 'BEGIN { srand(9); while (1) { x = rand(); y = rand(); n++; if (x*x + y*y < 1) in_circle++; if (n % 10000000 == 0) print 4*in_circle/n } }'`
		queens = `exec /usr/bin/python3 -c '
def place(n, row=0, cols=0, left=0, right=0):
    if row == n: return 1
    free, found = ~(cols | left | right) & ((1 << n) - 1), 0
    while free:
        bit = free & -free
        free ^= bit
        found += place(n, row + 1, cols | bit, (left | bit) << 1, (right | bit) >> 1)
    return found
for n in range(8, 20): print(n, place(n))
'`
	)
	return []Scenario{
		does("encode-memory-x264", "a generated film is encoded to H.264, nothing read or written", 2, "", encode(scene, "-c:v libx264 -preset slow"), "ffmpeg"),
		does("solve-logic", "a solver tries to place eleven birds in ten holes", 1, birds, "exec minisat -verb=0 birds.cnf", "minisat"),
		does("simulate-bodies", "a Python script simulates how bodies move", 1, "", nbody, "python3"),
		does("render-2", "a picture is rendered in two threads", 2, balls, "while :; do povray +Iscene.pov +W1600 +H1200 +A0.1 +WT2 -D -GA +Opicture.png; done", "povray"),
		does("encode-memory-vp9", "a generated film is encoded to VP9, nothing read or written", 1.6, "", encode(scene, "-c:v libvpx-vp9 -b:v 2M -deadline good -cpu-used 2 -row-mt 1"), "ffmpeg"),
		does("solve-numbers", "a solver of whole numbers packs sacks", 1, sacks, "while :; do glpsol --lp sacks.lp --tmlim 30 >plan; done", "glpsol"),
		does("simulate-darts", "an awk script throws darts at a circle", 1, "", darts, "mawk", "awk"),
		does("render-1", "a picture is rendered in one thread", 1, balls, "while :; do povray +Iscene.pov +W1600 +H1200 +A0.1 +WT1 -D -GA +Opicture.png; done", "povray"),
		does("encode-memory-1", "a generated film is encoded in one thread, nothing read or written", 1, "", encode("testsrc2=size=640x360:rate=25:duration=3000", "-threads 1 -filter_threads 1 -c:v libx264 -preset veryslow"), "ffmpeg"),
		does("solve-queens", "a Python script places queens on a board", 1, "", queens, "python3"),
		does("encode-memory-sound", "a generated sound is encoded, nothing read or written", 1, "", encode("anoisesrc=d=9000:c=brown", "-c:a aac -b:a 192k"), "ffmpeg"),
		does("simulate-bc", "a calculator computes digits of pi", 1, "", "echo 'scale=9000; 4*a(1)' | bc -l >pi", "bc"),
	}
}

func testers() []Scenario {
	does := func(name, note, prepare, shell string, names ...string) Scenario {
		return works(name, commanding, note, 1.2, prepare, shell, names...)
	}
	return []Scenario{
		does("go-test", "the tests of Go packages are run again and again", "", `cd $SOURCE; while :; do go test -count=1 ./heuristics/...; done`, "go", "compile", "link", "heuristics.test", "vet"),
		does("git-again", "a repository's state, log and differences are asked for again and again", aRepository, `cd tree; n=0; while :; do n=$((n+1)); echo "line $n" >>1/new.txt; git status >/dev/null; git log --stat -3 >/dev/null; git diff >/dev/null; git add -A; git commit -qm "step $n"; done`, "git"),
		does("cc-run", "a small program is changed, compiled and run again and again", "", `
n=0; while :; do n=$((n+1)); printf '#include <stdio.h>\n#include <math.h>\nint main(void) { double s = %d; for (int i = 1; i < 60000000; i++) s += 1.0 / i; printf("%%f\\n", s); return 0; }\n' $n >p.c; gcc -O1 -o p p.c -lm; ./p >/dev/null; done`, "cc1", "p", "gcc", "ld"),
		does("node-test", "the tests of a script are run again and again", "", `cd $SOURCE/agent/extension; while :; do node --test >/dev/null || true; done`, "node"),
		does("python-tests", "the tests of a Python module are run again and again", `
mkdir -p t; for n in 1 2 3 4 5 6; do cat >t/test_$n.py <<END
import unittest, json, re, statistics
class Test$n(unittest.TestCase):
    def test_text(self):
        rows = [{"a": i, "b": "x" * (i % 17)} for i in range(30000)]
        self.assertEqual(json.loads(json.dumps(rows)), rows)
    def test_words(self):
        self.assertEqual(len(re.findall(r"\w+", "one two three " * 40000)), 120000)
    def test_mean(self):
        self.assertAlmostEqual(statistics.fmean(range(400000)), 199999.5)
END
done`, "while :; do /usr/bin/python3 -m unittest discover -q t; done", "python3"),
		does("make-again", "a few C files are built with make, cleaned and built again", `
for n in 1 2 3 4; do awk -v n=$n 'BEGIN { for (i = 0; i < 300; i++) printf "double f%d_%d(double x) { for (int k = 0; k < %d; k++) x = x * 1.01 + k; return x; }\n", n, i, i+3 }' >m$n.c; done; printf 'int main(void) { return 0; }\n' >m0.c
printf 'all: p\np: m0.o m1.o m2.o m3.o m4.o\n\tgcc -o p $^\n%%.o: %%.c\n\tgcc -O2 -c $<\nclean:\n\trm -f *.o p\n' >Makefile`, "while :; do make -j2 >/dev/null; make clean >/dev/null; done", "cc1", "make", "gcc", "as"),
	}
}

func databases() []Scenario {
	const server = `PG=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1); mkdir -p db; "$PG/initdb" -D db -A trust >/dev/null; `
	const up = `PG=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1); "$PG/pg_ctl" -D db -o "-h 127.0.0.1 -p 5490 -k $HOME" -l db.log -w start >/dev/null; "$PG/pgbench" -h 127.0.0.1 -p 5490 -q -i -s 4 postgres >/dev/null 2>&1; exec "$PG/pgbench" -h 127.0.0.1 -p 5490 -T 50 `
	does := func(name, note, prepare, shell string, names ...string) Scenario {
		return works(name, database, note, 1.5, prepare, shell, names...)
	}
	return []Scenario{
		does("postgres-update", "a database server is written to by four clients", server, up+"-c 4 -j 2 postgres", "postgres", "pgbench"),
		does("sqlite-insert", "rows are written into a database file", "", `while :; do rm -f t.db; sqlite3 t.db "PRAGMA journal_mode=WAL; CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 900000) INSERT INTO t SELECT i, hex(randomblob(12)), i * 0.5 FROM n; CREATE INDEX tb ON t(b);" >/dev/null; done`, "sqlite3"),
		does("postgres-select", "a database server answers two clients that only read", server, up+"-S -c 2 -j 2 postgres", "postgres", "pgbench"),
		does("sqlite-query", "a database file is asked hard questions", `sqlite3 t.db "CREATE TABLE t(a INTEGER PRIMARY KEY, b INT, c INT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 200000) INSERT INTO t SELECT i, abs(random()) % 500, abs(random()) % 900 FROM n;"`, `while :; do sqlite3 t.db "SELECT x.b, count(*), sum(y.c) FROM t x JOIN t y ON x.b = y.b AND x.c < y.c GROUP BY x.b ORDER BY 3 DESC LIMIT 5" >answer; done`, "sqlite3"),
		does("sqlite-memory", "a database in memory is filled and asked", "", `while :; do sqlite3 :memory: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 6000000) SELECT i % 97, count(*), sum(i * 1.5) FROM n GROUP BY 1 ORDER BY 3" >answer; done`, "sqlite3"),
		does("postgres-one", "a database server answers one client", server, up+"-c 1 -j 1 postgres", "postgres", "pgbench"),
	}
}

func spinners() []Scenario {
	does := func(name, note, shell string, names ...string) Scenario {
		return works(name, spinning, note, 1, "", shell, names...)
	}
	return []Scenario{
		does("spin-dash", "a shell reads again and again at the end of its input", "exec dash -c 'while :; do read -r line; done' </dev/null", "dash"),
		does("spin-python", "a Python program polls a closed pipe", `exec /usr/bin/python3 -c '
import os, select
r, w = os.pipe(); os.close(w)
while True:
    select.select([r], [], [], 1); os.read(r, 64)
'`, "python3"),
		does("spin-perl", "a Perl program polls at the end of a file", `exec perl -e 'open(my $f, "<", "/etc/hostname"); while (1) { my $r = ""; vec($r, fileno($f), 1) = 1; select($r, undef, undef, 1); sysread($f, my $b, 64); }'`, "perl"),
		does("spin-bash", "a shell reads again and again at the end of its input", "exec bash -c 'while :; do read -r -t 1 line; done' </dev/null", "bash"),
		does("spin-node", "a script asks for its next turn again and again", "exec node -e 'const f = () => setImmediate(f); f();'", "node"),
		does("spin-nice", "a shell at nice 19 reads again and again at the end of its input", "exec nice -n 19 dash -c 'while :; do read -r line; done' </dev/null", "dash"),
	}
}

func servers() []Scenario {
	does := func(name, note string, cores float64, shell string, names ...string) Scenario {
		return works(name, serving, note, cores, "", shell, names...)
	}
	return []Scenario{
		does("game-server", "a game server on which nobody plays, with named threads of different work", 0.6, "exec load serve -for 57s", "load"),
		does("game-server-browsing", "a game server on which nobody plays, with named threads of different work", 0.6, "exec load serve -for 57s", "load").beside(Chromium, Reading),
		does("answers", "a program answers questions as a local language model does", 1.4, "exec load answer -threads 2 -for 57s", "load"),
	}
}
