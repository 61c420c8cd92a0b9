package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
)

func TestConsents(t *testing.T) {
	s := open(t, t.TempDir())
	site := api.Allowance{Type: "allowance", Site: "films.test", User: "1000", Since: noon}
	brief := api.Allowance{Type: "allowance", Program: "/usr/bin/x265", User: "1000", Since: noon, Until: noon.Add(time.Hour)}
	other := api.Allowance{Type: "allowance", Site: "films.test", User: "1001"}
	for _, a := range []api.Allowance{site, brief, other} {
		must(t, s.AddAllowance(t.Context(), a))
	}
	list := func(user string, now time.Time) []api.Allowance {
		t.Helper()
		out, err := s.Allowances(t.Context(), user, now)
		must(t, err)
		return out
	}
	if diff := cmp.Diff([]api.Allowance{brief, site}, list("1000", noon)); diff != "" {
		t.Errorf("of one user (-want +got):\n%s", diff)
	}
	if got := list("", noon); len(got) != 3 {
		t.Errorf("%d of all users, want 3", len(got))
	}
	if got, err := s.Snoozes(t.Context(), "", noon); err != nil || len(got) != 0 {
		t.Errorf("allowances are listed as snoozes: %v, %v", got, err)
	}

	site.Until = noon.Add(2 * time.Hour)
	must(t, s.AddAllowance(t.Context(), site)) // in place of the first
	if diff := cmp.Diff([]api.Allowance{site}, list("1000", noon.Add(time.Hour))); diff != "" {
		t.Errorf("after one is over (-want +got):\n%s", diff)
	}
	if got := list("1000", noon); len(got) != 1 {
		t.Errorf("the one that was over was not deleted: %v", got)
	}

	for _, c := range []struct {
		a    api.Allowance
		want bool
	}{
		{api.Allowance{Site: "films.test", User: "1002"}, false},
		{api.Allowance{Program: "films.test", User: "1000"}, false},
		{api.Allowance{Site: "films.test"}, false},
		{api.Allowance{Site: "films.test", User: "1000"}, true},
		{api.Allowance{Site: "films.test", User: "1000"}, false},
	} {
		if got, err := s.RemoveAllowance(t.Context(), c.a); got != c.want || err != nil {
			t.Errorf("RemoveAllowance(%+v): %v, %v, want %v", c.a, got, err, c.want)
		}
	}
	if got := list("", noon); len(got) != 1 || got[0].User != "1001" {
		t.Errorf("left over: %v", got)
	}
}

func TestSnoozes(t *testing.T) {
	s := open(t, t.TempDir())
	a := api.Allowance{Type: "allowance", Site: "films.test", User: "1000", Since: noon, Until: noon.Add(time.Hour)}
	must(t, s.SetSnooze(t.Context(), a))
	a.Until = noon.Add(time.Minute) // a shorter one counts as well
	must(t, s.SetSnooze(t.Context(), a))
	got, err := s.Snoozes(t.Context(), "1000", noon)
	if diff := cmp.Diff([]api.Allowance{a}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := s.Allowances(t.Context(), "", noon); err != nil || len(got) != 0 {
		t.Errorf("snoozes are listed as allowances: %v, %v", got, err)
	}
	if err := s.SetSnooze(t.Context(), api.Allowance{Site: "films.test", User: "1000"}); err == nil {
		t.Error("a snooze without an end was stored")
	}
}

func TestConsentsRefused(t *testing.T) {
	s := open(t, t.TempDir())
	for name, a := range map[string]api.Allowance{
		"neither": {User: "1000"}, "both": {User: "1000", Site: "a", Program: "b"},
		"long": {User: "1000", Program: strings.Repeat("x", maxProgram+1)}, "long site": {User: "1000", Site: strings.Repeat("x", maxSite+1)},
		"long user": {User: strings.Repeat("1", maxUser+1), Site: "films.test"},
	} {
		if err := s.AddAllowance(t.Context(), a); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.RemoveAllowance(t.Context(), a); err == nil {
			t.Errorf("%s: removed", name)
		}
	}
	must(t, s.transact(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		for i := range maxUserConsents {
			if _, err := tx.ExecContext(ctx, upsertConsent, string(allowance), "1000", strconv.Itoa(i), "", nil, nil); err != nil {
				return err
			}
		}
		return nil
	}))
	one := api.Allowance{User: "1000", Site: "one-more.test"}
	if err := s.AddAllowance(t.Context(), one); !errors.Is(err, ErrTooMany) {
		t.Errorf("allowance %d: %v", maxUserConsents+1, err)
	}
	must(t, s.AddAllowance(t.Context(), api.Allowance{User: "1000", Site: "7", Until: noon})) // in place of an old one
	one.User = "1001"
	must(t, s.AddAllowance(t.Context(), one))
}
