// Package report shows the answers of page checks: for a person, for CI systems, and as evidence.
package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/check"
)

// verdicts are the words for a person.
func verdictOf(v check.Verdict) string {
	switch v {
	case check.MiningLike:
		return "LOOKS LIKE MINING"
	case check.Heavy:
		return "HEAVY"
	case check.Unknown:
		return "NOT KNOWN"
	case check.NothingFound:
	}
	return "NOTHING FOUND"
}

// Text writes one page's answer for a person.
func Text(w io.Writer, p *check.Page) error {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("%s  %s", verdictOf(p.Verdict), clean(p.URL))
	say("  %s", clean(p.Sentence))
	if v, f := p.Finding(); f != nil {
		say("")
		for i, l := range f.Chain {
			say("  %s%s %s", strings.Repeat("  ", min(i, 6)), kind(l.Kind), clean(l.Name))
		}
		say("")
		if len(f.Scripts) > 0 {
			s := &f.Scripts[0]
			threads := ""
			if s.Threads > 1 {
				threads = fmt.Sprintf(" on %d threads", s.Threads)
			}
			say("  It ran %.0f %% of the time%s, %.0f %% of all that the page's scripts did; %.1f cores in all.", s.Duty*100, threads, s.Share*100, f.Cores)
			if s.SHA256 != "" {
				say("  The text that ran has %d bytes, SHA-256 %s.", s.Bytes, clean(s.SHA256))
			}
		}
		told := map[string]bool{}
		for _, m := range v.Modules {
			if m.SHA256 != "" && !told[m.SHA256] {
				told[m.SHA256] = true
				say("  The WebAssembly module has %d bytes, SHA-256 %s.", m.Bytes, m.SHA256)
			}
		}
		say("  First seen after %.0f s, %s. Why:", f.AtS, phase(f.Phase))
		for i, e := range f.Evidence {
			if i < 5 {
				say("    - %s", clean(e.Text))
			}
		}
		say("")
		say("  %s", clean(f.Advice))
		say("  This is what the load looks like. A visitor may have agreed to it.")
	}
	if !p.Verdict.Found() && len(p.Visits) > 0 {
		v := &p.Visits[0]
		if len(v.Phases) > 0 {
			var parts []string
			for _, ph := range v.Phases {
				parts = append(parts, fmt.Sprintf("%s %.0f s at %.2f cores", phase(ph.Name), ph.ToS-ph.FromS, ph.Cores))
			}
			say("  Watched: %s.", strings.Join(parts, ", "))
		}
		say("  Not covered: %s.", strings.Join(p.NotCovered, "; "))
	}
	say("")
	_, err := io.WriteString(w, b.String())
	return err
}

func kind(k string) string {
	return map[string]string{
		"page": "page", "frame": "frame", "worker": "worker", "shared_worker": "shared worker", "service_worker": "service worker",
		"script": "script", "module": "WebAssembly", "function": "function",
	}[k]
}

func phase(name string) string {
	switch name {
	case "front":
		return "in front"
	case "clicked":
		return "after the click"
	case "hidden":
		return "out of sight"
	}
	return "meanwhile"
}

func clean(s string) string { return words.CleanSentence(s) }
