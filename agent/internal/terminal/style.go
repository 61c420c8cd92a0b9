package terminal

import (
	"runtime"

	"github.com/minewatch/minewatch/agent/api"
)

// look sets a piece of text off: the parameters of the escape sequence that selects how text is shown (ECMA-48), "" for
// plain. Colours only repeat what a word or a sign says, and come from the sixteen that the user's own theme defines.
type look string

// Render returns the text with the look, which ends with the text.
func (l look) Render(text string) string {
	if l == "" || text == "" {
		return text
	}
	return "\x1b[" + string(l) + "m" + text + "\x1b[0m"
}

// style is how the view sets things off.
type style struct {
	title, good, bad, warn, chosen look
}

// newStyle returns the styles for a terminal, none where it may not be sent any.
func newStyle(coloured bool) style {
	if !coloured {
		return style{}
	}
	return style{title: "1", good: "32", bad: "1;31", warn: "1;33", chosen: "7"}
}

// colours reports whether a terminal of this environment may be sent looks: it knows escapes, and its user has not set
// NO_COLOR (no-color.org). The terminal itself is never asked: one that does not answer would be waited for, and the
// answer of another would arrive among the keys.
func colours(getenv func(string) string) bool {
	term := getenv("TERM")
	return getenv("NO_COLOR") == "" && term != "dumb" && (term != "" || runtime.GOOS == "windows")
}

// of returns the style of a severity.
func (s style) of(severity api.Severity) look {
	if severity == miningLike {
		return s.bad
	}
	return s.warn
}
