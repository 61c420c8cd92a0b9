package terminal

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/minewatch/minewatch/agent/api"
)

// mining is a minute with a firing alert.
func mining() []tea.Msg {
	out := []tea.Msg{hello()}
	for i := range 42 {
		hot := hotRows(i)
		if i < 10 {
			hot = hot[1:]
		}
		out = append(out, liveMsg(tick(i, hot)))
	}
	return append(out, alertMsg(films(nil)))
}

// crowd is more of everything than fits.
func crowd() []tea.Msg {
	out := []tea.Msg{hello()}
	var hot []api.LiveRow
	for i := range 40 {
		n := strconv.Itoa(i)
		hot = append(hot, api.LiveRow{Key: n, Subject: "process", Process: "worker-" + n, PID: int32(i), Cores: 0.5, Mean: float64(40 - i), State: "watching"})
	}
	out = append(out, liveMsg(tick(1, hot)))
	for i := range 7 {
		out = append(out, alertMsg(films(func(a *api.Alert) {
			a.ID, a.Site, a.PID = "x-"+strconv.Itoa(i), fmt.Sprintf("site-%d.test", i), int32(5000+i)
			a.Started = noon().Add(time.Duration(i) * time.Minute)
		})))
	}
	return append(out, alertMsg(films(stress)))
}

func scenes() map[string][]tea.Msg {
	with := func(m []tea.Msg, more ...tea.Msg) []tea.Msg { return append(m, more...) }
	pending := films(func(a *api.Alert) { a.State, a.Site, a.SiteConfidence, a.Tabs = api.Pending, "", "unknown", 0 })
	troubled := hello()
	troubled.status.Warnings = []string{"hidepid hides other users' processes"}
	allowed := hello()
	allowed.allowed = []api.Allowance{{Site: "films.test"}}
	return map[string][]tea.Msg{
		"connecting": {},
		"starting":   {hello()},
		"idle":       {hello(), liveMsg(&api.Live{T: 1, Machine: 3, Cores: 2, Processes: 143})},
		"others":     {hello(), liveMsg(tick(1, nil))},
		"watching":   {hello(), liveMsg(tick(1, hotRows(1)[1:]))},
		"mining":     mining(),
		"pending":    {hello(), liveMsg(tick(1, hotRows(1))), alertMsg(pending)},
		"paused":     {hello(), alertMsg(films(nil)), liveMsg(tick(1, hotRows(1)[1:]))},
		"allowed":    {allowed, liveMsg(tick(1, hotRows(1)))},
		"crowd":      crowd(),
		"crowd-end":  with(crowd(), press('G')),
		"help":       with(mining(), press('?')),
		"asking":     with(mining(), press('c')),
		"done":       with(mining(), press('s')),
		"refused":    with(mining(), doneMsg{err: errors.New("the browser did not close the tab: it has gone away")}),
		"program":    with(mining(), alertMsg(films(stress)), press('j')),
		"lost":       with(mining(), lostMsg{fmt.Errorf("the agent went away: %w", api.ErrNotRunning)}),
		"lost-early": {lostMsg{errors.New("/run/x.sock belongs to another user (uid 7); not speaking to it")}},
		"stale":      with(mining(), seconds(9)...),
		"troubled":   {troubled, liveMsg(tick(1, hotRows(1)[1:]))},
	}
}
