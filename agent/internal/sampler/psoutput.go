package sampler

import (
	"bytes"
	"math"
	"time"
)

// psColumns are the columns that parsePSLine reads, in this order.
//
// One -o for each, because in POSIX the empty header after "=" reaches to the end of the argument. ucomm is the
// kernel's own name of the program, at most 16 bytes; comm would be argv[0], for which ps copies the arguments out of
// every process, and which the process chooses.
func psColumns() []string { return []string{"pid", "ppid", "uid", "time", "lstart", "ucomm"} }

// psProcess is one line of ps.
type psProcess struct {
	pid, parent int32
	// uid is the effective user, negative for users such as nobody on macOS.
	uid int64
	// cpu is user and system time of all threads.
	cpu time.Duration
	// start is when it started, in milliseconds since 1970; ps tells whole seconds.
	start int64
	// name is hostile text and points into the line.
	name []byte
}

// parsePSLine reads the columns of psColumns as ps writes them in the C locale and UTC. A line that does not hold all
// of them gives false; then pid is set if at least that was readable.
func parsePSLine(line []byte) (p psProcess, ok bool) {
	line = bytes.TrimRight(line, "\r\n")
	field := func() (f []byte) {
		line = bytes.TrimLeft(line, " \t")
		end := bytes.IndexAny(line, " \t")
		if end < 0 {
			end = len(line)
		}
		f, line = line[:end], line[end:]
		return f
	}
	pid, ok := parseDigits(field(), math.MaxInt32)
	if !ok || pid == 0 {
		return psProcess{}, false
	}
	p.pid = int32(pid)
	parent, ok1 := parseDigits(field(), math.MaxInt32)
	uid, ok2 := parsePSUser(field())
	cpu, ok3 := parsePSTime(field())
	start, ok4 := parsePSStart([5][]byte{field(), field(), field(), field(), field()})
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return p, false
	}
	p.parent, p.uid, p.cpu, p.start, p.name = int32(parent), uid, cpu, start, bytes.TrimSpace(line)
	return p, true
}

// parsePSUser reads a uid, which macOS prints as a signed number.
func parsePSUser(b []byte) (int64, bool) {
	digits, negative := bytes.CutPrefix(b, []byte("-"))
	n, ok := parseDigits(digits, math.MaxUint32)
	if negative {
		n = -n
	}
	return n, ok
}

// parsePSTime reads a CPU time: minutes, seconds and hundredths ("1234:05.67") on macOS, hours, minutes and seconds,
// with days before them if there are any ("2-03:04:05"), as POSIX has it.
func parsePSTime(b []byte) (time.Duration, bool) {
	const most = int64(math.MaxInt64 / 4 / time.Second)
	var days int64
	if d, rest, found := bytes.Cut(b, []byte("-")); found {
		var ok bool
		if days, ok = parseDigits(d, most/(24*60*60)); !ok {
			return 0, false
		}
		b = rest
	}
	var fraction time.Duration
	if at := bytes.IndexAny(b, ".,"); at >= 0 {
		digits := b[at+1:]
		n, ok := parseDigits(digits, 999_999)
		if !ok {
			return 0, false
		}
		fraction = time.Duration(n) * time.Second
		for range digits {
			fraction /= 10
		}
		b = b[:at]
	}
	var total int64
	parts := 0
	for more := true; more; parts++ {
		var part []byte
		part, b, more = bytes.Cut(b, []byte(":"))
		limit := most
		if parts > 0 {
			limit = 59
		}
		n, ok := parseDigits(part, limit)
		if !ok || total > most/60 {
			return 0, false
		}
		total = total*60 + n
	}
	if parts < 2 || parts > 3 {
		return 0, false
	}
	return time.Duration(days*24*60*60+total)*time.Second + fraction, true
}

// parsePSStart reads a time like "Sun Nov  2 15:42:20 2026" and returns it in milliseconds since 1970. The day of the
// week is not looked at.
func parsePSStart(f [5][]byte) (int64, bool) {
	month := bytes.Index([]byte("JanFebMarAprMayJunJulAugSepOctNovDec"), f[1])
	clock := f[3]
	if len(f[0]) == 0 || len(f[1]) != 3 || month < 0 || month%3 != 0 || len(clock) != 8 || clock[2] != ':' || clock[5] != ':' {
		return 0, false
	}
	day, ok1 := parseDigits(f[2], 31)
	hour, ok2 := parseDigits(clock[:2], 23)
	minute, ok3 := parseDigits(clock[3:5], 59)
	second, ok4 := parseDigits(clock[6:], 60) // a leap second
	year, ok5 := parseDigits(f[4], 9999)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || day == 0 || year < 1970 {
		return 0, false
	}
	at := time.Date(int(year), time.Month(month/3+1), int(day), int(hour), int(minute), int(second), 0, time.UTC)
	return at.UnixMilli(), true
}

// parseDigits reads a number between 0 and limit, which is at most MaxInt64/10-1.
func parseDigits(b []byte, limit int64) (int64, bool) {
	if len(b) == 0 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + int64(c-'0'); n > limit {
			return 0, false
		}
	}
	return n, true
}
