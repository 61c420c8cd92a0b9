package results

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/minewatch/minewatch/agent/internal/check"
)

// Change is a page that two runs judge otherwise. An empty verdict is of a page that was not in that run.
type Change struct {
	Type   string        `json:"type"` // "change"
	URL    string        `json:"url"`
	Before check.Verdict `json:"before"`
	After  check.Verdict `json:"after"`
	// ScriptBefore and ScriptAfter are the scripts behind the load, where one is known.
	ScriptBefore string `json:"script_before,omitempty"`
	ScriptAfter  string `json:"script_after,omitempty"`
}

func (c *Change) String() string {
	one := func(v check.Verdict, script string) string {
		if script != "" {
			return string(v) + " (" + script + ")"
		}
		return cmp.Or(string(v), "not visited")
	}
	return fmt.Sprintf("%s: %s -> %s", c.URL, one(c.Before, c.ScriptBefore), one(c.After, c.ScriptAfter))
}

const judged = "SELECT p.verdict, coalesce((SELECT script FROM script s WHERE s.page = p.page ORDER BY script LIMIT 1), '') FROM page p WHERE p.url = ?"

func (s *Store) judged(ctx context.Context, url string) (v check.Verdict, script string, err error) {
	err = s.db.QueryRowContext(ctx, judged, url).Scan(&v, &script)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return v, script, err
}

func (s *Store) urls(ctx context.Context) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT url FROM page ORDER BY page")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var u string
		if err := rows.Scan(&u); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, rows.Err()
}

// Diff yields the pages that a later run judges otherwise than an earlier one: those of the later run in the order of its
// list, then those that only the earlier one visited.
func Diff(ctx context.Context, before, after *Store) iter.Seq2[*Change, error] {
	return func(yield func(*Change, error) bool) {
		for i, s := range []*Store{after, before} {
			urls, err := s.urls(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, u := range urls {
				c := &Change{Type: "change", URL: u}
				var err2 error
				c.Before, c.ScriptBefore, err = before.judged(ctx, u)
				c.After, c.ScriptAfter, err2 = after.judged(ctx, u)
				if err := errors.Join(err, err2); err != nil {
					yield(nil, err)
					return
				}
				if i == 1 && c.After != "" || c.Before == c.After && c.ScriptBefore == c.ScriptAfter {
					continue
				}
				if !yield(c, nil) {
					return
				}
			}
		}
	}
}
