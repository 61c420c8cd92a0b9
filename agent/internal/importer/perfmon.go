package importer

import (
	"iter"
	"math"
	"regexp"
	"strings"
)

func looksLikePerfmon(head []string) bool {
	for _, l := range head[:min(len(head), 3)] {
		if strings.Contains(l, "PDH-") || (strings.HasPrefix(l, `"`) && strings.Contains(l, `"\\`)) {
			return true
		}
	}
	return false
}

// counterPath is "\\HOST\Object(instance#3)\counter" of Windows's performance counters. Their names are translated, so
// they are told by their form: the object by its brackets, use by its percent sign.
var counterPath = regexp.MustCompile(`^\\\\[^\\]+\\([^(\\]+)\((.+)\)\\(.+)$`) //nolint:gochecknoglobals // compiled once

// perfmonColumn is what one column tells.
type perfmonColumn struct {
	base string // the instance without #n
	key  string // the instance as written
	kind string // "cpu", "pid", "memory"
}

// readPerfmon reads the CSV of typeperf and Perfmon: 100 % is one core for a process. An instance's "#n" moves to
// another process when one of the same name ends, so without an "ID Process" counter all of a name are taken together.
func readPerfmon(in *lines, o *Options, found *Found) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		var columns map[int]perfmonColumn
		comma := ','
		each(in, func(err error) { yield(block{}, err) }, func(line string) (bool, error) {
			if strings.TrimSpace(line) == "" || (columns != nil && !strings.HasPrefix(line, `"`)) {
				return true, nil // typeperf says goodbye in words
			}
			if columns == nil && strings.Count(line, `";"`) > 0 {
				comma = ';'
			}
			f, err := split(line, comma)
			if err != nil {
				return false, in.fail("not a row of a CSV: %v", err)
			}
			if columns == nil {
				columns, err = perfmonHeader(in, f)
				return true, err
			}
			at, ok := stamp(f[0], o.DateOrder)
			if !ok {
				return false, in.fail("%.40q is no time; for dates with the day first add --date-order dmy", f[0])
			}
			b := newBlock(at)
			b.rows = perfmonRows(columns, f)
			if host, ok := perfmonHost(columns, f); ok && len(b.rows) == 0 {
				found.Unit = "all cores"
				b.host = host / 100 * float64(max(o.Cores, 1))
			}
			return yield(b, nil), nil
		})
	}
}

func perfmonHeader(in *lines, f []string) (map[int]perfmonColumn, error) {
	out := map[int]perfmonColumn{}
	percent := map[string]int{}
	for i, name := range f {
		m := counterPath.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		object, key, counter := m[1], m[2], strings.ToLower(m[3])
		base, _, _ := strings.Cut(key, "#")
		c := perfmonColumn{base: base, key: object + "\x00" + key}
		switch {
		case strings.Contains(counter, "%"):
			// Of several percentages the one of all time is wanted, which comes first or is called so.
			if old, ok := percent[c.key]; ok {
				if !strings.HasPrefix(counter, "% processor time") {
					continue
				}
				delete(out, old)
			}
			percent[c.key], c.kind = i, "cpu"
		case strings.HasPrefix(counter, "id ") || strings.HasSuffix(counter, "-id") || strings.Contains(counter, "id process"):
			c.kind = "pid"
		case strings.Contains(counter, "working set") || strings.Contains(counter, "arbeitsseiten"):
			c.kind = "memory"
		default:
			continue
		}
		out[i] = c
	}
	if len(percent) == 0 {
		return nil, in.fail(`no counter such as "\\HOST\Process(NAME)\%% Processor Time" in the header`)
	}
	return out, nil
}

// perfmonRows returns the processes of one row.
func perfmonRows(columns map[int]perfmonColumn, f []string) []row {
	pids, memory := map[string]int32{}, map[string]uint64{}
	for i, c := range columns {
		switch c.kind {
		case "pid":
			if x := number(field(f, i)); x > 0 && x < math.MaxInt32 {
				pids[c.key] = int32(x)
			}
		case "memory":
			memory[c.key] = bytesOf(field(f, i), 1)
		}
	}
	sums := map[string]*row{}
	for i, c := range columns {
		x := number(field(f, i))
		if c.kind != "cpu" || math.IsNaN(x) || x < 0 || isTotal(c.base) || !strings.HasPrefix(strings.ToLower(c.key), "pro") || isProcessor(c) {
			continue
		}
		name, pid := program(c.base), int32(0)
		if head, number, ok := strings.Cut(c.base, ":"); ok { // "Process V2" writes name:pid
			if p, ok := pidOf(number); ok {
				name, pid = program(head), p
			}
		}
		if p, ok := pids[c.key]; ok {
			pid = p
		}
		if pid == 0 {
			pid = nameNumber(name)
		}
		key := name + "\x00" + string(pid)
		if sums[key] == nil {
			r := newRow(pid)
			r.name, r.cores = name, 0
			sums[key] = &r
		}
		sums[key].cores += x / 100
		sums[key].resident += memory[c.key]
	}
	var rows []row
	for _, k := range sortedKeys(sums) {
		rows = append(rows, *sums[k])
	}
	return rows
}

// isTotal reports whether an instance is none: the sum of all, or what is left idle.
func isTotal(base string) bool {
	return base == "_Total" || base == "Idle" || strings.HasPrefix(base, "_")
}

// isProcessor reports whether a column is about a processor, whose instances are numbers.
func isProcessor(c perfmonColumn) bool {
	return strings.Trim(c.base, "0123456789,") == ""
}

// perfmonHost returns the percentage of the whole machine.
func perfmonHost(columns map[int]perfmonColumn, f []string) (float64, bool) {
	for i, c := range columns {
		if c.kind == "cpu" && c.base == "_Total" && !strings.HasPrefix(strings.ToLower(c.key), "process\x00") {
			if x := number(field(f, i)); x >= 0 {
				return x, true
			}
		}
	}
	return 0, false
}
