package words

import (
	"strings"
	"unicode"
)

const (
	// maxName bounds a name in runes: no host name anybody reads is longer.
	maxName = 80
	// maxSentence bounds a sentence from outside in runes.
	maxSentence = 240
	// maxText bounds some sentences in runes, such as an error that names three files and what to do.
	maxText = 1000
	// maxValue bounds a string in JSON in runes: as many as a path has bytes at most on Linux.
	maxValue = 4096
	// maxMarks bounds the marks stacked on one letter; the most that a living script needs is three.
	maxMarks = 3
)

// Clean makes a name from outside fit to be shown in a line of text: no control characters, no characters that turn
// the direction of the text or are invisible, no line breaks, no stacks of accents, valid UTF-8, one space at a time,
// and at most 80 characters, the last of which is "…" when there were more.
func Clean(s string) string { return cleanTo(s, maxName) }

// CleanSentence is Clean with room for a sentence, such as what a rule says: 240 characters.
func CleanSentence(s string) string { return cleanTo(s, maxSentence) }

// CleanText is Clean with room for some sentences: 1,000 characters.
func CleanText(s string) string { return cleanTo(s, maxText) }

// CleanError is CleanText for the text of an error: several errors in one stand after each other, with a semicolon
// between.
func CleanError(err error) string {
	return CleanText(strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
}

func cleanTo(s string, limit int) string {
	out := make([]rune, 0, min(limit, len(s)))
	marks, space := 0, false
	for _, r := range s { // a broken byte arrives as U+FFFD, which is shown
		if unicode.IsSpace(r) || unicode.Is(unicode.Z, r) {
			space = true
			continue
		}
		if !shows(r) {
			continue
		}
		if !unicode.Is(unicode.M, r) {
			marks = 0
		} else if marks++; marks > maxMarks || len(out) == 0 {
			continue // a mark with nothing to stand on would land on our own text
		}
		if space && len(out) > 0 {
			out = append(out, ' ')
		}
		space = false
		if out = append(out, r); len(out) > limit {
			return string(append(out[:limit-1], '…'))
		}
	}
	return string(out)
}

// shows reports whether a character shows as itself and does nothing else. Those that do not: controls (ESC and the C1
// ones start a terminal's commands), marks that turn the direction of the text, and what has no width or no ink.
func shows(r rune) bool { return unicode.IsPrint(r) && !blank(r) }

// blank reports letters and signs that print as nothing: Hangul fillers, the Khmer inherent vowels, the blank Braille
// pattern, variation selectors and the grapheme joiner. A name of such characters would look like no name.
func blank(r rune) bool {
	switch r {
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0:
		return true
	}
	return unicode.Is(unicode.Variation_Selector, r)
}

// Markup escapes text for the body of a notification that is shown by a server with the capability "body-markup".
func Markup(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(s)
}
