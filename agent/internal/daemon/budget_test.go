package daemon

import (
	"strings"
	"testing"
	"time"
)

// spend lets the agent use a share of one core for a while and returns what was said.
func spend(b *budget, at, cpu *time.Duration, share float64, length time.Duration) []string {
	var said []string
	for end := *at + length; *at < end; {
		*at += time.Minute
		*cpu += time.Duration(share * float64(time.Minute))
		if _, text := b.observe(*at, *cpu); text != "" {
			said = append(said, text)
		}
	}
	return said
}

func TestBudget(t *testing.T) {
	b := newBudget(time.Second)
	var at, cpu time.Duration
	if said := spend(b, &at, &cpu, 0.004, time.Hour); len(said) > 0 || b.interval != time.Second {
		t.Fatalf("within the budget: %q, every %v", said, b.interval)
	}
	said := spend(b, &at, &cpu, 0.02, 9*time.Minute)
	if len(said) != 1 || b.interval != 2*time.Second || !strings.Contains(said[0], "every 2s") {
		t.Fatalf("above it: %q, every %v", said, b.interval)
	}
	spend(b, &at, &cpu, 0.02, 2*time.Hour)
	if b.interval != budgetSlowest {
		t.Errorf("far above it for hours: every %v", b.interval)
	}
	spend(b, &at, &cpu, 0.0005, 3*time.Hour)
	if b.interval != time.Second {
		t.Errorf("cheap again: every %v", b.interval)
	}
}

func TestShortBurstsAreNoReason(t *testing.T) {
	b := newBudget(time.Second)
	var at, cpu time.Duration
	spend(b, &at, &cpu, 0.001, 20*time.Minute)
	if said := spend(b, &at, &cpu, 0.03, time.Minute); len(said) > 0 {
		t.Errorf("one minute above: %q", said)
	}
}
