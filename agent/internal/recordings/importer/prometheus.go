package importer

import (
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
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
