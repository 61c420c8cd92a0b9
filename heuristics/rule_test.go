package heuristics

import (
	"math"
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

// ask puts one rule into an engine of its own, so that its definition is tested with it.
func ask(r rule, f *Features, about *Subject) (Evidence, bool) {
	id := r.define().ID
	e := newEngine([]rule{r}, &Weights{Rules: map[RuleID]Weight{id: {When: 1, Against: 1}}})
	evidence := e.weigh(f, about).evidence
	if len(evidence) == 0 {
		return Evidence{}, false
	}
	return evidence[0], true
}

// forget takes a fact away from features and a subject.
func forget(t *testing.T, fact Fact, f *Features, about *Subject) {
	t.Helper()
	nan := math.NaN()
	switch fact {
	case FactShape:
		f.Spread = nan
	case FactThreads:
		f.WorkerShare = nan
	case FactVisibility:
		f.Hidden = nan
	case FactSound:
		f.Audible = nan
	case FactTransfer:
		f.Transfer = nan
	case FactMemory:
		f.MemoryMoves = nan
	case FactMemoryStep:
		f.MemoryStep = nan
	case FactPath:
		about.Info.Exe = ""
	case FactSystemTime:
		f.SystemShare = nan
	case FactWorkerShape:
		f.WorkerSpread = nan
	case FactLives:
		f.LifeUneven = nan
	default:
		t.Fatalf("nothing is known of the fact %v", fact)
	}
}

// testRule checks cases, and that the engine asks the rule only where its definition says so: at the kinds of subject
// that it applies to, with each fact that it needs, and from its duration on.
func testRule(t *testing.T, r rule, cases []ruleCase) {
	t.Helper()
	d := r.define()
	if d.ID == "" || d.Scope == 0 || d.From < sustainedFrom || d.Reference == "" || d.NeedsText() == "" {
		t.Errorf("the definition lacks something: %+v", d)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := busyFor(c.change)
			said, ok := ask(r, &f, &c.about)
			if got := said.Strength; ok != (c.low != 0 || c.high != 0) || got < c.low || got > c.high {
				t.Fatalf("strength %.2f (says something: %v), want %.2f to %.2f", got, ok, c.low, c.high)
			}
			if !ok {
				return
			}
			if said.Strength < -1 || said.Strength > 1 || said.Facts == nil {
				t.Errorf("strength %.2f, facts %v", said.Strength, said.Facts)
			}
			if !strings.HasSuffix(said.Text, ".") || !strings.Contains(said.Text, c.says) {
				t.Errorf("it says %q, want a sentence with %q", said.Text, c.says)
			}
			for _, bad := range []string{"malware", "infected", "attack", "NaN"} {
				if strings.Contains(said.Text, bad) {
					t.Errorf("it says %q", said.Text)
				}
			}
			for _, i := range factTable() {
				without, about := f, c.about
				forget(t, i.fact, &without, &about)
				if _, ok := ask(r, &without, &about); ok && d.Needs&i.fact != 0 {
					t.Errorf("it speaks without %s", i.words)
				}
			}
			f.Busy = d.From - time.Second
			if _, ok := ask(r, &f, &c.about); ok {
				t.Error("it speaks of a load that has not lasted")
			}
		})
	}
}

func TestTheEngineKeepsToTheScope(t *testing.T) {
	helper, group, rest := page(), tool(), tool()
	helper.Info.Browser = &BrowserProcess{Family: Chromium, Role: RoleGPU}
	group.Kind, rest.Kind = SubjectGroup, SubjectUnattributed
	subjects := map[Scope]Subject{ScopePage: page(), ScopeHelper: helper, ScopeProgram: tool(), ScopeGroup: group, ScopeRest: rest}
	for scope, about := range subjects {
		for _, only := range []Scope{ScopePage, ScopeHelper, ScopeProgram, ScopeGroup, ScopeRest} {
			f := busyFor(nil)
			if _, ok := ask(loud{only}, &f, &about); ok != (only == scope) {
				t.Errorf("a rule for %s is asked of %s: %v", only, scope, ok)
			}
		}
	}
}

// loud is a rule that always speaks.
type loud struct{ scope Scope }

func (l loud) define() Definition               { return Definition{ID: "loud", Scope: l.scope} }
func (loud) assess(*Features, *Subject) finding { return finding{strength: 1} }

// A rule that says something of nothing would weaken every verdict on a trace without detail.
func TestRulesAreSilentWithoutFacts(t *testing.T) {
	f := unknown()
	f.Busy, f.Demand, f.Spread = time.Minute, f.Transfer, f.Transfer // NaN
	nameless := tool()
	nameless.Info.Exe = ""
	for _, about := range []Subject{page(), nameless, {Kind: SubjectGroup, Info: ProcessInfo{Name: "x"}}, {Kind: SubjectUnattributed}} {
		for _, r := range rules() {
			if said, ok := ask(r, &f, &about); ok && said.Rule != (duration{}).define().ID {
				t.Errorf("%s of %s: %.2f %q", said.Rule, about.Kind, said.Strength, said.Text)
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
	seen := map[RuleID]bool{}
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
	if n := len(seen); n != 36 {
		t.Errorf("%d figures; Features has 36 beside Origins", n)
	}
	if got := f.Missing(); len(got) != 2 {
		t.Errorf("missing %q, want threads and I/O", got)
	}
}
