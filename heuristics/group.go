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

// groupKey names the group of a process; empty for one that is only judged by itself. The processes of a browser are
// different tabs and helpers, so their sum means nothing.
func groupKey(i *ProcessInfo) string {
	if i.Browser != nil || i.Parent == (ProcessID{}) || i.Parent.PID <= 2 {
		return ""
	}
	program := i.Exe
	if program == "" {
		program = i.Name
	}
	return program + "\x00" + i.User + "\x00" + strconv.Itoa(int(i.Parent.PID)) + "." + strconv.FormatInt(i.Parent.StartTime, 10)
}
