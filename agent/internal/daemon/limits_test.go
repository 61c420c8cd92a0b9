package daemon

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/browser"
	"github.com/minewatch/minewatch/agent/internal/fault"
	"github.com/minewatch/minewatch/agent/internal/server"
	"github.com/minewatch/minewatch/agent/internal/store"
)

// A user who has as many allowances as are kept is told so, and what to do.
func TestOneAllowanceTooMany(t *testing.T) {
	a, _ := kept(t, folder(t.TempDir()))
	d := &Daemon{
		log: zap.NewNop(), archive: a, bridge: browser.NewBridge(zap.NewNop()), alerts: alert.NewManager("run", nil, nil),
	}
	c := server.Caller{User: "1000"}
	var err error
	n := 0
	for ; err == nil && n < 10_000; n++ {
		_, err = d.Allow(t.Context(), c, api.Allowance{Site: fmt.Sprintf("films%d.test", n)})
	}
	refusal, ok := errors.AsType[*fault.Error](err)
	if !ok || refusal.Kind != fault.TooMany || !errors.Is(err, store.ErrTooMany) || !strings.Contains(refusal.Text, "disallow") {
		t.Fatalf("allowance %d: %v", n, err)
	}
	if err := d.Disallow(t.Context(), c, api.Allowance{Site: "films0.test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Allow(t.Context(), c, api.Allowance{Site: "games.test"}); err != nil {
		t.Errorf("after one was taken back: %v", err)
	}
}
