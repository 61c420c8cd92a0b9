package attribution

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

const (
	// maxJobs bounds the processes whose job is remembered.
	maxJobs = 1 << 16
	// jobKept is how long the job of a process that ended is remembered: what is judged of it or of the processes that it
	// started comes some ticks later.
	jobKept = 5 * time.Second
	// kthreadd is the parent of the kernel's threads on Linux, which are different tasks.
	kthreadd = 2
)

// job is what processes of one program do together: those with one parent, and those that one of them started.
type job struct {
	program, user string
	root          heuristics.ProcessID // the nearest ancestor of another program
}

// jobs remembers which job each living process works for.
type jobs struct {
	of    map[heuristics.ProcessID]job
	ended []endedProcess // oldest first
}

type endedProcess struct {
	id heuristics.ProcessID
	at time.Duration
}

// observe learns from a snapshot.
func (j *jobs) observe(s *heuristics.Snapshot) {
	if j.of == nil {
		j.of = map[heuristics.ProcessID]job{}
	}
	for i := range s.Processes {
		p := &s.Processes[i]
		if p.Info == nil {
			continue
		}
		was, known := j.of[p.ID]
		if known && (was.program == program(p.Info) || p.Info.Exe == "") && was.user == p.Info.User {
			continue // its parent may have ended since, or its path be hidden while it ends: the job is the same
		}
		if known || len(j.of) < maxJobs {
			j.of[p.ID] = j.find(p.Info)
		}
	}
	n := 0
	for ; n < len(j.ended) && s.At-j.ended[n].at >= jobKept; n++ {
		delete(j.of, j.ended[n].id)
	}
	j.ended = j.ended[n:]
	for _, id := range s.Exited {
		if _, known := j.of[id]; known {
			j.ended = append(j.ended, endedProcess{id, s.At})
		}
	}
}

// find returns the job of a process: that of its parent if both run the same program for the same user.
func (j *jobs) find(i *heuristics.ProcessInfo) job {
	own := job{program: program(i), user: i.User, root: i.Parent}
	if parent, known := j.of[i.Parent]; known && parent.program == own.program && parent.user == own.user {
		own.root = parent.root
	}
	return own
}

// key names the job of a verdict's subject.
func (j *jobs) key(s *heuristics.Subject) string {
	found, known := j.of[s.Process]
	if !known {
		found = j.find(&s.Info)
	}
	return "job " + short(found.program) + " " + short(found.user) + " " +
		strconv.Itoa(int(found.root.PID)) + "." + strconv.FormatInt(found.root.StartTime, 10)
}

// short quotes a text; a long one is told apart by its hash.
func short(text string) string {
	const most = 128
	if len(text) <= most {
		return strconv.Quote(text)
	}
	sum := sha256.Sum256([]byte(text))
	return strconv.Quote(text[:most/2]) + "-" + hex.EncodeToString(sum[:8])
}

// program returns what tells one program from another: its path, or its name where the path may not be read.
func program(i *heuristics.ProcessInfo) string {
	if i.Exe != "" {
		return i.Exe
	}
	return i.Name
}
