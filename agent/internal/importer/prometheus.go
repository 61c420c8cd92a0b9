package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"
)

func looksLikePrometheus(head []string) bool {
	return strings.HasPrefix(strings.TrimSpace(field(head, 0)), "{") && strings.Contains(strings.Join(head, ""), `"resultType"`)
}

const (
	// maxAnswer bounds an answer in bytes and maxSamples its samples: a range query lists one series after the other, so
	// that it cannot be streamed. Prometheus itself returns at most 11,000 points a series.
	maxAnswer  = 512 << 20
	maxSamples = 5_000_000
)

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
		limited := &io.LimitedReader{R: in.in, N: maxAnswer}
		var a promAnswer
		if err := json.NewDecoder(limited).Decode(&a); err != nil {
			if limited.N <= 0 {
				err = errors.New("the answer is larger than 512 MiB; ask for a shorter range")
			}
			yield(block{}, fmt.Errorf("%s: not the JSON of a range query: %w", in.name, err))
			return
		}
		blocks, err := promBlocks(&a, o, in)
		if err != nil {
			yield(block{}, fmt.Errorf("%s: %w", in.name, err))
			return
		}
		for _, b := range blocks {
			if !yield(b, nil) {
				return
			}
		}
	}
}

func promBlocks(a *promAnswer, o *Options, in *lines) ([]block, error) {
	if a.Status != "success" || a.Data.Type != "matrix" {
		return nil, fmt.Errorf("not a successful range query (status %.20q, type %.20q, error %.100q); use /api/v1/query_range",
			a.Status, a.Data.Type, a.Error)
	}
	type key struct {
		at   float64
		name string
	}
	sums, samples := map[key]float64{}, 0
	for _, s := range a.Data.Result {
		name := promName(s.Metric, o, in)
		if samples += len(s.Values); samples > maxSamples {
			return nil, errors.New("more than 5,000,000 samples; ask for a shorter range or fewer processes")
		}
		var base, last float64
		for i, v := range s.Values {
			at, x := float64(v[0]), float64(v[1])
			if math.IsNaN(at) || math.IsNaN(x) {
				continue
			}
			if i > 0 && x < last { // the counter began anew
				base += last
			}
			last = x
			sums[key{at, name}] += base + x
		}
	}
	byTime := map[float64]*block{}
	for k, cpu := range sums {
		b := byTime[k.at]
		if b == nil {
			n := newBlock(k.at)
			b = &n
			byTime[k.at] = b
		}
		r := newRow(nameNumber(k.name))
		r.name, r.cpu = k.name, cpu
		b.rows = append(b.rows, r)
	}
	var out []block
	for _, b := range byTime {
		slices.SortFunc(b.rows, func(x, y row) int { return strings.Compare(x.name, y.name) })
		out = append(out, *b)
	}
	slices.SortFunc(out, func(x, y block) int {
		if x.at < y.at {
			return -1
		}
		return 1
	})
	return out, nil
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
