package terminal

import (
	"io"

	"github.com/charmbracelet/lipgloss"

	"github.com/minewatch/minewatch/agent/api"
)

// style is how the view sets things off. Colours only repeat what a word or a sign says, come from the sixteen that the
// user's own theme defines, and are left out where NO_COLOR is set.
type style struct {
	title, good, bad, warn, chosen lipgloss.Style
}

// newStyle returns the styles for a terminal. It asks the environment, never the terminal, whose answer would arrive
// among the keys.
func newStyle(out io.Writer) style { return styleOf(lipgloss.NewRenderer(out)) }

func styleOf(r *lipgloss.Renderer) style {
	return style{
		title:  r.NewStyle().Bold(true),
		good:   r.NewStyle().Foreground(lipgloss.Color("2")),
		bad:    r.NewStyle().Bold(true).Foreground(lipgloss.Color("1")),
		warn:   r.NewStyle().Bold(true).Foreground(lipgloss.Color("3")),
		chosen: r.NewStyle().Reverse(true),
	}
}

// of returns the style of a severity.
func (s style) of(severity api.Severity) lipgloss.Style {
	if severity == miningLike {
		return s.bad
	}
	return s.warn
}
