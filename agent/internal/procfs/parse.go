package procfs

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// maxTicks keeps a sum of four times within a Duration.
const maxTicks = math.MaxInt64 / int64(Tick) / 4

// fields walks over words between spaces without allocating.
type fields struct{ rest []byte }

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' }

// next returns the next word, nil at the end.
func (f *fields) next() []byte {
	i := 0
	for i < len(f.rest) && isSpace(f.rest[i]) {
		i++
	}
	end := i
	for end < len(f.rest) && !isSpace(f.rest[end]) {
		end++
	}
	word := f.rest[i:end]
	f.rest = f.rest[end:]
	return word
}

// skip passes over n words.
func (f *fields) skip(n int) {
	for range n {
		f.next()
	}
}

// number reads a number from 0 to most.
func number(b []byte, most int64) (int64, bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' || n > (math.MaxInt64-9)/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n <= most
}

// signed reads a number between -most and most.
func signed(b []byte, most int64) (int64, bool) {
	digits, negative := bytes.CutPrefix(b, []byte("-"))
	n, ok := number(digits, most)
	if negative {
		n = -n
	}
	return n, ok
}

// ParseStat reads /proc/PID/stat. The name in field 2 may hold anything, also ")" and line ends, so it ends at the last
// bracket.
func ParseStat(b []byte) (Stat, error) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 1 || end < open {
		return Stat{}, ErrMalformed
	}
	pid, ok := number(bytes.TrimRight(b[:open], " "), math.MaxInt32)
	if !ok {
		return Stat{}, ErrMalformed
	}
	f := fields{b[end+1:]}
	state := f.next() // field 3
	parent, ok := number(f.next(), math.MaxInt32)
	if !ok || len(state) != 1 {
		return Stat{}, ErrMalformed
	}
	f.skip(14 - 5)
	var times [4]time.Duration
	for i := range times { // fields 14 to 17
		n, ok := signed(f.next(), maxTicks) // those of the children are signed in the kernel
		if !ok {
			return Stat{}, ErrMalformed
		}
		times[i] = time.Duration(max(0, n)) * Tick
	}
	f.skip(1)                          // the kernel's own priority
	nice, ok1 := signed(f.next(), 100) // field 19
	threads, ok2 := number(f.next(), math.MaxInt32)
	f.skip(1)
	started, ok3 := number(f.next(), math.MaxInt64) // field 22
	if !ok1 || !ok2 || !ok3 {
		return Stat{}, ErrMalformed
	}
	f.skip(1)
	resident, ok := signed(f.next(), math.MaxInt64/(64<<10)) // field 24; pages are of at most 64 KiB
	if !ok {
		resident = 0
	}
	return Stat{
		PID: int32(pid), Parent: int32(parent), Name: string(b[open+1 : end]), State: state[0],
		User: times[0], System: times[1], Children: times[2] + times[3],
		Nice: int(nice), Threads: int(threads), Started: started, Resident: max(0, resident),
	}, nil
}

// ParseOwner reads the real uid from /proc/PID/status, in which a line end in the name is escaped by the kernel.
func ParseOwner(b []byte) (uid uint32, err error) {
	for line := range bytes.Lines(b) {
		rest, ok := bytes.CutPrefix(line, []byte("Uid:"))
		if !ok {
			continue
		}
		f := fields{rest}
		n, ok := number(f.next(), math.MaxUint32)
		if !ok || len(f.next()) == 0 {
			return 0, ErrMalformed
		}
		return uint32(n), nil
	}
	return 0, ErrMalformed
}

// ParseIO reads /proc/PID/io; lines that are not understood count as nothing.
func ParseIO(b []byte) IO {
	var out IO
	for line := range bytes.Lines(b) {
		key, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		n, err := strconv.ParseUint(string(value), 10, 64)
		if err != nil || n > math.MaxInt64/4 {
			continue
		}
		switch string(key) {
		case "rchar", "wchar":
			out.Transferred += n
		case "read_bytes":
			out.Read = n
		case "write_bytes":
			out.Written = n
		}
	}
	return out
}

// ParseSchedstat reads /proc/PID/task/TID/schedstat: how long the thread has run, and how long it was ready to run with
// no core free.
func ParseSchedstat(b []byte) (run, wait time.Duration, err error) {
	f := fields{b}
	r, ok1 := number(f.next(), math.MaxInt64)
	w, ok2 := number(f.next(), math.MaxInt64)
	if !ok1 || !ok2 {
		return 0, 0, ErrMalformed
	}
	return time.Duration(r), time.Duration(w), nil
}

// ParseBusy adds user, nice and system time in the first line of /proc/stat: the CPU time of processes on all cores,
// neither idle, waiting for I/O, taken by the hypervisor nor spent on interrupts.
func ParseBusy(b []byte) (time.Duration, error) {
	f := fields{b}
	if string(f.next()) != "cpu" {
		return 0, ErrMalformed
	}
	var sum time.Duration
	for range 3 {
		n, ok := number(f.next(), maxTicks)
		if !ok {
			return 0, ErrMalformed
		}
		sum += time.Duration(n) * Tick
	}
	return sum, nil
}

// ParseLoad reads /proc/loadavg ("0.20 0.18 0.12 1/80 11206\n").
func ParseLoad(b []byte) (Load, error) {
	line, whole := bytes.CutSuffix(b, []byte("\n"))
	at := bytes.LastIndexByte(line, ' ')
	if !whole || at < 0 {
		return Load{}, ErrMalformed
	}
	pid, ok := number(line[at+1:], math.MaxInt32)
	if !ok || pid == 0 {
		return Load{}, ErrMalformed
	}
	return Load{LastPID: int32(pid)}, nil
}

// appendNumbers appends the names that are numbers among raw linux_dirent64 entries: inode and offset (8 bytes each),
// length of the entry (2), type (1), name with a NUL at the end.
func appendNumbers(to []int32, entries []byte) []int32 {
	const nameAt = 19
	for len(entries) > nameAt {
		length := int(entries[16]) | int(entries[17])<<8
		if length <= nameAt || length > len(entries) {
			return to
		}
		name, _, ended := bytes.Cut(entries[nameAt:length], []byte{0})
		if n, ok := number(name, math.MaxInt32); ok && ended && n > 0 {
			to = append(to, int32(n))
		}
		entries = entries[length:]
	}
	return to
}
