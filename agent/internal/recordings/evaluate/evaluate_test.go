package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/heuristics"
)

var update = flag.Bool("update", false, "rewrite testdata/want.jsonl")

func run(t *testing.T, dir string, o Options) map[string]*Trace {
	t.Helper()
	all, err := Run(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*Trace{}
	for i := range all {
		out[all[i].Name] = &all[i]
	}
	return out
}

const filmsTruth = `{"label":"mining","site":"films.test","process":"chromium","load_start_s":10,"load_end_s":80,"duty":1,"workers":2}`

// miner is a load that any sane weights call mining.
func miner() load {
	return load{name: "chromium", site: "films.test", workers: 2, duty: 1, from: 10, to: 80}
}

func TestEvaluationOfAFolder(t *testing.T) {
	dir := t.TempDir()
	miner().write(t, dir, "films", filmsTruth)
	other := miner()
	other.site = "other.test"
	other.write(t, dir, "other", strings.Replace(filmsTruth, `"duty"`, `"split":"tune","duty"`, 1))
	unknown := miner()
	unknown.noFrames = true
	unknown.write(t, dir, "nested/unknown", filmsTruth)
	miner().write(t, dir, "early", strings.Replace(filmsTruth, `"load_start_s":10`, `"load_start_s":60`, 1))
	miner().write(t, dir, "not-mining", `{"label":"benign","site":"films.test","process":"chromium"}`)
	load{name: "idle", from: 90, to: 90}.write(t, dir, "quiet", `{"label":"benign"}`)
	load{name: "idle", hostOnly: true}.write(t, dir, "host", `{"label":"mining","process":"x"}`)
	coarse := miner()
	coarse.every = 10
	coarse.write(t, dir, "coarse", filmsTruth)

	got := run(t, dir, Options{})
	films := got["films"]
	if films.Outcome != "mining_like" || films.Split != Test || len(films.Alerts) != 1 || !films.Alerts[0].Right || !films.Alerts[0].SiteRight ||
		films.TimeToDetect == nil || *films.TimeToDetect <= 0 || *films.TimeToDetect != films.Alerts[0].T-10 ||
		*films.MeasuredCores < 1.9 || *films.MeasuredCores > 2.1 || *films.Cores != 2 || len(films.Rules) == 0 || films.Detail != Enough ||
		films.Length != 90 || len(films.Plot.Points) != 91 {
		t.Errorf("films: %+v", films)
	}
	if o := got["other"]; o.Outcome != "none" || o.TimeToDetect != nil || len(o.Alerts) != 1 || o.Alerts[0].Right || !o.Alerts[0].SiteWrong || o.Split != Tune {
		t.Errorf("an alert that names another site is taken for right: %+v", o)
	}
	if u := got["nested/unknown"]; u.Outcome != "mining_like" || !u.Alerts[0].Right || u.Alerts[0].SiteRight || u.Alerts[0].SiteWrong {
		t.Errorf("an alert about the tab without its site: %+v", u)
	}
	if e := got["early"]; e.Outcome != "none" || len(e.Alerts) != 1 || e.Alerts[0].Right {
		t.Errorf("an alert before the load is taken for right: %+v", e)
	}
	if b := got["not-mining"]; b.Outcome != "mining_like" || b.Alerts[0].Right || b.Alerts[0].SiteWrong {
		t.Errorf("a false alarm: %+v", b)
	}
	for _, name := range []string{"host", "coarse"} {
		if got[name].Detail != NotEnough || got[name].Problem != nil {
			t.Errorf("%s: %+v", name, got[name])
		}
	}
	all, _ := Run(t.Context(), dir, Options{})
	sums := Summarise(all, "")
	if len(sums) != 2 || sums[0].Split != Tune || sums[1].Split != Test {
		t.Fatalf("summaries %+v", sums)
	}
	s := sums[1]
	if s.Traces != 7 || s.Mining != 5 || s.Benign != 2 || s.NotEnough != 2 || *s.Recall != 0.666667 || s.BenignMiningLike != 1 ||
		s.SiteWrong != 0 || *s.FalseAlarms < 1 || s.FalseAlerts < 2 {
		t.Errorf("summary %+v", s)
	}
}

// A site that was named wrongly once was wrong, whatever is said later; a severity never falls.
func TestAlertOverTime(t *testing.T) {
	truth, err := ParseTruth([]byte(filmsTruth))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: &Trace{Label: Mining, Truth: truth}, match: newMatcher(&truth), tracks: newTracks()}
	say := func(at float64, site string, severity api.Severity) {
		b.fired(&api.Alert{ID: "x", T: at, Subject: "browser_tab", Site: site, Severity: severity, Confidence: at / 100}, nil)
	}
	say(20, "other.test", "heavy")
	say(30, "films.test", "mining_like")
	say(40, "films.test", "heavy")
	if len(b.t.Alerts) != 1 {
		t.Fatalf("%+v", b.t.Alerts)
	}
	a := b.t.Alerts[0]
	if !a.SiteWrong || a.SiteRight || !a.Right || a.Severity != "mining_like" || a.T != 20 || *a.MiningLikeAt != 30 || *a.TimeToDetect != 10 ||
		a.Confidence != 0.2 {
		t.Errorf("%+v", a)
	}
}

// Groups and their members use the same CPU time: it counts once.
func TestUseOfTheTrueSubjectCountsOnce(t *testing.T) {
	verdict := func(kind heuristics.SubjectKind, key string, cores float64) alert.Finding {
		return alert.Finding{Verdict: heuristics.Verdict{Subject: heuristics.Subject{Kind: kind, Key: key}, Now: cores}}
	}
	ts := newTracks()
	ts.observe(time.Second, []alert.Finding{
		verdict(heuristics.SubjectProcess, "a", 0.5), verdict(heuristics.SubjectGroup, "g", 1.2), verdict(heuristics.SubjectProcess, "b", 0.6),
		verdict(heuristics.SubjectProcess, "other", 3),
	}, func(j *alert.Finding) bool { return j.Verdict.Subject.Key != "other" })
	if got := ts.truth.points[0].Cores; got != 1.2 {
		t.Errorf("%v cores, want 1.2", got)
	}
}

func TestSplit(t *testing.T) {
	dir := t.TempDir()
	miner().write(t, dir, "a", strings.Replace(filmsTruth, `"duty"`, `"split":"tune","duty"`, 1))
	miner().write(t, dir, "b", filmsTruth)
	if got := run(t, dir, Options{Split: Tune}); len(got) != 1 || got["a"] == nil {
		t.Errorf("tune: %v", got)
	}
	if got := run(t, dir, Options{Split: Test}); len(got) != 1 || got["b"] == nil {
		t.Errorf("test: %v", got)
	}
	if got := run(t, filepath.Join(dir, "b"), Options{}); len(got) != 1 || got["b"] == nil {
		t.Errorf("one recording's own folder: %v", got)
	}
}

func TestProblemsAreReportedAndTheRestIsEvaluated(t *testing.T) {
	dir := t.TempDir()
	miner().write(t, dir, "good", filmsTruth)
	miner().write(t, dir, "no-truth", "")
	miner().write(t, dir, "bad-json", "{\n\"label\" \"mining\"}")
	miner().write(t, dir, "ghost", "{\"label\":\"mining\",\n\"process\":\"hashd\"}")
	miner().write(t, dir, "late", "{\"label\":\"benign\",\n\n\"load_start_s\":500}")
	miner().write(t, dir, "long", "{\"label\":\"benign\",\"load_start_s\":5,\n\"load_end_s\":500}")
	miner().write(t, dir, "cut", filmsTruth)
	cut := filepath.Join(dir, "cut", traceFile)
	b, err := os.ReadFile(cut)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "no-trace"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "no-trace", truthFile), []byte(`{"label":"benign"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := Run(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, p := range Problems(all) {
		line := strings.ReplaceAll(strings.TrimPrefix(p.Error(), dir+string(filepath.Separator)), `\`, "/")
		if strings.Contains(line, "\n") {
			t.Errorf("more than one line: %q", line)
		}
		told = append(told, line)
	}
	for i, want := range []string{
		"bad-json/truth.json:2: ", "cut/trace.jsonl.zst", "ghost/truth.json:2: \"hashd\"", "late/truth.json:3: ", "long/truth.json:2: ",
		"no-trace/trace.jsonl.zst is missing", "no-truth/truth.json is missing",
	} {
		if i >= len(told) || !strings.HasPrefix(told[i], want) {
			t.Errorf("problem %d: %q, want %q", i, told, want)
		}
	}
	s := Summarise(all, "")[0]
	if s.Traces != 1 || s.Failed != 7 || *s.Recall != 1 || s.RightAlerts != 1 || s.FalseAlerts != 0 {
		t.Errorf("what is damaged counts: %+v", s)
	}
}

func TestNoRecordings(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "nowhere")} {
		if _, err := Run(t.Context(), dir, Options{}); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestStopped(t *testing.T) {
	dir := t.TempDir()
	miner().write(t, dir, "a", filmsTruth)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	all, err := Run(ctx, dir, Options{})
	if !errors.Is(err, context.Canceled) || len(Problems(all)) > 0 {
		t.Errorf("%v, %v", err, Problems(all))
	}
}

func TestSettingsReachTheDetector(t *testing.T) {
	dir := t.TempDir()
	miner().write(t, dir, "a", filmsTruth)
	var c heuristics.Config
	if err := c.Set("suspect_at", "0.999"); err != nil {
		t.Fatal(err)
	}
	usual, strict := run(t, dir, Options{})["a"], run(t, dir, Options{Config: c})["a"]
	if strict.Outcome == usual.Outcome && *strict.TimeToDetect <= *usual.TimeToDetect {
		t.Errorf("a stricter detector says the same as early: %+v", strict)
	}
}

func TestProgress(t *testing.T) {
	dir := t.TempDir()
	miner().write(t, dir, "a", filmsTruth)
	miner().write(t, dir, "b", "")
	var told [][2]int
	run(t, dir, Options{Progress: func(done, all int) { told = append(told, [2]int{done, all}) }})
	if diff := cmp.Diff([][2]int{{1, 2}, {2, 2}}, told); diff != "" {
		t.Error(diff)
	}
}

// golden are outcomes made by hand, so that the JSON does not change with the weights of rules.
func golden() []Trace {
	alert := func(at float64, severity api.Severity, right bool) Alert {
		return Alert{
			T: at, Severity: severity, Confidence: 0.9, Subject: "process", ProcessName: "hashd", Right: right, TimeToDetect: new(at - 10),
			Rules: map[string]float64{"duration": 1.2, "flatness": -0.5},
		}
	}
	mining := func(name string, duty float64, workers int, outcome api.Severity, alerts ...Alert) Trace {
		t := Trace{
			Type: "trace", Name: name, Split: Test, Label: Mining, Duty: &duty, Cores: new(duty * float64(workers)), Length: 90,
			MachineCores: 4, Detail: Enough, Outcome: outcome, Alerts: alerts, Rules: map[string]float64{},
		}
		for _, a := range alerts {
			if a.Right && t.TimeToDetect == nil {
				t.TimeToDetect = a.TimeToDetect
			}
		}
		return t
	}
	other := func(name, label string, alerts ...Alert) Trace {
		return Trace{
			Type: "trace", Name: name, Split: Test, Label: label, Length: 43200, MachineCores: 4, Detail: Enough, Outcome: "none",
			Alerts: alerts, Rules: map[string]float64{},
		}
	}
	tab := alert(40, "mining_like", true)
	tab.Subject, tab.Site, tab.SiteConfidence, tab.SiteRight, tab.MiningLikeAt = "browser_tab", "films.test", "exact", true, new(40.0)
	wrong := alert(50, "heavy", false)
	wrong.Subject, wrong.Site, wrong.SiteConfidence, wrong.SiteWrong, wrong.TimeToDetect = "browser_tab", "other.test", "probable", true, nil
	all := []Trace{
		mining("full", 1, 2, "mining_like", tab, alert(60, "heavy", true)),
		mining("half", 0.5, 1, "heavy", alert(50, "heavy", true), wrong),
		mining("missed", 0.2, 1, "none"),
		mining("coarse", 1, 2, "none"),
		mining("whisper", 0.1, 1, "heavy", alert(95, "heavy", true)), // too little for either recall by load
		other("quiet", Benign),
		other("build", Benign, alert(99, "heavy", false), alert(300, "mining_like", false)),
		other("chess", Lookalike, alert(30, "mining_like", false)),
	}
	all[3].Detail = NotEnough
	all[5].Split = Tune
	return all
}

func TestGoldenJSON(t *testing.T) {
	var b strings.Builder
	out := json.NewEncoder(&b)
	all := golden()
	for i := range all {
		if err := out.Encode(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range Summarise(all, "") {
		if err := out.Encode(&s); err != nil {
			t.Fatal(err)
		}
	}
	const file = "testdata/want.jsonl"
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o700), os.WriteFile(file, []byte(b.String()), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("another JSON (-want +got); scripts rely on it:\n%s", diff)
	}
}

func TestSummaryFigures(t *testing.T) {
	sums := Summarise(golden(), "")
	s := sums[1]
	for name, c := range map[string]struct{ got, want float64 }{
		"recall":             {*s.Recall, 0.75},
		"recall_mining_like": {*s.RecallMiningLike, 0.25},
		"precision":          {*s.Precision, 0.571429}, // 4 right; 1 on another site and 2 on benign use are false
		"recall_30":          {*s.Recall30, 1},
		"recall_20":          {*s.Recall20, 0},
		"p50":                {*s.TimeToDetect.P50, 40},
		"p90":                {*s.TimeToDetect.P90, 85},
		"full duty":          {*s.FullDuty.P50, 30},
		"throttled":          {*s.Throttled.Max, 40},
		"alarms a day":       {*s.FalseAlarms, 2},
		"any alarms a day":   {*s.FalseAlarmsAny, 4},
		"upper bound":        {*s.FalseAlarmsUpper95, 11.143}, // 5.5716 in half a day
		"hours":              {s.BenignHours, 12},
		"wrong sites":        {float64(s.SiteWrong), 1},
		"right sites":        {float64(s.SiteCorrect), 1},
		"lookalikes":         {float64(s.LookalikeMiningLike), 1},
	} {
		if c.got != c.want {
			t.Errorf("%s is %v, want %v", name, c.got, c.want)
		}
	}
	if tune := sums[0]; tune.Recall != nil || tune.Precision != nil || *tune.FalseAlarms != 0 || *tune.FalseAlarmsUpper95 != 7.378 {
		t.Errorf("a split without mining: %+v", tune)
	}
}

func TestFloors(t *testing.T) {
	sums := Summarise(golden(), "")
	for _, c := range []struct {
		floors string
		want   []string
	}{
		{"", nil},
		{"recall=0.6,precision=0.5, site_wrong<=1", nil},
		{"recall=0.98,precision=0.4", []string{"test.recall is 0.75, below the floor of 0.98"}},
		{"site_wrong<=0,time_to_detect_s.p90<=39", []string{
			"test.site_wrong is 1, above the ceiling of 0", "test.time_to_detect_s.p90 is 85, above the ceiling of 39",
		}},
		{"tune.recall=0.1", []string{"tune.recall is not known, because nothing in the recordings speaks of it"}},
	} {
		floors, err := ParseFloors(c.floors)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, Missed(floors, sums)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.floors, diff)
		}
	}
	floors, err := ParseFloors("tune.recall=0.5")
	if err != nil || len(Missed(floors, sums[1:])) != 1 {
		t.Errorf("a floor on a split that is not there is met: %v", err)
	}
	for _, bad := range []string{"recall", "recall=", "recall=x", "recall=NaN", "fame=1", "split=1", "train.recall=1"} {
		if _, err := ParseFloors(bad); err == nil {
			t.Errorf("%q is taken for a floor", bad)
		}
	}
}

// A recording with very many subjects keeps those that used most.
func TestManySubjects(t *testing.T) {
	ts := newTracks()
	at := time.Duration(0)
	for i := range 1000 {
		at += time.Second
		ts.observe(at, []alert.Finding{
			{Verdict: heuristics.Verdict{Subject: heuristics.Subject{Key: strconv.Itoa(i)}, Now: 0.1}},
			{Verdict: heuristics.Verdict{Subject: heuristics.Subject{Key: "busy"}, Now: 1}},
		}, func(*alert.Finding) bool { return false })
	}
	if got := ts.choose(&Trace{Label: Benign}, nil); got == nil || got.key != "busy" || len(ts.all) != maxTracks || len(ts.order) != maxTracks {
		t.Errorf("%d tracks, shown is %+v", len(ts.all), got)
	}
}

func TestLongTracksKeepTheirShape(t *testing.T) {
	tr := &track{each: 1}
	for i := range 3 * maxPoints {
		tr.now = Point{Cores: 1, Confidence: 0.2}
		if i == 777 {
			tr.now.Said, tr.now.Confidence = "mining_like", 0.9
		}
		tr.tick(0, 1)
	}
	said := 0
	for _, p := range tr.points {
		if p.Cores != 1 {
			t.Fatalf("%v cores", p.Cores)
		}
		if p.Said == "mining_like" && p.Confidence == 0.9 {
			said++
		}
	}
	if len(tr.points) >= maxPoints || said != 1 {
		t.Errorf("%d points, %d of them suspected", len(tr.points), said)
	}
}
