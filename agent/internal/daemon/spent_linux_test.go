package daemon

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/internal/server"
)

// Callers who keep the agent busy cannot make it measure less often: their work is not in what the budget counts.
func TestCallersWorkIsNotMeasuring(t *testing.T) {
	dir := t.TempDir()
	d, err := New(Options{Socket: filepath.Join(dir, "s"), State: filepath.Join(dir, "state"), Interval: time.Second, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx, func() {}) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	for d.sampler.Spent() == 0 { // the first tick reads every process
		time.Sleep(10 * time.Millisecond)
	}
	measured, whole := d.sampler.Spent(), ownCPU()
	for ownCPU()-whole < time.Second || d.sampler.Spent() == measured { // a tick may come late on a busy machine
		for range 20 {
			d.Status(t.Context(), server.Caller{User: "1"})
		}
	}
	measured, whole = d.sampler.Spent()-measured, ownCPU()-whole
	if measured > whole/4 {
		t.Errorf("of %v of CPU time while callers asked %v count as measuring", whole, measured)
	}
}

func ownCPU() time.Duration {
	cpu, _ := ownUse()
	return cpu
}
