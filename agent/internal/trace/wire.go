package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/minewatch/minewatch/heuristics"
)

// tickLine is one snapshot as a line of the file. All CPU times are cumulative microseconds. See docs/trace.md.
type tickLine struct {
	At        int64          `json:"at_us"`
	Time      time.Time      `json:"time"`
	Cores     int            `json:"cores"`
	Busy      int64          `json:"busy_us"`
	Processes []processLine  `json:"p,omitempty"`
	Exited    []processID    `json:"exited,omitempty"`
	Renderers []rendererLine `json:"renderers,omitempty"`
	Gaps      []gapLine      `json:"gaps,omitempty"`
}

// processID is [pid, start time].
type processID [2]int64

type processLine struct {
	ID       processID    `json:"id"`
	User     int64        `json:"u,omitzero"`
	System   int64        `json:"s,omitzero"`
	Children int64        `json:"c,omitzero"`
	Resident uint64       `json:"rss,omitzero"`
	Read     uint64       `json:"rd,omitzero"`
	Write    uint64       `json:"wr,omitzero"`
	Moved    uint64       `json:"io,omitzero"`
	Info     *infoLine    `json:"info,omitzero"`
	Threads  []threadLine `json:"th,omitempty"`
}

type infoLine struct {
	Parent  processID    `json:"parent"`
	Name    string       `json:"name"`
	Exe     string       `json:"exe,omitzero"`
	User    string       `json:"user,omitzero"`
	Nice    int          `json:"nice,omitzero"`
	Browser *browserLine `json:"browser,omitzero"`
	Poses   bool         `json:"poses_as_browser,omitzero"`
}

type browserLine struct {
	Family   string    `json:"family"`
	Role     string    `json:"role"`
	Root     processID `json:"root"`
	Renderer int       `json:"renderer,omitzero"`
	// Windowless is set for a browser that shows nothing.
	Windowless bool `json:"windowless,omitzero"`
}

type rendererLine struct {
	ID     processID   `json:"id"`
	Frames []frameLine `json:"frames,omitempty"`
	Last   string      `json:"last,omitzero"`
	User   string      `json:"user,omitzero"`
}

type frameLine struct {
	Tab     int64  `json:"tab"`
	Frame   int64  `json:"frame"`
	Origin  string `json:"origin"`
	Top     string `json:"top"`
	Hidden  bool   `json:"hidden,omitzero"`
	Audible bool   `json:"audible,omitzero"`
	Focused bool   `json:"focused,omitzero"`
	Full    bool   `json:"full,omitzero"`
}

type gapLine struct {
	Kind   string `json:"kind"`
	PID    int32  `json:"pid,omitzero"`
	Length int64  `json:"length_us,omitzero"`
}

// threadLine is [tid, name, run, wait], the times in microseconds.
type threadLine struct {
	TID       int32
	Name      string
	Run, Wait int64
}

// MarshalJSON writes the four values as an array.
func (t threadLine) MarshalJSON() ([]byte, error) {
	return json.Marshal([4]any{t.TID, t.Name, t.Run, t.Wait})
}

// UnmarshalJSON reads the four values. Threads are most of a recording, so this does not take the general way, which
// costs three times as much.
func (t *threadLine) UnmarshalJSON(b []byte) error {
	var tid int64
	var ok [4]bool
	rest := b
	rest, tid, ok[0] = nextNumber(rest, '[')
	rest, t.Name, ok[1] = nextText(rest, ',')
	rest, t.Run, ok[2] = nextNumber(rest, ',')
	rest, t.Wait, ok[3] = nextNumber(rest, ',')
	rest = bytes.TrimLeft(rest, space)
	if ok != [4]bool{true, true, true, true} || len(rest) != 1 || rest[0] != ']' || tid < 0 || tid > math.MaxInt32 {
		return errThread
	}
	t.TID = int32(tid)
	return nil
}

// space is what JSON allows between values.
const space = " \t\r\n"

var errThread = errors.New("a thread is not [tid, name, run, wait]")

// after cuts the spaces and the one character before a value.
func after(b []byte, before byte) ([]byte, bool) {
	b = bytes.TrimLeft(b, space)
	if len(b) == 0 || b[0] != before {
		return b, false
	}
	return bytes.TrimLeft(b[1:], space), true
}

// nextNumber reads a whole number that stands after a character.
func nextNumber(b []byte, before byte) (rest []byte, n int64, ok bool) {
	b, ok = after(b, before)
	end := 0
	for end < len(b) && (b[end] == '-' || (b[end] >= '0' && b[end] <= '9')) {
		end++
	}
	n, err := strconv.ParseInt(string(b[:end]), 10, 64)
	return b[end:], n, ok && err == nil
}

// nextText reads a string that stands after a character.
func nextText(b []byte, before byte) (rest []byte, text string, ok bool) {
	b, ok = after(b, before)
	if !ok || len(b) == 0 || b[0] != '"' {
		return b, "", false
	}
	end := 1
	plain := true
	for end < len(b) && b[end] != '"' {
		if b[end] == '\\' {
			end++ // and whatever it escapes
			plain = false
		} else if b[end] >= utf8.RuneSelf {
			plain = false
		}
		end++
	}
	if end >= len(b) {
		return b, "", false
	}
	if plain {
		return b[end+1:], string(b[1:end]), true
	}
	err := json.Unmarshal(b[:end+1], &text)
	return b[end+1:], text, err == nil
}

func idLine(id heuristics.ProcessID) processID { return processID{int64(id.PID), id.StartTime} }

func (id processID) id() heuristics.ProcessID {
	return heuristics.ProcessID{PID: int32(id[0]), StartTime: id[1]} // checked by valid
}

func (id processID) valid() bool { return id[0] >= 0 && id[0] <= math.MaxInt32 }

func toLine(s *heuristics.Snapshot) tickLine {
	l := tickLine{
		At: s.At.Microseconds(), Time: s.Time.UTC(), Cores: s.Cores, Busy: s.Busy.Microseconds(),
		Processes: make([]processLine, len(s.Processes)),
	}
	for i := range s.Processes {
		p := &s.Processes[i]
		pl := processLine{
			ID: idLine(p.ID), User: p.User.Microseconds(), System: p.System.Microseconds(),
			Children: p.Children.Microseconds(), Resident: p.Resident, Read: p.ReadBytes, Write: p.WriteBytes,
			Moved: p.Transferred,
		}
		if in := p.Info; in != nil {
			pl.Info = &infoLine{Parent: idLine(in.Parent), Name: in.Name, Exe: in.Exe, User: in.User, Nice: in.Nice, Poses: in.PosesAsBrowser}
			if b := in.Browser; b != nil {
				pl.Info.Browser = &browserLine{Family: string(b.Family), Role: string(b.Role), Root: idLine(b.Root), Renderer: b.Renderer, Windowless: b.Windowless}
			}
		}
		for _, t := range p.Threads {
			pl.Threads = append(pl.Threads, threadLine{t.TID, t.Name, t.Run.Microseconds(), t.Wait.Microseconds()})
		}
		l.Processes[i] = pl
	}
	for _, id := range s.Exited {
		l.Exited = append(l.Exited, idLine(id))
	}
	for _, r := range s.Renderers {
		rl := rendererLine{ID: idLine(r.Process), Last: r.LastOrigin, User: string(r.User)}
		for _, f := range r.Frames {
			rl.Frames = append(rl.Frames, frameLine{f.Tab, f.Frame, f.Origin, f.TopOrigin, f.Hidden, f.Audible, f.Focused, f.FullScreen})
		}
		l.Renderers = append(l.Renderers, rl)
	}
	for _, g := range s.Gaps {
		l.Gaps = append(l.Gaps, gapLine{string(g.Kind), g.PID, g.Length.Microseconds()})
	}
	return l
}

// Caps of one line. A machine with more is recorded up to them.
const (
	maxProcesses = 200_000
	maxThreads   = 16_384
	maxFrames    = 4_096
	maxText      = 8_192
	maxCores     = 1 << 16
	// maxMicros keeps every time within a Duration, with room to subtract.
	maxMicros = math.MaxInt64 / int64(4*time.Microsecond)
)

var errRange = errors.New("a number is out of range")

// micros turns microseconds into a Duration and notes when they are out of range.
func micros(us int64, bad *bool) time.Duration {
	if us < 0 || us > maxMicros {
		*bad = true
		return 0
	}
	return time.Duration(us) * time.Microsecond
}

// snapshot checks every value of a line and returns it as a Snapshot.
func (l *tickLine) snapshot() (heuristics.Snapshot, error) {
	var bad bool
	s := heuristics.Snapshot{Time: l.Time, At: micros(l.At, &bad), Cores: l.Cores, Busy: micros(l.Busy, &bad)}
	if l.Cores < 1 || l.Cores > maxCores {
		return s, fmt.Errorf("%d cores", l.Cores)
	}
	if len(l.Processes) > maxProcesses || len(l.Exited) > maxProcesses || len(l.Renderers) > maxFrames || len(l.Gaps) > maxProcesses {
		return s, errors.New("more entries in one tick than minewatch writes")
	}
	s.Processes = make([]heuristics.ProcessSample, 0, len(l.Processes))
	for i := range l.Processes {
		p, err := l.Processes[i].sample(&bad)
		if err != nil {
			return s, err
		}
		s.Processes = append(s.Processes, p)
	}
	for _, id := range l.Exited {
		bad = bad || !id.valid()
		s.Exited = append(s.Exited, id.id())
	}
	for i := range l.Renderers {
		r, err := l.Renderers[i].renderer(&bad)
		if err != nil {
			return s, err
		}
		s.Renderers = append(s.Renderers, r)
	}
	for _, g := range l.Gaps {
		if len(g.Kind) > maxText {
			return s, errors.New("a text is too long")
		}
		s.Gaps = append(s.Gaps, heuristics.Gap{Kind: heuristics.GapKind(g.Kind), PID: g.PID, Length: micros(g.Length, &bad)})
	}
	if bad {
		return s, errRange
	}
	return s, nil
}

func (l *processLine) sample(bad *bool) (heuristics.ProcessSample, error) {
	p := heuristics.ProcessSample{
		ID: l.ID.id(), User: micros(l.User, bad), System: micros(l.System, bad), Children: micros(l.Children, bad),
		Resident: l.Resident, ReadBytes: l.Read, WriteBytes: l.Write,
		Transferred: l.Moved,
	}
	*bad = *bad || !l.ID.valid()
	if in := l.Info; in != nil {
		if len(in.Name) > maxText || len(in.Exe) > maxText || len(in.User) > maxText {
			return p, errors.New("a text is too long")
		}
		*bad = *bad || !in.Parent.valid()
		p.Info = &heuristics.ProcessInfo{Parent: in.Parent.id(), Name: in.Name, Exe: in.Exe, User: in.User, Nice: in.Nice, PosesAsBrowser: in.Poses}
		if b := in.Browser; b != nil {
			if len(b.Family) > maxText || len(b.Role) > maxText {
				return p, errors.New("a text is too long")
			}
			*bad = *bad || !b.Root.valid()
			p.Info.Browser = &heuristics.BrowserProcess{Family: heuristics.Family(b.Family), Role: heuristics.Role(b.Role), Root: b.Root.id(), Renderer: b.Renderer, Windowless: b.Windowless}
		}
	}
	if len(l.Threads) > maxThreads {
		return p, errors.New("more threads in one process than minewatch writes")
	}
	for _, t := range l.Threads {
		if len(t.Name) > maxText {
			return p, errors.New("a text is too long")
		}
		p.Threads = append(p.Threads, heuristics.ThreadSample{TID: t.TID, Name: t.Name, Run: micros(t.Run, bad), Wait: micros(t.Wait, bad)})
	}
	return p, nil
}

func (l *rendererLine) renderer(bad *bool) (heuristics.Renderer, error) {
	r := heuristics.Renderer{Process: l.ID.id(), LastOrigin: l.Last, User: heuristics.Presence(l.User)}
	*bad = *bad || !l.ID.valid()
	if len(l.Frames) > maxFrames || len(l.Last) > maxText || len(l.User) > maxText {
		return r, errors.New("more frames in one process than minewatch writes")
	}
	for _, f := range l.Frames {
		if len(f.Origin) > maxText || len(f.Top) > maxText {
			return r, errors.New("a text is too long")
		}
		r.Frames = append(r.Frames, heuristics.Frame{
			Tab: f.Tab, Frame: f.Frame, Origin: f.Origin, TopOrigin: f.Top, Hidden: f.Hidden, Audible: f.Audible,
			Focused: f.Focused, FullScreen: f.Full,
		})
	}
	return r, nil
}
