package daemon

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/extensions"
	"github.com/minewatch/minewatch/agent/internal/fault"
	"github.com/minewatch/minewatch/agent/internal/server"
	"github.com/minewatch/minewatch/agent/internal/store"
)

// A user who has as many allowances as are kept is told so, and what to do.
func TestOneAllowanceTooMany(t *testing.T) {
	a, _ := kept(t, folder(t.TempDir()))
	d := &Daemon{
		log: zap.NewNop(), archive: a, extensions: extensions.New(extensions.Options{Log: zap.NewNop()}), alerts: alert.NewManager("run", nil, nil),
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

// Only an administrator's word counts for another user, and then it is that user's allowance.
func TestWhoseAllowanceItIs(t *testing.T) {
	a, _ := kept(t, folder(t.TempDir()))
	d := &Daemon{
		log: zap.NewNop(), archive: a, extensions: extensions.New(extensions.Options{Log: zap.NewNop()}), alerts: alert.NewManager("run", nil, nil),
	}
	root, user := server.Caller{User: "0", Admin: true}, server.Caller{User: "1000"}
	for _, c := range []struct {
		caller server.Caller
		named  string
		want   string // "" if it is refused
	}{
		{root, "1001", "1001"},
		{root, "", "0"},
		{root, "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1001"},
		{root, "somebody", ""},
		{root, "1001\n", ""},
		{root, "-", ""},
		{user, "1001", "1000"},
		{user, "", "1000"},
	} {
		got, err := d.Allow(t.Context(), c.caller, api.Allowance{Site: "films.test", User: c.named})
		if (err != nil) != (c.want == "") || (err == nil && got.User != c.want) || (err != nil && fault.KindOf(err) != fault.Invalid) {
			t.Errorf("%s for %q: %q, %v, want %q", c.caller.User, c.named, got.User, err, c.want)
		}
	}
	if list, err := d.Allowances(t.Context(), user); err != nil || len(list) != 1 || list[0].User != "1000" {
		t.Errorf("a user's list: %+v, %v", list, err)
	}
	if list, err := d.Allowances(t.Context(), root); err != nil || len(list) != 4 {
		t.Errorf("the administrator's list: %+v, %v", list, err)
	}
	if err := d.Disallow(t.Context(), root, api.Allowance{Site: "films.test", User: "1001"}); err != nil {
		t.Error(err)
	}
	if list, _ := d.Allowances(t.Context(), server.Caller{User: "1001"}); len(list) != 0 {
		t.Errorf("taken back by the administrator, but %+v", list)
	}
	_, err := d.Allow(t.Context(), user, api.Allowance{Program: "/" + strings.Repeat("x", 16<<10)})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("a name of 16 kB: %v", err)
	}
}
