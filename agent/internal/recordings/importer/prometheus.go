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
	return strings.HasPrefix(strings.TrimSpace(field(head, 0)), "{") && strings.Contains(strings.Join(head, ""), `"resultType"`)
}

// maxAnswer bounds an answer in bytes: a range query lists one series after the other, so that it cannot be streamed.
// Prometheus itself returns at most 11,000 points a series, about 300 kB.
const maxAnswer = 128 << 20

// promAnswer is the answer to a range query.
type promAnswer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		Type   string       `json:"resultType"`
		Result []promSeries `json:"result"`
	} `json:"data"`
}

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

// readPrometheus reads the JSON of a range query over counters of CPU seconds, such as
// namedprocess_namegroup_cpu_seconds_total. Series of one process (user and system) are added up.
func readPrometheus(in *lines, o *Options, found *Found) iter.Seq2[block, error] {
	return func(yield func(block, error) bool) {
		found.Unit = ""
		in.n = 1 // an answer has one line
		limited := &io.LimitedReader{R: in.in, N: maxAnswer}
		var a promAnswer
		if err := json.NewDecoder(limited).Decode(&a); err != nil {
			if limited.N <= 0 {
				err = errors.New("it is larger than 128 MiB")
			}
			yield(block{}, in.fail("not the JSON of a range query (%v); save the answer of /api/v1/query_range, or ask for a shorter range", err))
			return
		}
		if a.Status != "success" || a.Data.Type != "matrix" {
			yield(block{}, in.fail("not a successful range query (status %.20q, type %.20q, error %.100q); use /api/v1/query_range",
				a.Status, a.Data.Type, a.Error))
			return
		}
		p := prometheus{used: map[promKey]float64{}}
		for _, s := range a.Data.Result {
			p.add(promName(s.Metric, o, in), s.Values)
		}
		for _, b := range p.blocks() {
			if !yield(b, nil) {
				return
			}
		}
	}
}

// promKey is one sample of one process.
type promKey struct {
	at   float64
	name string
}

// prometheus adds up what several series tell of the same process.
type prometheus struct {
	// used is how much CPU time a process used between its sample before and this one, in seconds.
	used map[promKey]float64
}

// add enters one series. Where it has no sample for a while (it was stale, or NaN), what was used then belongs to the
// next one. A counter that goes back began anew.
func (p *prometheus) add(name string, values [][2]promNumber) {
	last := math.NaN()
	for _, v := range values {
		at, x := float64(v[0]), float64(v[1])
		if math.IsNaN(at) || !(x >= 0) {
			continue
		}
		key := promKey{at, name}
		switch {
		case math.IsNaN(last):
			p.used[key] += 0
		case x < last:
			p.used[key] += x
		default:
			p.used[key] += x - last
		}
		last = x
	}
}

// blocks returns the samples in order of time, with counters that rise.
func (p *prometheus) blocks() []block {
	keys := make([]promKey, 0, len(p.used))
	for k := range p.used {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y promKey) int { return cmp.Or(cmp.Compare(x.at, y.at), strings.Compare(x.name, y.name)) })
	var out []block
	sums := map[string]float64{}
	for _, k := range keys {
		if len(out) == 0 || out[len(out)-1].at != k.at {
			out = append(out, newBlock(k.at))
		}
		sums[k.name] += p.used[k]
		r := newRow(nameNumber(k.name))
		r.name, r.cpu = k.name, sums[k.name]
		b := &out[len(out)-1]
		b.rows = append(b.rows, r)
	}
	return out
}

// promName returns the program of a series.
func promName(metric map[string]string, o *Options, in *lines) string {
	for _, label := range []string{"groupname", "process", "process_name", "comm", "name", "exe", "job"} {
		if n := metric[label]; n != "" {
			return program(n)
		}
	}
	return only(o, in)
}
