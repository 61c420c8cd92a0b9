package importer

import (
	"regexp"
	"strings"
)

// prefix is what stands before every line of a log that went through another program.
type prefix struct {
	// form matches it; its groups are the time and the computer.
	form *regexp.Regexp
	// width is the length in bytes of a prefix that has no form but is the same in each line, but for digits.
	width int
	text  string
}

// prefixForms are those of programs that many logs go through: the groups are the time and the computer.
var prefixForms = []*regexp.Regexp{ //nolint:gochecknoglobals // a table that nothing changes
	// journalctl and syslog: "Nov 16 10:00:01 web1 top[4123]: "
	regexp.MustCompile(`^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?) ([^\s:]+) [^\s:\[]+(?:\[\d+\])?:(?: |$)`),
	// journalctl -o short-iso and rsyslog: "2026-11-16T10:00:01+0100 web1 top[4123]: "
	regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) ([^\s:]+) [^\s:\[]+(?:\[\d+\])?:(?: |$)`),
	// docker logs -t and kubectl logs --timestamps: "2026-11-25T10:00:00.123456789Z "
	regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:?\d\d))()(?: |$)`),
	// docker compose logs: "web-1  | "
	regexp.MustCompile(`^()()[\w.-]+ +\|(?: |$)`),
	// ts of moreutils: "Nov 25 10:00:00 "
	regexp.MustCompile(`^([A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d(?:\.\d+)?)()(?: |$)`),
}

// prefixOf returns what all of some lines begin with. The last may be cut.
func prefixOf(head []string) prefix {
	const least = 4 // fewer lines may be alike by chance
	var full []string
	for _, l := range head[:max(0, len(head)-1)] {
		if strings.TrimSpace(l) != "" {
			full = append(full, l)
		}
	}
	if len(full) < least {
		return prefix{}
	}
	for _, form := range prefixForms {
		all := true
		for _, l := range full {
			all = all && form.MatchString(l)
		}
		if all {
			return prefix{form: form}
		}
	}
	common := digitsAlike(full[0])
	for _, l := range full[1:] {
		common = common[:sharedLength(common, digitsAlike(l))]
	}
	for _, end := range []string{": ", "> ", "| ", "] "} {
		if at := strings.LastIndex(common, end); at >= 0 && !strings.ContainsAny(common[:at], `,;{"\`) {
			return prefix{width: at + len(end), text: common[:at+len(end)]}
		}
	}
	return prefix{}
}

// cut takes the prefix off a line and returns what it says of time and computer.
func (p *prefix) cut(line string) (rest, at, host string) {
	switch {
	case p.form != nil:
		if m := p.form.FindStringSubmatch(line); m != nil {
			return line[len(m[0]):], m[1], m[2]
		}
	case p.width == 0:
	case len(line) >= p.width && digitsAlike(line[:p.width]) == p.text:
		return line[p.width:], "", ""
	case digitsAlike(line) == strings.TrimRight(p.text, " "):
		return "", "", ""
	}
	return line, "", ""
}

// digitsAlike returns a text with the same digit for all.
func digitsAlike(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, s)
}

func sharedLength(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// escape is a sequence that moves the cursor or colours: docker stats and top in a terminal's copy have them.
var escape = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\^_()][0-9A-B]?)")

func withoutEscapes(s string) string {
	if !strings.Contains(s, "\x1b") {
		return s
	}
	return strings.ReplaceAll(escape.ReplaceAllString(s, ""), "\x1b", "")
}
