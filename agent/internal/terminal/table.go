package terminal

import "strings"

// columns says which columns the table has, and how wide those are that change.
type columns struct {
	name, spark              int
	cores, share, like, busy bool
}

// The widths of the columns that never change, with the gap before them.
const (
	cursorWidth  = 2
	coresWidth   = 1 + 5
	shareWidth   = 1 + 5
	verdictWidth = 2 + 19
	likeWidth    = 1 + 4
	busyWidth    = 2 + 6
	nameLeast    = 16
	nameMost     = 48
)

// columnsFor chooses the columns for a width: who and the verdict always, then how much, how sure, for how long, and
// the past as far as there is room.
func columnsFor(w int) columns {
	c := columns{name: w - cursorWidth - verdictWidth}
	take := func(width, leave int) bool {
		if c.name-width < leave {
			return false
		}
		c.name -= width
		return true
	}
	c.cores = take(coresWidth, 10)
	c.like = c.cores && take(likeWidth, nameLeast)
	c.share = c.like && take(shareWidth, nameLeast)
	c.busy = c.share && take(busyWidth, nameLeast)
	if c.busy {
		for _, s := range [][2]int{{60, 24}, {30, 22}, {20, 20}, {12, nameLeast}} {
			if take(2+s[0], s[1]) {
				c.spark = s[0]
				break
			}
		}
	}
	c.name = max(1, min(c.name, nameMost))
	return c
}

// table draws the heading and as many rows as fit n lines, around the selected one.
func (m *model) table(w, n int) []string {
	if len(m.rows) == 0 {
		return m.emptyTable(w)
	}
	c := columnsFor(w)
	lines := []string{m.style.title.Render(clip(heading(c), w))}
	n = max(n, 2)
	show := min(len(m.rows), n-1)
	if len(m.rows) > show && show > 1 {
		show-- // a line for "more"
	}
	first := max(0, min(m.at-show/2, len(m.rows)-show))
	keys := make([]string, len(m.rows))
	for i := range m.rows {
		keys[i] = m.rows[i].key
	}
	top := m.past.peak(keys)
	for i := first; i < first+show; i++ {
		lines = append(lines, m.line(c, &m.rows[i], i == m.at, top, w))
	}
	above, below := first, len(m.rows)-first-show
	if hidden := above + below; hidden > 0 && len(lines) < n {
		where := "below"
		switch {
		case below == 0:
			where = "above"
		case above > 0:
			where = "above and below"
		}
		lines = append(lines, clip("  … "+count(hidden, "more row")+" "+where, w))
	}
	return lines
}

func (m *model) emptyTable(w int) []string {
	switch {
	case m.link == lost:
		return wrap("", "Nothing is being watched.", w)
	case m.live == nil:
		return wrap("", "Waiting for the first measurement.", w)
	case sane(m.live.Machine, 100) >= 30:
		return wrap("", "Busy, but nothing stands out: many small programs, or those of other users.", w)
	default:
		return wrap("", "Nothing keeps this computer busy. That is normal.", w)
	}
}

func heading(c columns) string {
	title := "SITE OR PROGRAM"
	if c.name < len(title) {
		title = "NAME"
	}
	s := strings.Repeat(" ", cursorWidth) + left(title, c.name)
	if c.cores {
		s += right("CORES", coresWidth)
	}
	if c.share {
		s += right("CPU", shareWidth)
	}
	if c.spark > 0 {
		s += "  " + left("LAST MINUTE", c.spark)
	}
	if c.like {
		s += "  " + left("VERDICT", verdictWidth+likeWidth-2-len("MINING-LIKE")) + "MINING-LIKE"
	} else {
		s += "  VERDICT"
	}
	if c.busy {
		s += right("BUSY", busyWidth)
	}
	return s
}

// line draws one row. The selected one begins with a sign, for those who see no colours.
func (m *model) line(c columns, r *row, chosen bool, top float64, w int) string {
	who := "  " + left(label(&r.about), c.name)
	if chosen {
		who = "▸ " + left(label(&r.about), c.name)
	}
	use := ""
	if c.cores {
		use += right(cores(r.about.Cores), coresWidth)
	}
	if c.share {
		use += right(percent(r.about.MachinePercent), shareWidth)
	}
	if c.spark > 0 {
		use += "  " + m.past.spark(m.past.points[r.key], c.spark, top)
	}
	verdict, rest := left(r.verdict(), verdictWidth-2), ""
	if c.like {
		rest += right(likeness(r.about.Confidence), likeWidth)
	}
	if c.busy {
		rest += right(span(r.about.Busy), busyWidth)
	}
	use += "  "
	if all := who + use + verdict + rest; cells(all) > w {
		return clip(all, w)
	}
	if chosen {
		who = m.style.chosen.Render(who)
	}
	if r.open != nil {
		verdict = m.style.of(r.about.Severity).Render(verdict)
	}
	return who + use + verdict + rest
}
