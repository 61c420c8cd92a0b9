package importer

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// number reads a figure with a decimal point or comma and marks between thousands; NaN for anything else, and for
// figures out of any range. A single comma is a decimal one: tools that write thousands add decimals.
func number(s string) float64 {
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%"))
	if !plain(s) {
		s = strings.NewReplacer("\u00a0", "", "\u202f", "", "'", "", "’", "").Replace(s)
		point, comma := strings.LastIndexByte(s, '.'), strings.LastIndexByte(s, ',')
		switch {
		case comma >= 0 && point > comma, strings.Count(s, ",") > 1 && point < 0:
			s = strings.ReplaceAll(s, ",", "")
		case point >= 0 && comma > point:
			s = strings.Replace(strings.ReplaceAll(s, ".", ""), ",", ".", 1)
		case comma >= 0:
			s = strings.Replace(s, ",", ".", 1)
		}
		if strings.ContainsAny(s, "xXpP_") { // numbers of programming languages are none of a log
			return math.NaN()
		}
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(x, 0) || math.Abs(x) > 1e15 {
		return math.NaN()
	}
	return x
}

// plain reports whether a text holds nothing but digits, points and signs.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// cpuTime reads the CPU time that a process used so far, in seconds: "0:05", "25:01.39", "240:00", "1-02:03:04",
// "22h10" and "1d04" (BusyBox), "10,5h" (top with little room), "00:01:02.5". NaN for anything else.
func cpuTime(s string) float64 {
	s = strings.TrimSpace(s)
	if len(s) > 1 {
		if unit, ok := map[byte]float64{'h': 3600, 'd': day, 'w': 7 * day}[s[len(s)-1]]; ok {
			return number(s[:len(s)-1]) * unit
		}
	}
	days, rest := 0.0, s
	for mark, units := range map[string][2]float64{"h": {3600, 60}, "d": {day, 3600}} {
		if big, small, ok := strings.Cut(s, mark); ok {
			return count(big)*units[0] + count(small)*units[1]
		}
	}
	if d, after, ok := strings.Cut(s, "-"); ok {
		days, rest = count(d), after
	}
	parts := strings.Split(rest, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return math.NaN()
	}
	if d, h, ok := strings.Cut(parts[0], "."); ok && len(parts) == 3 { // 1.02:03:04 of Windows
		days, parts[0] = count(d), h
	}
	sum := 0.0
	for i, p := range parts {
		x := count(p)
		if i == len(parts)-1 {
			x = number(p)
		}
		sum = sum*60 + x
	}
	if sum += days * day; !(sum >= 0) {
		return math.NaN()
	}
	return sum
}

// count reads a whole number; NaN for anything else.
func count(s string) float64 {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 40)
	if err != nil {
		return math.NaN()
	}
	return float64(n)
}

// pidOf reads a process id; ok is false for anything else.
func pidOf(s string) (int32, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
	return int32(n), err == nil && n >= 0
}

// bytesOf reads an amount in units of unit bytes, or with a suffix k, m, g or t; 0 for anything else.
func bytesOf(s string, unit float64) uint64 {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(s, "ib"), "b"), "+- ")
	if s == "" {
		return 0
	}
	if at := strings.IndexByte("kmgt", s[len(s)-1]); at >= 0 {
		s, unit = s[:len(s)-1], math.Pow(1024, float64(at+1))
	}
	x := number(s) * unit
	if !(x > 0) || x > 1e18 {
		return 0
	}
	return uint64(x)
}

// maxName bounds the name of a program in bytes.
const maxName = 64

// program returns the name of a program without its arguments: command lines hold file names and secrets.
func program(s string) string { return shortName(s, false) }

// names turns the commands of one block into the names of programs. A tool writes either all names or all command
// lines, and "Web Content" is a name while "python3 train.py" is a command line: lines remembers that one was seen.
func names(rows []row, lines *bool) {
	for i := range rows {
		*lines = *lines || isLine(rows[i].name)
	}
	for i := range rows {
		if rows[i].tid == 0 {
			rows[i].name = shortName(rows[i].name, *lines)
		}
	}
}

// maxComm is the longest name that Linux keeps of a program; only threads of the kernel have longer ones.
const maxComm = 15

// isLine reports whether a command can only be a command line: names neither begin like a path or in the brackets that
// mark a thread of the kernel among command lines, nor are they long.
func isLine(s string) bool {
	return strings.HasPrefix(s, "/") || strings.HasPrefix(s, "[") || strings.Contains(s, " -") ||
		(len(s) > maxComm && strings.Contains(s, " "))
}

func shortName(s string, line bool) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.TrimSpace(s))
	if !strings.HasPrefix(s, "[") && (line || strings.ContainsAny(s, "=\\") || isLine(s)) {
		s, _, _ = strings.Cut(s, " ")
		if at := strings.LastIndexAny(s, `/\`); at >= 0 && !strings.HasPrefix(s, "kworker/") && at < len(s)-1 {
			s = s[at+1:]
		}
	}
	if head, _, ok := strings.Cut(s, ": "); ok { // what a server writes over its name
		s = head
	}
	s = strings.ToValidUTF8(strings.TrimSuffix(s, ":"), "?")
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "")
	}
	if s == "" {
		return "(no name)"
	}
	return s
}

// indexOf returns the place of the first of some words in a list, -1 if none is there.
func indexOf(list []string, words ...string) int {
	for _, w := range words {
		for i, x := range list {
			if strings.EqualFold(x, w) {
				return i
			}
		}
	}
	return -1
}

// field returns one field, "" where there is none.
func field(list []string, at int) string {
	if at < 0 || at >= len(list) {
		return ""
	}
	return list[at]
}

// coresIn reads the number of processors from the first line of sysstat: "Linux 6.1 (host) 11/22/26 _x86_64_ (2 CPU)".
func coresIn(line string) int {
	open := strings.LastIndexByte(line, '(')
	if open < 0 {
		return 0
	}
	n, _, _ := strings.Cut(line[open+1:], " ")
	c, err := strconv.Atoi(n)
	if err != nil || c < 1 || c > maxCores {
		return 0
	}
	return c
}
