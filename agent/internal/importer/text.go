package importer

import (
	"math"
	"path"
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
func program(s string) string {
	s = strings.TrimSpace(s)
	kernel := strings.HasPrefix(s, "[") // a thread of the kernel, as top -c writes it
	if !kernel && (strings.ContainsAny(s, "/=\\") || strings.Contains(s, " -")) {
		s, _, _ = strings.Cut(s, " ")
		s = path.Base(strings.ReplaceAll(s, `\`, "/"))
	}
	if head, _, ok := strings.Cut(s, ": "); ok {
		s = head
	}
	s = strings.TrimSuffix(s, ":")
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
