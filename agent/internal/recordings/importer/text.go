package importer

import (
	"math"
	"strconv"
	"strings"
)

// number reads a figure with a decimal point or comma; NaN for anything else, and for figures out of any range.
func number(s string) float64 {
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%"))
	if strings.Count(s, ",") == 1 && !strings.Contains(s, ".") {
		s = strings.Replace(s, ",", ".", 1)
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(x, 0) || math.Abs(x) > 1e15 {
		return math.NaN()
	}
	return x
}

// pidOf reads a process id; ok is false for anything else.
func pidOf(s string) (int32, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
	return int32(n), err == nil && n >= 0
}

// bytesOf reads an amount in units of unit bytes, or with a suffix k, m, g or t; 0 for anything else.
func bytesOf(s string, unit float64) uint64 {
	s = strings.ToLower(strings.TrimSpace(s))
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
	s = strings.TrimSpace(s)
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
