//go:build linux

package main

import (
	"testing"
	"time"
)

func TestTheTableHoldsWhatTheCorpusPromises(t *testing.T) {
	table := Table()
	labels, names := map[Label]int{}, map[string]bool{}
	splits := Splits(table)
	tests := map[Label]int{}
	for _, s := range table {
		if names[s.Name] || s.Name == "" || s.Note == "" || s.Kind == "" {
			t.Errorf("%q stands twice, or lacks a name, a kind or a note", s.Name)
		}
		names[s.Name] = true
		labels[s.Label]++
		if splits[s.Name] == "test" {
			tests[s.Label]++
		}
		if s.Length < 60*time.Second || s.Length > 180*time.Second {
			t.Errorf("%s lasts %v, want 60 to 180 s", s.Name, s.Length)
		}
		if s.Label == Mining && (s.Site == "") == (len(s.Programs) == 0) && s.Load != "" {
			t.Errorf("%s is neither a tab's nor a program's", s.Name)
		}
	}
	if labels[Mining] < 40 || labels[Benign]+labels[Lookalike] < 60 {
		t.Errorf("%v recordings, want 40 of mining and 60 of others at the least", labels)
	}
	for label, n := range labels {
		if got := tests[label]; got < n/4 || got > n/3 {
			t.Errorf("%d of %d %s recordings are set aside, want nearly every third", got, n, label)
		}
	}
}
