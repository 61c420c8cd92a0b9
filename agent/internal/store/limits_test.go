package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

func TestFairShare(t *testing.T) {
	for _, c := range []struct {
		amounts []int
		total   int
		want    int // 0: whatever leaves everybody everything
	}{
		{nil, 10, 0},
		{[]int{3, 4}, 10, 0},
		{[]int{5, 5}, 10, 0},
		{[]int{3, 100}, 10, 7},
		{[]int{100, 100}, 10, 5},
		{[]int{100, 1, 100, 2}, 11, 4},
		{[]int{9, 9, 9}, 3, 1},
	} {
		got := fairShare(c.amounts, c.total)
		if (c.want == 0 && got < slices.Max(append(c.amounts, 0))) || (c.want > 0 && got != c.want) {
			t.Errorf("fairShare(%v, %d) = %d, want %d", c.amounts, c.total, got, c.want)
		}
	}
}

// rowsOf counts a user's rows.
func rowsOf(t *testing.T, s *Store, table, user string) (n int) {
	t.Helper()
	must(t, s.db.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table+` WHERE user = ?`, user).Scan(&n))
	return n
}

// One user's alerts, however many and large, push out no alert of another.
func TestStoredAlertsAreSharedFairly(t *testing.T) {
	s := open(t, t.TempDir())
	resolved := func(id, user string, at time.Duration) api.Alert {
		a := sample(id)
		a.User, a.State, a.Started, a.Updated = user, api.Resolved, noon.Add(at), noon.Add(at)
		return a
	}
	must(t, s.SaveAlert(resolved("first", "1001", 0)))
	for user := range 5 {
		fill(t, s, maxUserAlerts-1, func(i int) api.Alert {
			return resolved(fmt.Sprintf("%d-%d", user, i), strconv.Itoa(2000+user), time.Duration(i+1)*time.Second)
		})
	}
	must(t, s.SaveAlert(resolved("one more", "2000", time.Hour)))
	if n := count(t, s, "alerts"); n > maxAlerts {
		t.Errorf("%d alerts are stored, at most %d wanted", n, maxAlerts)
	}
	if n := rowsOf(t, s, "alerts", "1001"); n != 1 {
		t.Error("a user's only alert, the oldest, was pushed out")
	}
	for user := range 5 {
		if n := rowsOf(t, s, "alerts", strconv.Itoa(2000+user)); n < maxAlerts/6 {
			t.Errorf("user %d has %d alerts left", 2000+user, n)
		}
	}
	fill(t, s, 2*maxUserAlertBytes/60_000, func(i int) api.Alert {
		a := resolved("big"+strconv.Itoa(i), "3000", time.Duration(i)*time.Second)
		a.Exe = strings.Repeat("x", 60_000)
		return a
	})
	must(t, s.SaveAlert(resolved("newest", "3000", time.Hour)))
	var bytes, newest int
	must(t, s.db.QueryRowContext(t.Context(), `SELECT sum(octet_length(body)), sum(id = 'newest') FROM alerts WHERE user = '3000'`).Scan(&bytes, &newest))
	if bytes > maxUserAlertBytes || bytes < maxUserAlertBytes/2 || newest != 1 {
		t.Errorf("one user has %d bytes, at most %d wanted; the newest: %d", bytes, maxUserAlertBytes, newest)
	}
}

func TestOpenAlertsAreNotPushedOut(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.SaveAlert(sample("open")))
	fill(t, s, maxUserAlerts, func(i int) api.Alert {
		a := sample(strconv.Itoa(i))
		a.State, a.Updated = api.Resolved, noon.Add(time.Hour)
		return a
	})
	must(t, s.SaveAlert(sample("new")))
	var n int
	must(t, s.db.QueryRowContext(t.Context(), `SELECT count(*) FROM alerts WHERE state <> 'resolved'`).Scan(&n))
	if n != 2 {
		t.Errorf("%d open alerts are stored, want 2", n)
	}
}

// allowMany stores n allowances of a user, each with a name of so many bytes.
func allowMany(t *testing.T, s *Store, user string, n, each int, since time.Time) {
	t.Helper()
	must(t, s.transact(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		for i := range n {
			name := fmt.Sprintf("/%0*d", each-1, i)
			if _, err := tx.ExecContext(ctx, upsertConsent, string(allowance), user, "", name, micros(since), nil); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestConsentsAreSharedFairly(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.AddAllowance(t.Context(), api.Allowance{User: "1000", Site: "films.test", Since: noon.Add(-time.Hour)}))
	// Bytes of one user.
	allowMany(t, s, "1001", maxUserConsentBytes/4000, 4000, noon)
	long := api.Allowance{User: "1001", Program: "/" + strings.Repeat("y", 4000), Since: noon}
	if err := s.AddAllowance(t.Context(), long); !errors.Is(err, ErrTooMany) {
		t.Errorf("more bytes than one user may have: %v", err)
	}
	must(t, s.AddAllowance(t.Context(), api.Allowance{User: "1001", Site: "short.test", Since: noon}))
	// Rows of all: many users with as many as they may have.
	for user := range maxConsents/maxUserConsents + 1 {
		allowMany(t, s, strconv.Itoa(5000+user), maxUserConsents, 20, noon)
	}
	must(t, s.AddAllowance(t.Context(), api.Allowance{User: "1002", Site: "mail.test", Since: noon}))
	if n := count(t, s, "consents"); n > maxConsents {
		t.Errorf("%d are stored, at most %d wanted", n, maxConsents)
	}
	for _, user := range []string{"1000", "1002"} {
		if n := rowsOf(t, s, "consents", user); n != 1 {
			t.Errorf("user %s has %d, want the one", user, n)
		}
	}
	err := s.AddAllowance(t.Context(), api.Allowance{User: "5000", Site: "more.test", Since: noon})
	if n := rowsOf(t, s, "consents", "5000"); !errors.Is(err, ErrTooMany) && n > maxConsents/20 {
		t.Errorf("who has most got more: %v, %d", err, n)
	}
}
