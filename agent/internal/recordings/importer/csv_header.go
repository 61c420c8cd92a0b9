package importer

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

func looksLikeCSV(head []string) bool {
	for _, l := range head[:min(len(head), 2)] {
		if f, err := split(l, separator(l)); err == nil && len(f) > 2 {
			c := columnsOf(f, csvWords)
			if c.has(colTime) && (c.has(colPID) || c.has(colName)) && (c.has(colPercent) || c.has(colCores)) {
				return true
			}
		}
	}
	return false
}

// isEmpty reports whether a cell says that there is no value.
func isEmpty(cell string) bool {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "", "-", "--", "nan", "null", "n/a", "na", "none", "undefined", "nil":
		return true
	}
	return false
}

// separator returns what parts the cells of a table, by its titles.
func separator(line string) rune {
	comma := ','
	for _, mark := range []string{";", "\t"} {
		if strings.Count(line, mark) > strings.Count(line, string(comma)) {
			comma = rune(mark[0])
		}
	}
	return comma
}

// split parts one line of a CSV.
func split(line string, comma rune) ([]string, error) {
	if !strings.Contains(line, `"`) {
		return strings.Split(line, string(comma)), nil
	}
	r := csv.NewReader(strings.NewReader(line))
	r.Comma = comma
	r.LazyQuotes = true
	r.FieldsPerRecord = -1
	return r.Read()
}

// header finds the columns.
func (c *csvReader) header(line string) error {
	c.comma = separator(line)
	f, err := split(line, c.comma)
	if err != nil {
		return c.fail("not the header of a CSV (%v); name the right format with --from", err)
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	c.head = f
	c.computer = -1
	single := map[string]*int{"time": &c.at, "process": &c.process, "pid": &c.pid, "rss": &c.rss, "computer": &c.computer}
	for _, what := range sortedKeys(single) {
		to := single[what]
		*to = indexOf(f, c.o.Columns[what])
		if name := c.o.Columns[what]; name == "" {
			*to = -1
		} else if *to < 0 {
			return c.fail("there is no column %q for %s; there are %s", name, what, shorten(f))
		}
	}
	several := map[string]*[]int{"cpu": &c.cpu, "seconds": &c.seconds, "host": &c.host, "idle": &c.idle}
	for _, what := range sortedKeys(several) {
		for name := range strings.SplitSeq(c.o.Columns[what], "|") {
			found := matching(f, strings.TrimSpace(name))
			if name != "" && len(found) == 0 {
				return c.fail("there is no column %q for %s; there are %s", name, what, shorten(f))
			}
			*several[what] = append(*several[what], found...)
		}
	}
	c.byTitles(f)
	switch {
	case len(c.cpu)+len(c.seconds)+len(c.host)+len(c.idle) == 0:
		return c.fail("say which column holds the CPU use (--columns time=NAME,cpu=NAME); there are %s", shorten(f))
	case c.at < 0 && c.o.Interval == 0:
		return c.fail("say which column holds the time (--columns time=NAME), or the time between two rows (--interval); there are %s", shorten(f))
	}
	if len(c.cpu) == 1 && c.process < 0 && c.pid < 0 && c.o.Process == "" {
		c.host, c.cpu = append(c.host, c.cpu...), nil // a load that no process is named for
	}
	if c.unit == unitUnknown {
		c.unit = c.unitOf()
	}
	c.use, c.machines = slices.Concat(c.cpu, c.seconds), slices.Concat(c.host, c.idle)
	c.needed = 1 + max(c.at, slices.Min(slices.Concat(c.use, c.machines)))
	return nil
}

// byTitles finds the columns that the options do not name.
func (c *csvReader) byTitles(f []string) {
	known := columnsOf(f, csvWords)
	if len(c.o.Columns) == 0 {
		c.at, c.process, c.pid, c.rss = known.at[colTime], known.at[colName], known.at[colPID], known.at[colResident]
		if known.has(colPercent) {
			c.cpu = []int{known.at[colPercent]}
		} else if known.has(colCores) {
			c.cpu = []int{known.at[colCores]}
		}
	}
	used := slices.Concat([]int{c.process}, c.cpu, c.host, c.idle)
	if at := known.at[colHost]; c.computer < 0 && at >= 0 && !slices.Contains(used, at) {
		c.computer = at
	}
}

// unitOf returns the unit that the titles of the columns of use agree on.
func (c *csvReader) unitOf() csvUnit {
	unit := unitUnknown
	for i, at := range slices.Concat(c.cpu, c.host, c.idle) {
		title, of := strings.ToLower(c.head[at]), unitUnknown
		switch {
		case strings.Contains(title, "millicore") || strings.Contains(title, "mcpu") || strings.HasSuffix(title, "(m)"):
			of = unitMilli
		case strings.Contains(title, "%") || strings.Contains(title, "percent") || strings.Contains(title, "pct") || strings.Contains(title, "pcpu"):
			of = unitPercent
		case strings.Contains(title, "cores"):
			of = unitCores
		}
		if i > 0 && of != unit {
			return unitUnknown
		}
		unit = of
	}
	return unit
}

// matching returns the places of a name, or of all that begin like a name with a "*" at its end.
func matching(head []string, name string) []int {
	begin, open := strings.CutSuffix(name, "*")
	if !open || begin == "" {
		if at := indexOf(head, name); at >= 0 && name != "" {
			return []int{at}
		}
		return nil
	}
	var out []int
	for i, h := range head {
		if strings.HasPrefix(strings.ToLower(h), strings.ToLower(begin)) {
			out = append(out, i)
		}
	}
	return out
}

func shorten(names []string) string {
	const most = 20
	var out []string
	for _, n := range names[:min(len(names), most)] {
		out = append(out, fmt.Sprintf("%.40q", n))
	}
	if len(names) > most {
		out = append(out, "…")
	}
	return strings.Join(out, ", ")
}
