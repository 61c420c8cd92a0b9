package importer

import (
	"math"
	"regexp"
	"strings"
)

// The tops of other systems. Each is a dialect of pages of processes.
var (
	// freebsdTop is top of the BSDs: `top -b -d`. Its WCPU is of one core; "idle" is the kernel's and has a thread a core.
	freebsdTop = dialect{ //nolint:gochecknoglobals // a table that nothing changes
		tool: "top of BSD", record: "top -b -d 180 -s 1 all", begins: beginsFreeBSD, above: aboveNamedIdle, idle: idleThreads, usual: "2s",
	}
	// macosTop is `top -l N`: the first page tells of the time since the start of each process.
	macosTop = dialect{ //nolint:gochecknoglobals // a table that nothing changes
		tool: "top of macOS", record: "top -l 180 -s 1", begins: beginsMacOS, above: aboveNamedIdle, since: true, usual: "1s",
	}
	// busyboxTop prints no time, and percentages of all cores together.
	busyboxTop = dialect{ //nolint:gochecknoglobals // a table that nothing changes
		tool: "top of BusyBox", record: "top -b -d 1", begins: beginsBusyBox, above: aboveBusyBox, whole: true, usual: "5s",
	}
	// androidTop is that of toybox: no time, and how many cores there are in "800%cpu".
	androidTop = dialect{ //nolint:gochecknoglobals // a table that nothing changes
		tool: "top of Android", record: "top -b -d 1 -n 180", begins: beginsAndroid, above: aboveAndroid, untitled: true, usual: "3s",
	}
)

func anyLine(head []string, f func(line string) bool) bool {
	for _, l := range head {
		if f(strings.TrimSpace(l)) {
			return true
		}
	}
	return false
}

func looksLikeTopFreeBSD(head []string) bool {
	return anyLine(head, func(l string) bool { _, ok := beginsFreeBSD(&log{}, l); return ok })
}

// beginsFreeBSD knows "last pid:  1334;  load averages: …  up 0+00:15:38    10:17:26" and "load averages: … 10:17:26".
func beginsFreeBSD(l *log, line string) (float64, bool) {
	if !strings.HasPrefix(line, "last pid:") && !strings.HasPrefix(line, "load averages:") {
		return 0, false
	}
	f := strings.Fields(line)
	if t, took := timeOfDay(f[len(f)-1:]); took > 0 {
		return l.clock.at(t), true
	}
	return math.NaN(), true
}

func looksLikeTopMacOS(head []string) bool { return anyLine(head, isMacOS) }

func isMacOS(l string) bool {
	return strings.HasPrefix(l, "Processes: ") && strings.Contains(l, " total") && strings.Contains(l, "threads")
}

func beginsMacOS(_ *log, line string) (float64, bool) { return math.NaN(), isMacOS(line) }

var namedIdle = regexp.MustCompile(`(\d+(?:[.,]\d+)?)% idle`)

// aboveNamedIdle reads "CPU usage: 18.85% user, 4.45% sys, 76.68% idle" and a line a core, "CPU 0: …".
func aboveNamedIdle(s *screen, line string) {
	if coreLine.MatchString(line) {
		s.loads++
		return
	}
	if m := namedIdle.FindStringSubmatch(line); m != nil && strings.HasPrefix(line, "CPU") {
		s.now.busy = 1 - number(m[1])/100
	}
}

// idleThreads tells the process "idle" of the kernel of FreeBSD.
func idleThreads(s *screen, r *row) bool {
	name := strings.Trim(r.name, "[]")
	if name != "idle" && !strings.HasPrefix(name, "idle{") && !strings.HasPrefix(name, "{idle") {
		return false
	}
	if r.user != "root" && r.user != "0" {
		return false // somebody else calls itself so
	}
	if s.found.Cores == 0 && r.threads > 0 {
		s.found.Cores = min(r.threads, maxCores)
	}
	return true
}

var busyboxMemory = regexp.MustCompile(`^Mem: \d+[KkMm]? used, \d+[KkMm]? free`)

func looksLikeTopBusyBox(head []string) bool { return anyLine(head, busyboxMemory.MatchString) }

func beginsBusyBox(_ *log, line string) (float64, bool) {
	return math.NaN(), busyboxMemory.MatchString(line)
}

// aboveBusyBox counts "CPU0: …", which it prints a line a core with the key 1.
func aboveBusyBox(s *screen, line string) {
	if coreLine.MatchString(line) {
		s.loads++
	}
}

var androidLoad = regexp.MustCompile(`^(\d+)%cpu .*%idle`)

func looksLikeTopAndroid(head []string) bool { return anyLine(head, androidLoad.MatchString) }

func beginsAndroid(_ *log, line string) (float64, bool) {
	return math.NaN(), (strings.HasPrefix(line, "Tasks: ") || strings.HasPrefix(line, "Threads: ")) && strings.Contains(line, " total")
}

func aboveAndroid(s *screen, line string) {
	if m := androidLoad.FindStringSubmatch(line); m != nil {
		if n := number(m[1]) / 100; n >= 1 && n <= maxCores && s.found.Cores == 0 {
			s.found.Cores = int(n)
		}
	}
}
