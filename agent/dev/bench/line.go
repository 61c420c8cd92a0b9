package main

import (
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
)

// line is one comparison on standard output. Either Ratio or Value is set, and either Limit or AtLeast.
type line struct {
	Type  string `json:"type"`
	What  string `json:"what"`
	Procs int    `json:"procs,omitzero"`
	// Against is what Ratio is a ratio to; Measure says what Value is, with its unit.
	Against string   `json:"against,omitzero"`
	Measure string   `json:"measure,omitzero"`
	Ratio   *float64 `json:"ratio,omitzero"`
	Value   *float64 `json:"value,omitzero"`
	Limit   *float64 `json:"limit,omitzero"`
	AtLeast *float64 `json:"at_least,omitzero"`
	OK      bool     `json:"ok"`
	// Figures are what the comparison was made of, each with its unit in the key.
	Figures map[string]float64 `json:"figures,omitzero"`
}

// sheet prints lines and remembers whether a limit was missed.
type sheet struct {
	out    io.Writer
	missed bool
}

// ratio prints a ratio that may be at most limit.
func (s *sheet) ratio(what string, procs int, against string, ratio, limit float64, figures map[string]float64) error {
	return s.print(line{
		What: what, Procs: procs, Against: against, Ratio: &ratio, Limit: &limit,
		OK: ratio > 0 && ratio <= limit, Figures: figures, // a ratio of 0 or NaN is a measurement that failed
	})
}

// leastAttributed is the share of what a respawner used that one subject must carry.
const leastAttributed = 0.9

// attributed prints how much of what a respawner used was put on one subject.
func (s *sheet) attributed(respawner string, ratio float64, figures map[string]float64) error {
	least := leastAttributed // far above 1, the counting is wrong
	return s.print(line{What: "respawner", Against: respawner, Ratio: &ratio, AtLeast: &least, OK: ratio >= least && ratio <= 2-least, Figures: figures})
}

// value prints a figure that may be at most limit.
func (s *sheet) value(what string, procs int, measure string, value, limit float64, figures map[string]float64) error {
	return s.print(line{What: what, Procs: procs, Measure: measure, Value: &value, Limit: &limit, OK: value >= 0 && value <= limit, Figures: figures})
}

func (s *sheet) print(l line) error {
	l.Type = "bench"
	s.missed = s.missed || !l.OK
	for _, f := range []*float64{l.Ratio, l.Value} {
		if f != nil {
			*f = round(*f)
		}
	}
	for k, v := range l.Figures {
		l.Figures[k] = round(v)
	}
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = s.out.Write(append(b, '\n'))
	return err
}

// round keeps four digits, and turns what JSON cannot hold into -1.
func round(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return -1
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		return -1
	}
	if math.Abs(v) >= 1000 {
		return math.Round(v)
	}
	return r
}

// median returns the middle value, NaN of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}
