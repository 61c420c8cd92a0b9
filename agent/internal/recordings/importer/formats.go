package importer

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// format is one kind of log.
type format struct {
	name string // as --from takes it
	// looks reports whether the first lines of a file look like it.
	looks func(head []string) bool
	// read yields blocks; it sets what it finds in found before the first. nil where such a log cannot be read: then
	// instead says why and what to record.
	read    func(*log) iter.Seq2[block, error]
	instead string
}

// formats are tried from the first to the last: what is told by more comes before what is told by less.
func formats() []format {
	return append([]format{
		{name: "pidstat", looks: looksLikePidstat, read: lined(newPidstat)},
		{name: "top", looks: looksLikeTop, read: lined(screenOf(&procpsTop))},
		{name: "top-freebsd", looks: looksLikeTopFreeBSD, read: lined(screenOf(&freebsdTop))},
		{name: "top-macos", looks: looksLikeTopMacOS, read: lined(screenOf(&macosTop))},
		{name: "top-busybox", looks: looksLikeTopBusyBox, read: lined(screenOf(&busyboxTop))},
		{name: "top-android", looks: looksLikeTopAndroid, read: lined(screenOf(&androidTop))},
		{name: "typeperf", looks: looksLikePerfmon, read: lined(newPerfmon)},
		{name: "get-counter", looks: looksLikeGetCounter, read: lined(newGetCounter)},
		{name: "get-process", looks: looksLikeGetProcess, read: lined(newGetProcess)},
		{name: "influx", looks: looksLikeInflux, read: lined(newInflux)},
		{name: "dstat", looks: looksLikeDstat, read: lined(newDstat)},
		{name: "nmon", looks: looksLikeNmon, read: lined(newNmon)},
		{name: "atop", looks: looksLikeAtop, read: lined(newAtop)},
		{name: "docker-stats", looks: looksLikeDocker, read: lined(newDocker)},
		{name: "prmon", looks: looksLikePrmon, read: lined(newPrmon)},
		{name: "psrecord", looks: looksLikePsrecord, read: lined(newPsrecord)},
		{name: "sar", looks: looksLikeSar, read: lined(newSar)},
		{name: "vmstat", looks: looksLikeVmstat, read: lined(newVmstat)},
		{name: "collectl", looks: looksLikeCollectl, read: lined(newCollectl)},
		{name: "prometheus", looks: looksLikePrometheus, read: readPrometheus},
		{name: "task-manager", looks: looksLikeTaskManager, instead: "this is a copy of Task Manager's list, one moment only; record " + recordWindows},
		{name: "htop", looks: looksLikeHtop, instead: "htop and glances draw a screen of one moment, and no log; record " + recordLinux},
		{name: "ps", looks: looksLikePs, read: lined(screenOf(&psLoop))},
		{name: "top", looks: looksLikeTopRows, read: lined(screenOf(&procpsTop))},
		{name: "csv", looks: looksLikeCSV, read: lined(newCSV)},
	}, unread()...)
}

// Formats returns the names that Open reads.
func Formats() []string {
	var out []string
	for _, f := range formats() {
		if f.read != nil && !slices.Contains(out, f.name) {
			out = append(out, f.name)
		}
	}
	return out
}

// choose returns the format of a name, or that which the file looks like.
func choose(kind string, in *lines) (format, error) {
	all := formats()
	named := func(f format) bool { return f.name == kind }
	if kind == "auto" {
		head := in.head()
		named = func(f format) bool { return f.looks(head) }
	}
	at := slices.IndexFunc(all, named)
	switch {
	case at < 0 && kind == "auto":
		return format{}, fmt.Errorf("%s:1: not a log of a kind that minewatch knows by its first lines; name it with --from (%s)",
			in.name, strings.Join(Formats(), ", "))
	case at < 0:
		return format{}, fmt.Errorf("there is no format %q; there are %s", kind, strings.Join(Formats(), ", "))
	case all[at].read == nil:
		return format{}, fmt.Errorf("%s:1: %s", in.name, all[at].instead)
	}
	return all[at], nil
}
