package terminal

import (
	"strconv"
	"testing"

	"github.com/minewatch/minewatch/agent/api"
)

func use(t, cores float64, keys ...string) *api.Live {
	l := &api.Live{T: t, Machine: 50}
	for _, k := range keys {
		l.Hot = append(l.Hot, api.LiveRow{Key: k, Cores: cores})
	}
	return l
}

func TestSpark(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		ticks []*api.Live
		width int
		top   float64
		want  string
	}{
		{"nothing", nil, 4, 1, "    "},
		{"one tick is one second", []*api.Live{use(1, 1, "a")}, 6, 1, "     █"},
		{"absent is blank", []*api.Live{use(20, 1, "a"), use(40, 1, "b"), use(60, 1, "a")}, 6, 1, " █  ██"},
		{"long ticks fill", []*api.Live{use(30, 1, "a"), use(60, 0.5, "a")}, 6, 1, "  █▅▅▅"},
		{"a mean of two", []*api.Live{use(50, 0, "a"), use(55, 0, "a"), use(60, 1, "a")}, 6, 1, "    ▁▅"},
		{"above the top", []*api.Live{use(60, 9, "a")}, 2, 1, " █"},
		{"older than a minute", []*api.Live{use(1, 1, "a"), use(100, 1, "b")}, 3, 1, "   "},
		{"an old agent's past", []*api.Live{use(60, 1, "a"), use(3, 0, "b"), use(62, 0, "b")}, 3, 1, "   "},
		{"a new agent", []*api.Live{use(60, 1, "a"), use(3, 0, "a")}, 3, 1, "  ▁"},
	}
	for _, tt := range tests {
		var h history
		for _, l := range tt.ticks {
			h.add(l)
		}
		if got := h.spark(h.points["a"], tt.width, tt.top); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	var h history
	for i := range 300 {
		l := use(float64(i)/100, 1, "steady")
		for j := range 400 {
			l.Hot = append(l.Hot, api.LiveRow{Key: strconv.Itoa(i*400 + j)})
		}
		h.add(l)
		if len(h.points) > maxKeys || len(h.points["steady"]) > maxPoints || len(h.machine) > maxPoints {
			t.Fatalf("tick %d: %d subjects, %d points", i, len(h.points), len(h.points["steady"]))
		}
	}
	for i := range 3 {
		h.add(use(1000+100*float64(i), 1, "steady"))
	}
	if len(h.points) != 1 {
		t.Errorf("%d subjects are kept after a minute without them", len(h.points)-1)
	}
}

func TestPeak(t *testing.T) {
	t.Parallel()
	var h history
	h.add(use(1, 0.2, "quiet"))
	h.add(use(2, 7, "busy"))
	if got := h.peak([]string{"quiet", ""}); got != 1 {
		t.Errorf("the scale of little is %v, want a core", got)
	}
	if got := h.peak([]string{"quiet", "busy"}); got != 7 {
		t.Errorf("the scale is %v, want that of the busiest", got)
	}
}
