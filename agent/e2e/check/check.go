//go:build linux

// Package check tries `minewatch check` on real pages in a real Chromium: sixty that mine (simulated) in every way known and
// sixty honest ones. It uses the program as a site's owner does.
package check

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"sync"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/testkit/sites"
)

// Answer is the part of a page's answer that is looked at.
type Answer struct {
	URL      string `json:"url"`
	Verdict  string `json:"verdict"`
	Detail   string `json:"detail"`
	Sentence string `json:"sentence"`
	Visits   []struct {
		Verdict   string  `json:"verdict"`
		WatchedS  float64 `json:"watched_s"`
		DetectedS float64 `json:"detected_s"`
		Findings  []struct {
			Script string `json:"script"`
			Chain  []struct {
				Kind string `json:"kind"`
				Name string `json:"name"`
			} `json:"chain"`
		} `json:"findings"`
	} `json:"visits"`
}

// Script is the script that the first finding names.
func (a *Answer) Script() string {
	for _, v := range a.Visits {
		if v.Verdict == a.Verdict && len(v.Findings) > 0 {
			return v.Findings[0].Script
		}
	}
	return ""
}

// took is how long the visit lasted that decided, in seconds.
func (a *Answer) took() float64 {
	for _, v := range a.Visits {
		if v.Verdict == a.Verdict {
			return v.WatchedS
		}
	}
	return 0
}

// Summary is what `make e2e-check` prints.
type Summary struct {
	Type             string  `json:"type"`
	Pages            int     `json:"pages"`
	Found            int     `json:"found"`
	ScriptRight      int     `json:"script_right"`
	Benign           int     `json:"benign"`
	BenignMiningLike int     `json:"benign_mining_like"`
	BenignHeavy      int     `json:"benign_heavy"`
	Unknown          int     `json:"unknown"`
	P50              float64 `json:"p50_s"`
	P95              float64 `json:"p95_s"`
}

// Run checks every site with the program, so many at one time, and hands each answer to tell.
func Run(ctx context.Context, program, proxy string, all []*sites.Site, together int, tell func(*sites.Site, *Answer, error)) Summary {
	s := Summary{Type: "check"}
	var (
		mu    sync.Mutex
		times []float64
		wg    sync.WaitGroup
	)
	next := make(chan *sites.Site)
	for range together {
		wg.Go(func() {
			for site := range next {
				a, err := One(ctx, program, proxy, site)
				mu.Lock()
				s.add(site, a, err)
				if site.Mines && err == nil {
					times = append(times, a.took())
				}
				tell(site, a, err)
				mu.Unlock()
			}
		})
	}
	for _, site := range all {
		next <- site
	}
	close(next)
	wg.Wait()
	slices.Sort(times)
	if n := len(times); n > 0 {
		s.P50, s.P95 = times[n/2], times[min(n-1, n*95/100)]
	}
	return s
}

func (s *Summary) add(site *sites.Site, a *Answer, err error) {
	verdict := ""
	if err == nil {
		verdict = a.Verdict
	}
	if err != nil || verdict == "unknown" {
		s.Unknown++
	}
	if site.Mines {
		s.Pages++
		if verdict == string(api.MiningLike) {
			s.Found++
			if a.Script() == site.Script {
				s.ScriptRight++
			}
		}
		return
	}
	s.Benign++
	switch verdict {
	case string(api.MiningLike):
		s.BenignMiningLike++
	case string(api.Heavy):
		s.BenignHeavy++
	}
}

// One checks one site.
func One(ctx context.Context, program, proxy string, site *sites.Site, more ...string) (*Answer, error) {
	args := []string{"check", "--json", "--allow-private", "--proxy", proxy, "--visits", strconv.Itoa(cmp.Or(site.Visits, 1))}
	if site.Click != "" {
		args = append(args, "--click", site.Click)
	}
	c := exec.CommandContext(ctx, program, append(append(args, more...), site.URL)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return nil, err
	}
	a := &Answer{}
	if json.Unmarshal(out, a) != nil || a.Verdict == "" {
		return nil, fmt.Errorf("%s: no answer: %s %s", site.Name, out, stderr.Bytes())
	}
	return a, nil
}
