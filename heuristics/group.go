package heuristics

import (
	"strconv"
	"time"
)

// group is the processes of one program, user and parent, judged together: a worker that starts anew every second
// leaves no single process with a sustained load.
type group struct {
	key     string
	watch   *watch
	used    time.Duration // this tick
	busiest use           // this tick
	leader  *account      // the busiest member lately
	members int           // that used the processor this tick
}

// lone is the share of a group's use above which one member explains all of it and the group is not judged.
const lone = 0.6

// groupKey names the group of a process: its program, user and parent, or only the first two where the parent is gone.
// It is empty for one that is only judged by itself: the processes of a browser are different tabs and helpers, and the
// kernel's threads different tasks, so their sums mean nothing.
func groupKey(i *ProcessInfo, parentKnown bool) string {
	const kernel = 2 // kthreadd on Linux
	if i.Browser != nil || i.Parent.PID == kernel {
		return ""
	}
	key := strconv.Quote(program(i)) + " " + strconv.Quote(i.User) + " "
	if parentKnown {
		key += strconv.Itoa(int(i.Parent.PID)) + "." + strconv.FormatInt(i.Parent.StartTime, 10)
	}
	return key
}

// program returns what tells one program from another: its path, or its name where the path may not be read.
func program(i *ProcessInfo) string {
	if i.Exe != "" {
		return i.Exe
	}
	return i.Name
}
