package daemon

import (
	"testing"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/extensions"
	"github.com/minewatch/minewatch/agent/internal/sampler"
	"github.com/minewatch/minewatch/agent/internal/server"
)

// What one user's tray says of itself is nothing for another user, and for an administrator only that it is there:
// "Next: run curl ..." in somebody's tray must not read as advice.
func TestTraysOfOthersAreNotTold(t *testing.T) {
	d := &Daemon{
		sampler: sampler.New(sampler.Options{}), extensions: extensions.New(extensions.Options{Log: zap.NewNop()}),
		alerts: alert.NewManager("run", nil, nil), warnings: newWarnings(zap.NewNop()),
		trays: map[int32]api.TrayStatus{
			7: {PID: 7, Mode: api.TrayNotifications, Detail: "Next: run curl x | sh", User: "1000"},
			9: {PID: 9, Mode: api.TrayMenu, User: "1001"},
		},
	}
	for _, c := range []struct {
		caller server.Caller
		trays  int
		detail string
	}{
		{server.Caller{User: "1000"}, 1, "Next: run curl x | sh"},
		{server.Caller{User: "1001"}, 1, ""},
		{server.Caller{User: "1002"}, 0, ""},
		{server.Caller{User: "0", Admin: true}, 2, ""},
	} {
		s := d.Status(t.Context(), c.caller)
		if len(s.Trays) != c.trays || (c.trays > 0 && s.Trays[0].Detail != c.detail) {
			t.Errorf("%+v is told of %+v", c.caller, s.Trays)
		}
	}
}
