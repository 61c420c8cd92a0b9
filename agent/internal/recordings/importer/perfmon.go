package importer

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func looksLikePerfmon(head []string) bool {
	for _, l := range head[:min(len(head), 3)] {
		if strings.Contains(l, "PDH-") || (strings.HasPrefix(l, `"`) && strings.Contains(l, `"\\`)) {
			return true
		}
	}
	return false
}

// counterPath is "\\HOST\Object(instance#3)\counter" of Windows's performance counters.
const counterPath = `^\\\\[^\\]+\\([^(\\]+)\((.+)\)\\(.+)$`

// processObject and processorObject are the beginnings of how Windows calls the objects in its languages. Those of
// processors begin alike in some, so they are looked for first.
const (
	processorObject = "processor|prozessor|processeur|procesador|processador|processore|процессор|プロセッサ|处理器|프로세서|i̇şlemci|işlemci"
	processObject   = "process|prozess|processus|proceso|processo|proces|процесс|プロセス|进程|處理程序|프로세스|i̇şlem|işlem" //nolint:misspell // other languages
)

// perfmonColumn is what one column tells.
type perfmonColumn struct {
	at   int
	base string // the instance without #n
	key  string // the object and the instance as written
	kind perfmonKind
}

type perfmonKind int

const (
	perfmonCPU perfmonKind = iota
	perfmonPID
	perfmonMemory
	perfmonHost
)

type perfmon struct {
	in      *lines
	o       *Options
	found   *Found
	comma   rune
	columns []perfmonColumn
	known   bool
}

// readPerfmon reads the CSV of typeperf and Perfmon: 100 % is one core for a process. An instance's "#n" moves to
// another process when one of the same name ends, so without an "ID Process" counter all of a name are taken together.
func readPerfmon(in *lines, o *Options, found *Found) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		p := perfmon{in: in, o: o, found: found, comma: ','}
		each(in, func(err error) { yield(block{}, err) }, func(line string) (bool, error) {
			if strings.TrimSpace(line) == "" || !strings.HasPrefix(line, `"`) {
				return true, nil // typeperf says goodbye in words
			}
			if !p.known && strings.Contains(line, `";"`) {
				p.comma = ';'
			}
			f, err := split(line, p.comma)
			if err != nil {
				return false, in.fail("not a row of a CSV (%v); is the line broken? Take it out", err)
			}
			if !p.known {
				return true, p.header(f)
			}
			b, err := p.row(f)
			return err == nil && yield(b, nil), err
		})
	}
}

// header finds the columns. The names of counters are translated too, so that they are told by their form: use has a
// percent sign, and the first of several is that of all time.
func (p *perfmon) header(f []string) error {
	p.known = true
	path, process := regexp.MustCompile(counterPath), regexp.MustCompile(`(?i)^(`+processObject+`)`)
	processor := regexp.MustCompile(`(?i)^(` + processorObject + `)`)
	percent, cores := map[string]int{}, map[string]bool{}
	for i, name := range f {
		m := path.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		object, instance, counter := m[1], m[2], strings.ToLower(m[3])
		isCPU, total := strings.Contains(counter, "%"), instance == "_Total" || strings.HasSuffix(instance, ",_Total")
		base, _, _ := strings.Cut(instance, "#")
		c := perfmonColumn{at: i, base: base, key: object + "\x00" + instance}
		switch {
		case processor.MatchString(object) && isCPU:
			if c.kind = perfmonHost; !total {
				cores[instance] = strings.Trim(instance, "0123456789,") == ""
				continue
			}
		case !process.MatchString(object) || total || base == "Idle":
			continue
		case isCPU:
			c.kind = perfmonCPU
		case strings.HasPrefix(counter, "id ") || strings.HasSuffix(counter, "-id") || strings.HasSuffix(counter, " id"):
			c.kind = perfmonPID
		case strings.Contains(counter, "working set") || strings.Contains(counter, "arbeitsseiten"):
			c.kind = perfmonMemory
		default:
			continue
		}
		if isCPU {
			if old, again := percent[c.key]; again {
				if strings.HasPrefix(counter, "% processor time") {
					p.columns[old] = c
				}
				continue
			}
			percent[c.key] = len(p.columns)
		}
		p.columns = append(p.columns, c)
	}
	maps.DeleteFunc(cores, func(_ string, is bool) bool { return !is })
	p.found.Cores = len(cores)
	p.zone(field(f, 0))
	if len(percent) == 0 {
		return p.in.fail(`no counter such as "\\HOST\Process(NAME)\%% Processor Time" in the header; record "\Process(*)\%% Processor Time"`)
	}
	return nil
}

// zone reads the minutes west of Greenwich from "(PDH-CSV 4.0) (W. Europe Standard Time)(-60)".
func (p *perfmon) zone(first string) {
	open := strings.LastIndexByte(first, '(')
	west, err := strconv.Atoi(strings.TrimSuffix(first[open+1:], ")"))
	if err == nil && p.o.Zone == nil && west >= -day/60 && west <= day/60 {
		p.o.Zone = time.FixedZone("", -60*west)
	}
}

// row reads the values of one moment.
func (p *perfmon) row(f []string) (block, error) {
	at, ok := stamp(f[0], p.o.DateOrder, p.o.zone())
	if !ok {
		return block{}, p.in.fail("%.40q is no time; for dates with the day first add --date-order dmy, or take a broken line out", f[0])
	}
	b := newBlock(at)
	b.rows = p.processes(f)
	if len(b.rows) > 0 {
		return b, nil
	}
	for _, c := range p.columns {
		if x := number(field(f, c.at)); c.kind == perfmonHost && x >= 0 {
			p.found.Unit = "all cores"
			b.host = x / 100 * float64(max(p.o.Cores, p.found.Cores, 1))
		}
	}
	return b, nil
}

// processes returns the processes of one row.
func (p *perfmon) processes(f []string) []row {
	pids, memory := map[string]int32{}, map[string]uint64{}
	for _, c := range p.columns {
		switch c.kind {
		case perfmonPID:
			if x := number(field(f, c.at)); x > 0 && x < math.MaxInt32 {
				pids[c.key] = int32(x)
			}
		case perfmonMemory:
			memory[c.key] = bytesOf(field(f, c.at), 1)
		case perfmonCPU, perfmonHost:
		}
	}
	type who struct {
		name string
		pid  int32
	}
	sums := map[who]row{}
	for _, c := range p.columns {
		x := number(field(f, c.at))
		if c.kind != perfmonCPU || !(x >= 0) {
			continue
		}
		name, pid := c.base, pids[c.key]
		if head, number, ok := strings.Cut(c.base, ":"); ok { // "Process V2" writes name:pid
			if n, ok := pidOf(number); ok {
				name, pid = head, n
			}
		}
		name = program(name)
		if pid == 0 {
			pid = nameNumber(name)
		}
		r, ok := sums[who{name, pid}]
		if !ok {
			r = newRow(pid)
			r.name, r.cores = name, 0
		}
		cores := x / 100
		if p.o.AllCores {
			cores *= float64(max(p.o.Cores, p.found.Cores, 1))
		}
		r.cores += cores
		r.resident += memory[c.key]
		sums[who{name, pid}] = r
	}
	return slices.SortedFunc(maps.Values(sums), func(x, y row) int { return cmpRows(&x, &y) })
}

func cmpRows(x, y *row) int {
	return cmp.Or(strings.Compare(x.name, y.name), cmp.Compare(x.pid, y.pid))
}
