package importer

import (
	"encoding/json"
	"math"
	"regexp"
	"strings"
)

var (
	containerRow = regexp.MustCompile(`(?i)\b[0-9a-f]{12,64}\b.*\d%`)
	manyBlanks   = regexp.MustCompile(`\t+| {2,}`)
)

func looksLikeDocker(head []string) bool {
	return anyLine(head, func(l string) bool {
		if strings.HasPrefix(l, "{") {
			return strings.Contains(l, `"CPUPerc"`) || strings.Contains(l, `"cpu_percent"`)
		}
		if _, ok := containerTitles(l); ok {
			return true
		}
		return containerRow.MatchString(l) && strings.Contains(l, "B / ")
	})
}

// containerColumns are the places of what is known in the table of `docker stats`, `podman stats` or `kubectl top`.
type containerColumns struct{ id, name, use int }

// containerTitles reads the titles of such a table.
func containerTitles(line string) (containerColumns, bool) {
	f := manyBlanks.Split(strings.TrimSpace(line), -1)
	if len(f) < 3 {
		f = strings.Fields(line)
	}
	c := containerColumns{indexOf(f, "CONTAINER ID", "CONTAINER", "ID"), indexOf(f, "NAME"), indexOf(f, "CPU %", "CPU%", "CPU PERC", "CPU(cores)")}
	return c, c.use >= 0 && (c.name >= 0 || c.id >= 0) && indexOf(f, "PID", "MEMORY%") < 0
}

// docker reads `docker stats`, again and again or as a stream, as a table or a line of JSON a container: a container is
// the subject, 100 % is one core.
type docker struct {
	*log
	cols   containerColumns
	titled bool
	timer  timer
	now    block
	seen   map[string]bool
	prefix string
}

func newDocker(l *log) *docker {
	return &docker{log: l, timer: newTimer(), now: newBlock(0), seen: map[string]bool{}}
}

func (d *docker) line(line string) error {
	text := strings.TrimSpace(line)
	if d.in.at != "" && d.in.at != d.prefix {
		d.prefix = d.in.at
		if at, ok := d.sometime(d.in.at); ok && len(d.now.rows) == 0 {
			d.timer.at = at
		}
	}
	if text == "" {
		return nil
	}
	if strings.HasPrefix(text, "{") {
		return d.object(text)
	}
	if c, ok := containerTitles(text); ok {
		d.cols, d.titled = c, true
		return nil
	}
	if !strings.Contains(text, "%") && !d.titled || d.titled && len(strings.Fields(text)) < 3 || !strings.ContainsAny(text, "%") && strings.Count(text, ":") >= 2 {
		if at, ok := d.sometime(text); ok {
			err := d.finish()
			d.timer.at = at
			return err
		}
		d.note("line %d is no row of docker stats and was left out: %.40q", d.in.n, text)
		return nil
	}
	return d.row(text)
}

// object reads a line of JSON.
func (d *docker) object(text string) error {
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return d.fail("not a line of JSON (%q); is the line broken? Take it out", err.Error())
	}
	get := func(keys ...string) string {
		for _, k := range keys {
			if s, ok := o[k].(string); ok && s != "" {
				return s
			}
		}
		return ""
	}
	return d.container(get("Container", "ID", "id"), get("Name", "name"), get("CPUPerc", "cpu_percent"))
}

// row reads a row of a table. One without titles has the figures of docker's own order: those of CPU and of memory are
// percentages, and that of memory is what its use and its limit say.
func (d *docker) row(text string) error {
	f := manyBlanks.Split(text, -1)
	switch {
	case len(f) == 1 && strings.ContainsAny(text, ",;"):
		f = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' })
	case len(f) < 3:
		f = strings.Fields(text)
	}
	if d.titled {
		if d.cols.use >= len(f) {
			return d.fail("not a row of docker stats: %.40q; is the line broken? Take it out", text)
		}
		return d.container(field(f, d.cols.id), field(f, d.cols.name), f[d.cols.use])
	}
	memory, use, id, name := math.NaN(), -1, "", ""
	for _, cell := range f {
		if a, b, ok := strings.Cut(cell, " / "); ok && math.IsNaN(memory) {
			memory = 100 * float64(bytesOf(a, 1)) / float64(bytesOf(b, 1))
		}
	}
	var percents []int
	for i, cell := range f {
		switch {
		case strings.HasSuffix(cell, "%"):
			percents = append(percents, i)
		case id == "" && containerID.MatchString(cell):
			id = cell
		case name == "" && !isNumber(cell) && !strings.Contains(cell, " / ") && i < 3:
			name = cell
		}
	}
	for _, i := range percents {
		if isMemory := math.Abs(number(f[i])-memory) < 0.06+0.01*memory; use < 0 && (!isMemory || len(percents) == 1) {
			use = i
		}
	}
	if use < 0 {
		return d.fail("not a row of docker stats: %.40q; is the line broken? Take it out", text)
	}
	return d.container(id, name, f[use])
}

var containerID = regexp.MustCompile(`^[0-9a-f]{12,64}$`)

// container enters what a container used.
func (d *docker) container(id, name, use string) error {
	if name == "" {
		name = id
	}
	if id == "" {
		id = name
	}
	if d.seen[id] {
		if err := d.finish(); err != nil {
			return err
		}
	}
	if math.IsNaN(d.timer.at) && d.prefix != "" && len(d.now.rows) == 0 {
		if at, ok := d.sometime(d.prefix); ok {
			d.timer.at = at
		}
	}
	d.seen[id] = true
	if isEmpty(strings.TrimSuffix(use, "%")) {
		return nil // it does not run
	}
	cores := number(use) / 100
	if milli, ok := strings.CutSuffix(use, "m"); ok {
		cores = count(milli) / 1000
	} else if !strings.HasSuffix(use, "%") && d.titled {
		cores = number(use)
	}
	if math.IsNaN(cores) || cores < 0 || name == "" {
		return d.fail("%.40q is no CPU use of a container; is the line broken? Take it out", use)
	}
	if len(d.now.rows) >= maxRows {
		return d.fail("more than %d containers at one time; take a part of the log", maxRows)
	}
	r := newRow(nameNumber(id))
	r.line, r.name, r.cores = d.in.n, program(name), cores
	d.now.rows = append(d.now.rows, r)
	return nil
}

func (d *docker) finish() error {
	if len(d.seen) == 0 {
		return nil
	}
	var err error
	if d.now.at, err = d.timer.next(d.log, "2s"); err != nil {
		return err
	}
	d.emit(d.now)
	d.now = newBlock(0)
	clear(d.seen)
	return nil
}

func (d *docker) end() error { return d.finish() }
