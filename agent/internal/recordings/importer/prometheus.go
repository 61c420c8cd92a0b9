package importer

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"slices"
	"strings"
)

func looksLikePrometheus(head []string) bool {
	text := strings.Join(head, "")
	return strings.HasPrefix(strings.TrimSpace(text), "{") && strings.Contains(text, `"resultType"`)
}

const (
	// maxSeries and maxPoints bound what is held of an answer: it lists one series after the other, so that it cannot be
	// streamed. Prometheus itself returns at most 11,000 points a series.
	maxSeries = 50_000
	maxPoints = 2_000_000
)

type promSeries struct {
	Metric map[string]string `json:"metric"`
	Values [][2]promNumber   `json:"values"`
}

// promNumber is a number, or one in quotes.
type promNumber float64

// UnmarshalJSON reads 1.5, "1.5" or "NaN".
func (n *promNumber) UnmarshalJSON(b []byte) error {
	*n = promNumber(number(strings.Trim(string(b), `"`)))
	return nil
}

// prometheus gathers what the series of an answer tell.
type prometheus struct {
	*log
	metrics []map[string]string
	points  []promPoint
	// rates says that the values are cores already; falls, rises and steps tell counters from such.
	rates               bool
	falls, rises, steps int
	status, kind, fault string
	value               *valueReader
}

// maxValue bounds a series, or another value that is decoded as one, in bytes: Prometheus itself answers with at most
// 11,000 points a series, some 300 kB.
const maxValue = 8 << 20

var errValue = errors.New("a series is longer than 8 MiB")

// valueReader fails when a value is longer than maxValue: the decoder keeps a value whole.
type valueReader struct {
	from io.Reader
	read int
}

// next begins a value.
func (v *valueReader) next() { v.read = 0 }

func (v *valueReader) Read(b []byte) (int, error) {
	if v.read >= maxValue {
		return 0, errValue
	}
	n, err := v.from.Read(b[:min(len(b), maxValue-v.read)])
	v.read += n
	return n, err
}

// promPoint is what a series used between its sample before and this one, in seconds; of rates, cores.
type promPoint struct {
	at, used float64
	series   int32
}

// readPrometheus reads the JSON of a range query over counters of CPU seconds, such as
// namedprocess_namegroup_cpu_seconds_total. Series of one process (user and system) are added up.
func readPrometheus(l *log) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		l.found.Unit = ""
		l.in.n = 1 // an answer has one line
		p := &prometheus{log: l, rates: l.o.Unit != ""}
		limited := &io.LimitedReader{R: l.in.in, N: l.in.left}
		p.value = &valueReader{from: limited}
		err := p.answer(json.NewDecoder(p.value))
		if err != nil && limited.N <= 0 {
			err = l.fail("the answer is larger than what is read of one; ask for a shorter range, or raise --max-bytes")
		}
		var who []promWho
		if err == nil {
			who, err = p.resolve()
		}
		if err != nil {
			yield(block{}, err)
			return
		}
		p.blocks(who, yield)
	}
}

// answer reads the answer part by part.
func (p *prometheus) answer(d *json.Decoder) error {
	err := members(d, func(key string) error {
		p.value.next()
		switch key {
		case "status":
			return d.Decode(&p.status)
		case "error":
			return d.Decode(&p.fault)
		case "data":
			return members(d, p.data(d))
		}
		return skip(d)
	})
	var own *promError
	switch {
	case errors.As(err, &own):
		return own.error
	case err != nil:
		return p.fail("not the JSON of a range query (%q); save the answer of /api/v1/query_range, or ask for a shorter range", err.Error())
	case p.status != "success" || p.kind != "matrix":
		return p.fail("not a successful range query (status %.20q, type %.20q, error %.100q); use /api/v1/query_range", p.status, p.kind, p.fault)
	}
	return nil
}

// promError is an error that is not one of the JSON.
type promError struct{ error }

func (p *prometheus) data(d *json.Decoder) func(key string) error {
	return func(key string) error {
		p.value.next()
		switch key {
		case "resultType":
			return d.Decode(&p.kind)
		case "result":
			if p.kind != "" && p.kind != "matrix" {
				return skip(d)
			}
			if _, err := d.Token(); err != nil {
				return err
			}
			for d.More() {
				p.value.next()
				var s promSeries
				if err := d.Decode(&s); err != nil {
					return err
				}
				if err := p.add(&s); err != nil {
					return &promError{err}
				}
			}
			_, err := d.Token()
			return err
		}
		return skip(d)
	}
}

// members calls do with each key of an object; do reads the value.
func members(d *json.Decoder, do func(key string) error) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return errors.New("an object is missing")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if err := do(key.(string)); err != nil { //nolint:forcetypeassert // keys are strings
			return err
		}
	}
	_, err = d.Token()
	return err
}

func skip(d *json.Decoder) error {
	var ignored json.RawMessage
	return d.Decode(&ignored)
}

// add enters one series. Where it has no sample for a while (it was stale, or NaN), what was used then belongs to the
// next one. A counter that goes back was reset.
func (p *prometheus) add(s *promSeries) error {
	if len(p.metrics) >= maxSeries || len(p.points)+len(s.Values) > maxPoints {
		return p.fail("more than %d series or %d points; ask for fewer, for a shorter range or larger steps", maxSeries, maxPoints)
	}
	id := int32(len(p.metrics)) //nolint:gosec // fewer than maxSeries
	p.metrics = append(p.metrics, s.Metric)
	if strings.Contains(s.Metric["__name__"], "rate") {
		p.rates = true
	}
	last := math.NaN()
	for _, v := range s.Values {
		at, x := float64(v[0]), float64(v[1])
		if math.IsNaN(at) || !(x >= 0) {
			continue
		}
		used := 0.0
		switch {
		case p.rates:
			used = x
		case math.IsNaN(last):
		case x < last:
			used = x
			p.falls++
		default:
			used = x - last
		}
		if !math.IsNaN(last) {
			p.steps++
		}
		if x > last {
			p.rises++
		}
		last = x
		p.points = append(p.points, promPoint{at, used, id})
	}
	return nil
}

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
