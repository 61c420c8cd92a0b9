//go:build linux

package popup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/product"
	"github.com/minewatch/minewatch/agent/testkit/programs"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// agent is a running `minewatch run --user` on a desktop.
type agent struct {
	*product.Agent
	desktop *desktop.Desktop
}

// startAgent starts the programs of a folder.
func startAgent(ctx context.Context, d *desktop.Desktop, bin string) (*agent, error) {
	installed, err := product.Install(d, bin, programs.Host)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return &agent{Agent: installed, desktop: d}, installed.Run(ctx)
}

// list runs a command that prints one JSON object a line.
func list[T any](ctx context.Context, a *agent, command string) ([]T, error) {
	out, err := a.desktop.Output(ctx, a.Program, command, "--json")
	if err != nil {
		return nil, err
	}
	var all []T
	for line := range bytes.Lines(out) {
		var one T
		if err := json.Unmarshal(line, &one); err != nil {
			return nil, fmt.Errorf("minewatch %s: %w: %s", command, err, line)
		}
		all = append(all, one)
	}
	return all, nil
}

// alert returns the newest alert on a site, nil if there is none.
func (a *agent) alert(ctx context.Context, site string) (*api.Alert, error) {
	all, err := list[api.Alert](ctx, a, "alerts")
	var newest *api.Alert
	for i := range all {
		if all[i].Site == site && (newest == nil || all[i].Started.After(newest.Started)) {
			newest = &all[i]
		}
	}
	return newest, err
}

// awaitAlert waits until the newest alert on a site is as it should be.
func (a *agent) awaitAlert(ctx context.Context, limit time.Duration, site, what string, is func(*api.Alert) bool) (*api.Alert, error) {
	var last *api.Alert
	err := wait.Within(ctx, limit, fmt.Sprintf("the alert on %s to be %s", site, what), func() (bool, error) {
		var err error
		last, err = a.alert(ctx, site)
		return err == nil && last != nil && is(last), err
	})
	if err != nil {
		err = fmt.Errorf("%w; it is %+v", err, last)
	}
	return last, err
}

// allowed reports whether the user allows a site.
func (a *agent) allowed(ctx context.Context, site string) (bool, error) {
	all, err := list[api.Allowance](ctx, a, "allowed")
	for _, one := range all {
		if one.Site == site {
			return true, err
		}
	}
	return false, err
}
