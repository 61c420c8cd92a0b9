// Command evasion says what hiding costs: for each recorded evasion how much of a plain miner's hash rate was left, and
// whether and when it was told of.
//
//	go run ./agent/dev/evasion [-in testdata/evasion]
//
// It prints one line of JSON for each recording and one that sums up. The recordings are made by
// `go run ./agent/dev/corpus -prices`.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/dev/internal/command"
	"github.com/minewatch/minewatch/agent/internal/recordings/evaluate"
)

func main() {
	in := flag.String("in", "testdata/evasion", "the `folder` of the recordings")
	flag.Parse()
	os.Exit(command.Run("evasion", func(ctx context.Context) error { return run(ctx, *in, os.Stdout) }))
}

// run judges every recording of the folder and writes what each evasion costs.
func run(ctx context.Context, in string, out io.Writer) error {
	all, err := evaluate.Run(ctx, in, evaluate.Options{})
	if err != nil {
		return err
	}
	if err := errors.Join(evaluate.Problems(all)...); err != nil {
		return err
	}
	prices, err := pricesOf(all)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	for i := range prices {
		if err := enc.Encode(&prices[i]); err != nil {
			return err
		}
	}
	return enc.Encode(sumUp(prices))
}

// price is what one evasion costs at one duty, and what it gains.
type price struct {
	Type string `json:"type"` // "evasion"
	Kind string `json:"kind"`
	// Duty is the share of the time that each thread computes while it does not pause, 0 to 1.
	Duty float64 `json:"duty"`
	// Kept is the hash rate from the load's first second to its last, pauses included, as a share of what the plain miner
	// of the same browser, one thread that never rests, had.
	Kept float64 `json:"hash_rate_kept"`
	// Alerted is whether anything was said within two minutes of the load's beginning, Severity the worst that was said
	// until then, T when it was first said, in seconds from that beginning.
	Alerted  bool     `json:"alerted"`
	Severity string   `json:"severity"`
	T        *float64 `json:"t_s"`
}

// dodgedAfter is how long nothing must be said for an evasion to have dodged, in seconds.
const dodgedAfter = 120

// pricesOf holds every evasion against its plain miner.
func pricesOf(all []evaluate.Trace) ([]price, error) {
	rates := map[string]float64{}
	for i := range all {
		if t := &all[i]; t.Truth.Evasion == "" {
			rate, err := hashRate(t)
			if err != nil {
				return nil, err
			}
			rates[t.Name] = rate
		}
	}
	var out []price
	for i := range all {
		t := &all[i]
		if t.Truth.Evasion == "" {
			continue
		}
		rate, err := hashRate(t)
		if err != nil {
			return nil, err
		}
		plain, ok := rates[t.Truth.Reference]
		if !ok {
			return nil, fmt.Errorf("%s is held against %q, which is no recording of a plain miner: record it with make evasion-record", t.Name, t.Truth.Reference)
		}
		out = append(out, priceOf(t, rate/plain))
	}
	return out, nil
}

// priceOf says what was said of one recording in time.
func priceOf(t *evaluate.Trace, kept float64) price {
	p := price{Type: "evasion", Kind: t.Truth.Evasion, Duty: *t.Truth.Duty, Kept: hundredths(kept), Severity: string(evaluate.NoAlert)}
	for i := range t.Alerts {
		a := &t.Alerts[i]
		if !a.Right || a.TimeToDetect == nil || *a.TimeToDetect > dodgedAfter {
			continue
		}
		if !p.Alerted || *a.TimeToDetect < *p.T {
			p.T = a.TimeToDetect
		}
		severity := api.Heavy
		if a.MiningLikeAt != nil && *a.MiningLikeAt-*t.Truth.LoadStart <= dodgedAfter {
			severity = api.MiningLike
		}
		if !p.Alerted || severity == api.MiningLike {
			p.Severity = string(severity)
		}
		p.Alerted = true
	}
	return p
}

// hashRate returns the hashes of a recording's load in a second.
func hashRate(t *evaluate.Trace) (float64, error) {
	if t.Truth.Hashes <= 0 || t.Truth.LoadStart == nil || t.Truth.LoadEnd == nil || t.Truth.Duty == nil || *t.Truth.LoadEnd <= *t.Truth.LoadStart {
		return 0, fmt.Errorf("%s: its truth.json lacks hashes, duty or the time of its load: record it with make evasion-record", t.Name)
	}
	return float64(t.Truth.Hashes) / (*t.Truth.LoadEnd - *t.Truth.LoadStart), nil
}

// summary is what all come to.
type summary struct {
	Type string `json:"type"` // "evasion_summary"
	// Kinds is how many kinds there are, Recordings how many recordings of them.
	Kinds      int `json:"kinds"`
	Recordings int `json:"recordings"`
	// Dodged is how many recordings nothing was said of, HeavyOnly of how many no more than that they are heavy.
	Dodged    int `json:"dodged"`
	HeavyOnly int `json:"heavy_only"`
	// DodgedAbove is how many of those that dodged kept more than worth of the hash rate.
	DodgedAbove int `json:"dodged_keeping_over_0.4"`
	// Cheapest is the largest share of the hash rate that one that dodged kept, nil when none did.
	Cheapest *float64 `json:"cheapest_dodge_hash_rate_kept"`
}

// worth is the share of the hash rate from which hiding pays (the aim that the project has set itself).
const worth = 0.4

func sumUp(prices []price) summary {
	s := summary{Type: "evasion_summary", Recordings: len(prices)}
	kinds := map[string]bool{}
	for i := range prices {
		p := &prices[i]
		kinds[p.Kind] = true
		switch {
		case !p.Alerted:
			s.Dodged++
			if s.Cheapest == nil || p.Kept > *s.Cheapest {
				s.Cheapest = &p.Kept
			}
			if p.Kept > worth {
				s.DodgedAbove++
			}
		case p.Severity != string(api.MiningLike):
			s.HeavyOnly++
		}
	}
	s.Kinds = len(kinds)
	return s
}

// hundredths rounds to what a shared machine lets one say.
func hundredths(x float64) float64 { return float64(int(100*x+0.5)) / 100 }
