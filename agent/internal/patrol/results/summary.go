package results

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/check"
)

//go:embed summary.gohtml
var pages embed.FS

// maxRows bounds each table of the summary: a browser must be able to show it. All is in results.jsonl.
const maxRows = 1000

// summary is what the page shows. All text in it is clean.
type summary struct {
	Run     *Run
	Began   string
	Cards   []card
	Scripts []scriptRow
	Groups  []group
	Reasons []reasonRow
	// Left is how many rows the tables leave out.
	Left int
}

type card struct {
	Name, More string
	Pages      int
}

type scriptRow struct {
	Script, SHA256, Verdict string
	Sites, Pages            int
}

type group struct {
	ID, Heading string
	Sites       []siteRow
}

type siteRow struct {
	Site  string
	Pages []pageRow
}

type pageRow struct {
	URL, Sentence, Evidence string
}

type reasonRow struct {
	Reason, Example string
	Pages           int
}

// WriteSummary writes summary.html: a page that needs nothing else and runs nothing.
func (s *Store) WriteSummary(ctx context.Context) error {
	show, err := template.ParseFS(pages, "summary.gohtml")
	if err != nil {
		return err
	}
	data, err := s.summary(ctx)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(s.dir, Summary), func(w io.Writer) error { return show.Execute(w, data) })
}

func (s *Store) summary(ctx context.Context) (*summary, error) {
	run, _, err := s.Run(ctx)
	if err != nil {
		return nil, err
	}
	if run == nil {
		return nil, fmt.Errorf("%s holds no run", s.dir)
	}
	counts, err := s.Counts(ctx)
	if err != nil {
		return nil, err
	}
	run.Authority, run.Contact = words.CleanSentence(run.Authority), words.CleanSentence(run.Contact)
	out := &summary{Run: run, Began: run.Began.Format("2006-01-02 15:04 MST")}
	for _, v := range []struct {
		v    check.Verdict
		more string
	}{
		{check.MiningLike, "keep the processor busy as mining does"},
		{check.Heavy, "keep it busy in another way"},
		{check.Unknown, "could not be watched; not clean"},
		{check.NothingFound, "nothing was found in these visits"},
	} {
		out.Cards = append(out.Cards, card{strings.ReplaceAll(string(v.v), "_", " "), v.more, counts[v.v]})
	}
	if err := s.scripts(ctx, out); err != nil {
		return nil, err
	}
	if err := s.sites(ctx, out); err != nil {
		return nil, err
	}
	return out, s.reasons(ctx, out)
}

func (s *Store) scripts(ctx context.Context, out *summary) error {
	rows, err := s.db.QueryContext(ctx, "SELECT script, min(sha256), max(verdict), count(DISTINCT site) AS sites, count(DISTINCT page) AS pages, count(*) OVER () FROM script "+
		"GROUP BY script ORDER BY sites DESC, pages DESC, script LIMIT ?", maxRows)
	if err != nil {
		return err
	}
	defer rows.Close()
	total := 0
	for rows.Next() {
		var r scriptRow
		if err := rows.Scan(&r.Script, &r.SHA256, &r.Verdict, &r.Sites, &r.Pages, &total); err != nil {
			return err
		}
		// max(verdict) is the weightier of the two in the alphabet as well.
		r.Script, r.SHA256, r.Verdict = words.CleanSentence(r.Script), words.Clean(r.SHA256), strings.ReplaceAll(r.Verdict, "_", " ")
		out.Scripts = append(out.Scripts, r)
	}
	out.Left += total - len(out.Scripts)
	return rows.Err()
}

func (s *Store) sites(ctx context.Context, out *summary) error {
	for _, g := range []struct {
		v       check.Verdict
		heading string
	}{{check.MiningLike, "Busy as with mining"}, {check.Heavy, "Busy in another way"}} {
		one, at, n := group{ID: strings.ReplaceAll(string(g.v), "_", "-"), Heading: g.heading}, map[string]int{}, 0
		for p, err := range s.Pages(ctx, g.v) {
			if err != nil {
				return err
			}
			if n++; n > maxRows {
				out.Left++
				continue
			}
			_, site := Site(p.URL)
			i, ok := at[site]
			if !ok {
				i = len(one.Sites)
				at[site] = i
				one.Sites = append(one.Sites, siteRow{Site: words.CleanSentence(site)})
			}
			row := pageRow{URL: words.CleanSentence(p.URL), Sentence: words.CleanText(p.Sentence)}
			if len(p.Evidence) > 0 {
				row.Evidence = words.CleanSentence(p.Evidence[0].Name[:strings.LastIndexByte(p.Evidence[0].Name, '/')])
			}
			one.Sites[i].Pages = append(one.Sites[i].Pages, row)
		}
		slices.SortStableFunc(one.Sites, func(a, b siteRow) int { return len(b.Pages) - len(a.Pages) })
		if len(one.Sites) > 0 {
			out.Groups = append(out.Groups, one)
		}
	}
	return nil
}

func (s *Store) reasons(ctx context.Context, out *summary) error {
	rows, err := s.db.QueryContext(ctx, "SELECT reason, count(*), min(url) FROM page WHERE verdict = ? GROUP BY reason ORDER BY 2 DESC", string(check.Unknown))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r reasonRow
		if err := rows.Scan(&r.Reason, &r.Pages, &r.Example); err != nil {
			return err
		}
		r.Reason, r.Example = strings.ReplaceAll(words.Clean(r.Reason), "_", " "), words.CleanSentence(r.Example)
		out.Reasons = append(out.Reasons, r)
	}
	return rows.Err()
}
