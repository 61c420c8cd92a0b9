package terminal

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// runeCells returns how many columns a terminal gives to a rune. Terminals disagree about clusters (flags, emoji with a
// skin tone, Indic syllables), so each rune counts by itself and in doubt for more: a line may come out short, but it
// never wraps.
func runeCells(r rune) int {
	switch {
	case r < ' ', r == 0x7F:
		return 0
	case r < 0x7F:
		return 1
	case r >= 0x1F1E6 && r <= 0x1F1FF: // half a flag: drawn alone it is wide
		return 2
	}
	// Not the package's default, which changes with the locale: few terminals still draw "·" and "▁" wide.
	narrow := runewidth.Condition{StrictEmojiNeutral: true}
	return narrow.RuneWidth(r)
}

// cells returns how many columns a string without control characters takes.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

// clip cuts a string to at most n columns; "…" stands for what was cut.
func clip(s string, n int) string {
	if cells(s) <= n {
		return s
	}
	if n <= 0 {
		return ""
	}
	used := 0
	for i, r := range s {
		if used += runeCells(r); used > n-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// left fits a string into exactly n columns, flush left; right does so flush right.
func left(s string, n int) string {
	s = clip(s, n)
	return s + strings.Repeat(" ", max(0, n-cells(s)))
}

func right(s string, n int) string {
	s = clip(s, n)
	return strings.Repeat(" ", max(0, n-cells(s))) + s
}

// wrap breaks text into lines of at most width columns. The first begins with lead, the others are indented by as much.
// A word that fits no line is cut into pieces.
func wrap(lead, text string, width int) []string {
	indent := strings.Repeat(" ", cells(lead))
	room := width - len(indent)
	if room < 1 {
		return []string{clip(lead+text, width)}
	}
	var lines []string
	line := ""
	flush := func() {
		if len(lines) == 0 {
			lines = append(lines, lead+line)
		} else {
			lines = append(lines, indent+line)
		}
		line = ""
	}
	const noBreak = "\u00a0" // keeps a figure and its percent sign together
	text = strings.ReplaceAll(strings.Join(strings.Fields(text), " "), " %", noBreak+"%")
	for word := range strings.SplitSeq(text, " ") {
		word = strings.ReplaceAll(word, noBreak, " ")
		if line != "" && cells(line)+1+cells(word) > room {
			flush()
		}
		for cells(word) > room {
			n := pieceOf(word, room)
			line, word = word[:n], word[n:]
			flush()
		}
		switch {
		case word == "":
		case line == "":
			line = word
		default:
			line += " " + word
		}
	}
	if line != "" || len(lines) == 0 {
		flush()
	}
	return lines
}

// pieceOf returns the length in bytes of the longest beginning of a word that fits n columns, at least one rune.
func pieceOf(word string, n int) int {
	used := 0
	for i, r := range word {
		if used += runeCells(r); used > n && i > 0 {
			return i
		}
	}
	return len(word)
}

// ascii rewrites a view for terminals that can only show ASCII, column by column.
func ascii(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r < 0x7F:
			b.WriteRune(r)
		case r >= '▁' && r <= '█':
			b.WriteByte("_.,-=+*#"[r-'▁'])
		case r == '▸':
			b.WriteByte('>')
		case r == '·':
			b.WriteByte('-')
		case r == '…':
			b.WriteByte('~')
		case r == '×':
			b.WriteByte('x')
		case unicode.IsControl(r):
		default:
			b.WriteString(strings.Repeat("?", runeCells(r)))
		}
	}
	return b.String()
}
