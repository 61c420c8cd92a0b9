package heuristics

import (
	"strings"
	"testing"
	"time"
)

// page and tool are subjects for tests of rules.
func page() Subject {
	return Subject{Kind: SubjectProcess, Info: ProcessInfo{Name: "chromium", Browser: &BrowserProcess{Family: "chromium", Role: "renderer", Renderer: 7}}}
}

func tool() Subject {
	return Subject{Kind: SubjectProcess, Info: ProcessInfo{Name: "tool", Exe: "/usr/bin/tool"}}
}

// busyFor returns features of a load that has lasted long enough for every rule, and of which nothing else is known.
func busyFor(change func(*Features)) Features {
	f := unknown()
	f.Busy, f.Interval, f.Window = time.Minute, time.Second, 30*time.Second
	f.Cores, f.Machine, f.Demand, f.Spread = 1, 0.5, 1, 0.1
	if change != nil {
		change(&f)
	}
	return f
}

// ruleCase is what a rule must say of features.
type ruleCase struct {
	name   string
	about  Subject
	change func(*Features)
	// low and high bound the strength; both 0 means that the rule must be silent.
	low, high float64
	says      string // part of the sentence
}

// testRule checks cases, and that the rule is silent where it knows nothing and before a load has lasted.
func testRule(t *testing.T, r rule, cases []ruleCase) {
	t.Helper()
	d := r.define()
	if d.ID == "" || d.Needs == "" || d.Reference == "" {
		t.Errorf("the definition lacks something: %+v", d)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := busyFor(c.change)
			got, facts, text, ok := r.assess(&f, &c.about)
			if !ok {
				got = 0
			}
			if ok != (c.low != 0 || c.high != 0) || got < c.low || got > c.high {
				t.Fatalf("strength %.2f (says something: %v), want %.2f to %.2f", got, ok, c.low, c.high)
			}
			if !ok {
				return
			}
			if got < -1 || got > 1 || facts == nil {
				t.Errorf("strength %.2f, facts %v", got, facts)
			}
			if !strings.HasSuffix(text, ".") || !strings.Contains(text, c.says) {
				t.Errorf("it says %q, want a sentence with %q", text, c.says)
			}
			for _, bad := range []string{"malware", "infected", "attack", "NaN"} {
				if strings.Contains(text, bad) {
					t.Errorf("it says %q", text)
				}
			}
			f.Busy = sustainedFrom - time.Second
			if _, _, _, ok := r.assess(&f, &c.about); ok {
				t.Error("it speaks of a load that has not lasted")
			}
		})
	}
}

// A rule that says something of nothing would weaken every verdict on a trace without detail.
func TestRulesAreSilentWithoutFacts(t *testing.T) {
	f := unknown()
	f.Busy, f.Demand, f.Spread = time.Minute, f.Transfer, f.Transfer // NaN
	for _, about := range []Subject{page(), tool(), {Kind: SubjectGroup, Info: ProcessInfo{Name: "x"}}, {Kind: SubjectUnattributed}} {
		for _, r := range rules() {
			if s, _, text, ok := r.assess(&f, &about); ok && r.define().ID != (duration{}).define().ID {
				t.Errorf("%s of %s: %.2f %q", r.define().ID, about.Kind, s, text)
			}
		}
	}
}

func TestWeightsNameEveryRule(t *testing.T) {
	w, err := ReadWeights(fittedWeights)
	if err != nil {
		t.Fatal(err)
	}
	delete(w.Rules, "duration")
	for _, bad := range []string{`{`, `{"bias":1}`, strings.Replace(string(fittedWeights), `"duration"`, `"nothing"`, 1)} {
		if _, err := ReadWeights([]byte(bad)); err == nil {
			t.Errorf("%.40q is taken for weights", bad)
		}
	}
	seen := map[string]bool{}
	for _, d := range Rules() {
		if seen[d.ID] {
			t.Errorf("two rules are called %s", d.ID)
		}
		seen[d.ID] = true
	}
}

func TestFeaturesListIsWhole(t *testing.T) {
	f := unknown()
	seen := map[string]bool{}
	for _, x := range f.List() {
		if x.Name == "" || x.Unit == "" || x.Meaning == "" || seen[x.Name] {
			t.Errorf("%+v", x)
		}
		seen[x.Name] = true
	}
	if n := len(seen); n != 23 {
		t.Errorf("%d figures; Features has 23 beside Origins", n)
	}
	if got := f.Missing(); len(got) != 2 {
		t.Errorf("missing %q, want threads and I/O", got)
	}
}
