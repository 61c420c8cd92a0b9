package importer

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// promWho is the process of a series.
type promWho struct {
	pid  int32
	name string
	// skip is set for series that tell nothing of a process; busy for those of the computer's time in use.
	skip, busy bool
}

// resolve finds out the process of each series.
func (p *prometheus) resolve() ([]promWho, error) {
	if !p.rates && (p.falls > 2 && p.falls > p.steps/5 || p.rises == 0 && p.steps > 0 && len(p.metrics) > 0 && p.metrics[0]["__name__"] == "") {
		return nil, p.fail("the values are none of a counter: they fall or never rise, as a rate does; ask for the counter itself, or say --unit cores for a rate")
	}
	who := make([]promWho, len(p.metrics))
	sets := p.sets()
	cores := map[string]bool{}
	for i, m := range p.metrics {
		who[i] = promWho{skip: sets.superfluous(m)}
		if mode := m["mode"]; sets.modes["idle"] && nameOf(m) == "" {
			who[i] = promWho{skip: mode == "idle" || mode == "iowait" || mode == "steal", busy: true}
			cores[m["cpu"]+m["core"]] = true
		}
		if who[i].skip && !who[i].busy {
			continue
		}
		if host := hostOf(m); host != "" {
			others, err := p.others(host)
			if err != nil {
				return nil, err
			}
			who[i].skip = who[i].skip || others
		}
		name := nameOf(m)
		if name == "" {
			name = p.only()
		}
		who[i].name, who[i].pid = program(name), nameNumber(identityOf(m))
	}
	if len(cores) > 0 && p.found.Cores == 0 {
		p.found.Cores = min(len(cores), maxCores)
	}
	return who, nil
}

// promSets are what an answer holds as a whole.
type promSets struct {
	// parents are the control groups that hold others, pods the pods whose containers are listed, totals the series with
	// a sum over all cores, modes those of a CPU's time.
	parents, pods, totals, modes map[string]bool
}

func (p *prometheus) sets() promSets {
	s := promSets{map[string]bool{"/": true}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	const deepest = 32
	for _, m := range p.metrics {
		for id, n := m["id"], 0; strings.Count(id, "/") > 1 && n < deepest; n++ {
			id = id[:strings.LastIndexByte(id, '/')]
			s.parents[id] = true
		}
		if c := m["container"]; c != "" && c != "POD" {
			s.pods[m["namespace"]+"/"+m["pod"]] = true
		}
		if m["cpu"] == "total" {
			s.totals[identityOf(m)] = true
		}
		if nameOf(m) == "" {
			s.modes[m["mode"]] = true
		}
	}
	return s
}

// superfluous reports whether a series counts what others count too, or stands for what is not used.
func (s *promSets) superfluous(m map[string]string) bool {
	c, hasContainer := m["container"]
	name := strings.ToLower(nameOf(m))
	switch {
	case m["id"] != "" && s.parents[m["id"]],
		hasContainer && (c == "" || c == "POD") && s.pods[m["namespace"]+"/"+m["pod"]], c == "POD",
		!hasContainer && m["pod"] != "" && m["process"] == "" && m["groupname"] == "" && s.pods[m["namespace"]+"/"+m["pod"]],
		m["cpu"] != "" && m["cpu"] != "total" && s.totals[identityOf(m)],
		name == "idle" || name == "_total":
		return true
	}
	return false
}

// nameOf returns the program that the labels of a series name.
func nameOf(m map[string]string) string {
	for _, label := range []string{"groupname", "process", "process_name", "comm", "container", "container_name", "name", "exe", "pod"} {
		if n := m[label]; n != "" {
			return n
		}
	}
	if m["mode"] == "" || m["__name__"] == "process_cpu_seconds_total" { // a program that counts for itself
		return m["job"]
	}
	return ""
}

// hostOf returns the computer that the labels of a series name, without the port of its exporter.
func hostOf(m map[string]string) string {
	for _, label := range []string{"node", "nodename", "hostname", "host", "kubernetes_io_hostname", "instance"} {
		if h := m[label]; h != "" {
			if at := strings.LastIndexByte(h, ':'); at > 0 {
				h = h[:at]
			}
			return h
		}
	}
	return ""
}

// identityOf returns what tells one process from another: all labels but those that part the time of one.
func identityOf(m map[string]string) string {
	var b strings.Builder
	for _, k := range sortedKeys(m) {
		switch k {
		case "__name__", "mode", "cpu", "core", "metrics_path", "endpoint", "image":
			continue
		}
		b.WriteString(k + "=" + m[k] + "\x00")
	}
	return b.String()
}

// blocks yields the samples in order of time, with counters that rise.
func (p *prometheus) blocks(who []promWho, yield func(block, error) bool) {
	p.points = slices.DeleteFunc(p.points, func(x promPoint) bool { return who[x.series].skip })
	slices.SortFunc(p.points, func(x, y promPoint) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.series, y.series)) })
	percent := p.o.Unit == "percent" || p.o.AllCores
	sums, last := map[int32]float64{}, math.NaN()
	for i := 0; i < len(p.points); {
		b := newBlock(p.points[i].at)
		b.whole = false
		at := map[int32]int{}
		for ; i < len(p.points) && p.points[i].at == b.at; i++ {
			x, w := p.points[i], who[p.points[i].series]
			if w.busy {
				if math.IsNaN(b.host) {
					b.host = 0
				}
				if lasted := b.at - last; lasted > 0 {
					b.host += x.used / lasted
				}
				continue
			}
			k, known := at[w.pid]
			if !known {
				k = len(b.rows)
				at[w.pid] = k
				r := newRow(w.pid)
				r.line, r.name = 1, w.name
				b.rows = append(b.rows, r)
			}
			switch r := &b.rows[k]; {
			case p.rates:
				use := x.used
				if percent {
					use /= 100
				}
				r.cores = max(r.cores, 0) + use
				if math.IsNaN(r.cores) {
					r.cores = use
				}
			default:
				sums[w.pid] += x.used
				r.cpu = sums[w.pid]
			}
		}
		if p.rates {
			p.found.Unit = "cores"
		}
		last = b.at
		if !yield(b, nil) {
			return
		}
	}
}
