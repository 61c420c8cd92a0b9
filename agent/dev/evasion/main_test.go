package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/recordings/evaluate"
)

// recording returns the evaluation of a load that began at second 10 and ran for 100 s.
func recording(name, evasion string, hashes int64, alerts ...evaluate.Alert) evaluate.Trace {
	from, to, duty := 10.0, 110.0, 0.7
	return evaluate.Trace{Name: name, Alerts: alerts, Truth: evaluate.Truth{
		Evasion: evasion, Reference: "plain", Hashes: hashes, LoadStart: &from, LoadEnd: &to, Duty: &duty,
	}}
}

// said is an alert some seconds after the load's beginning.
func said(after float64, s api.Severity, alikeAfter float64) evaluate.Alert {
	a := evaluate.Alert{T: 10 + after, TimeToDetect: &after, Severity: s, Right: true}
	if alikeAfter > 0 {
		a.MiningLikeAt = new(10 + alikeAfter)
	}
	return a
}

func TestPrices(t *testing.T) {
	wrong := said(5, api.MiningLike, 5)
	wrong.Right = false
	got, err := pricesOf([]evaluate.Trace{
		recording("plain", "", 10000),
		recording("a", "told", 7000, said(31, api.MiningLike, 31)),
		recording("b", "heavy", 5000, said(40, api.Heavy, 0)),
		recording("c", "late", 9000, said(121, api.MiningLike, 121)),
		recording("d", "silent", 3000, wrong),
		recording("e", "heavy", 6000, said(60, api.MiningLike, 60), said(40, api.Heavy, 0)),
		recording("f", "slow", 6000, said(40, api.MiningLike, 125)),
	})
	if err != nil {
		t.Fatal(err)
	}
	row := func(kind string, kept float64, alerted bool, severity string, at float64) price {
		p := price{Type: "evasion", Kind: kind, Duty: 0.7, Kept: kept, Alerted: alerted, Severity: severity}
		if at > 0 {
			p.T = &at
		}
		return p
	}
	want := []price{
		row("told", 0.7, true, "mining_like", 31), row("heavy", 0.5, true, "heavy", 40), row("late", 0.9, false, "none", 0),
		row("silent", 0.3, false, "none", 0), row("heavy", 0.6, true, "mining_like", 40), row("slow", 0.6, true, "heavy", 40),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	kept := 0.9
	sum := summary{Type: "evasion_summary", Kinds: 5, Recordings: 6, Dodged: 2, HeavyOnly: 2, DodgedAbove: 1, Cheapest: &kept}
	if diff := cmp.Diff(sum, sumUp(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestNoRecordedEvasionDodges holds the detector to what docs/decisions.md says of the price of hiding.
func TestNoRecordedEvasionDodges(t *testing.T) {
	all, err := evaluate.Run(t.Context(), "../../../testdata/evasion", evaluate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	prices, err := pricesOf(all)
	if err != nil {
		t.Fatal(err)
	}
	heavy := 0
	for _, p := range prices {
		switch {
		case !p.Alerted:
			t.Errorf("%s at a duty of %g dodged", p.Kind, p.Duty)
		case p.Severity == string(api.Heavy):
			heavy++
		}
	}
	if len(prices) < 57 || heavy > 2 {
		t.Errorf("%d recordings, %d of them only heavy; want at least 57 and at most 2", len(prices), heavy)
	}
}

func TestPricesNeedHashesAndAPlainMiner(t *testing.T) {
	for name, all := range map[string][]evaluate.Trace{
		"no hashes":      {recording("plain", "", 100), recording("a", "told", 0)},
		"no plain miner": {recording("a", "told", 100)},
	} {
		if got, err := pricesOf(all); err == nil {
			t.Errorf("%s: %v, want an error", name, got)
		}
	}
}
