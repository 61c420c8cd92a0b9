package evaluate

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestParseTruth(t *testing.T) {
	got, err := ParseTruth([]byte(`{"label":"mining","simulated":true,"site":"films.test","process":"chromium",
		"load_start_s":10.5,"load_end_s":70,"note":"hash workers","split":"tune","duty":0.3,"workers":4,"cores":1.2,
		"kind":"browser-workers","programs":["a","b"],"machine":{"some":["new","key"]},"another":null}`))
	if err != nil {
		t.Fatal(err)
	}
	if got.Label != Mining || got.Site != "films.test" || *got.LoadStart != 10.5 || *got.LoadEnd != 70 || got.Split != Tune ||
		*got.Duty != 0.3 || got.Workers != 4 || *got.Cores != 1.2 || len(got.names()) != 3 || !got.Simulated {
		t.Errorf("read %+v", got)
	}
	got, err = ParseTruth([]byte(`{"label":"mining","site":"a.test","sites":["a.test","b.test",""]}`))
	if sites := strings.Join(got.AllSites(), " "); err != nil || sites != "a.test b.test" {
		t.Errorf("the sites %q, %v; want each once", sites, err)
	}
	if got, err := ParseTruth([]byte(`{"label":"mining","sites":["b.test"]}`)); err != nil || len(got.AllSites()) != 1 {
		t.Errorf("a load on a list of one site: %+v, %v", got, err)
	}
	if got, err := ParseTruth([]byte(`{"label":"benign","site":null,"load_start_s":null}`)); err != nil || got.LoadStart != nil {
		t.Errorf("null is as good as nothing: %+v, %v", got, err)
	}
}

func TestParseTruthSaysWhereItIsWrong(t *testing.T) {
	for _, c := range []struct {
		text string
		line int
		want string
	}{
		{"", 1, "JSON object"},
		{"[]", 1, "JSON object"},
		{"{\n\"label\":\"mining\",\n\"site\" \"x\"}", 3, "not JSON"},
		{"{\n\"label\":\"benign\"", 2, "not JSON"},
		{"{\"label\":\"benign\"}\n{}", 2, "follows"},
		{"{\n\"label\":\"good\"}", 2, "mining, benign or lookalike"},
		{"{\n\"site\":\"a.test\"}", 1, `"label" is missing`},
		{"{\n\"label\":7}", 2, "must be a text"},
		{"{\"label\":\"benign\",\n\n\"load_start_s\":\"10\"}", 3, "must be a number of seconds"},
		{"{\"label\":\"benign\",\n\"label\":\"mining\"}", 2, "a second time"},
		{"{\"label\":\"benign\",\n\"load_start_s\":-1}", 2, "no time"},
		{"{\"label\":\"benign\",\n\"load_start_s\":20,\n\"load_end_s\":10}", 3, "not after"},
		{"{\"label\":\"benign\",\n\"duty\":1.5}", 2, "0 to 1"},
		{"{\"label\":\"benign\",\n\"workers\":-2}", 2, "workers"},
		{"{\"label\":\"benign\",\n\"workers\":1.5}", 2, "whole number"},
		{"{\"label\":\"benign\",\n\"split\":\"train\"}", 2, "tune or test"},
		{"{\"label\":\"benign\",\n\"programs\":\"x\"}", 2, "list of names"},
		{"{\"label\":\"mining\"}", 1, "whose load"},
		{"{\"label\":\"mining\",\n\"sites\":[]}", 1, "whose load"},
		{"{\"label\":\"benign\",\n\"sites\":\"a.test\"}", 2, "list of sites"},
		{"{\"label\":\"benign\",\n\"sites\":[" + strings.Repeat("\"a\",", maxSites) + "\"a\"]}", 2, "more than"},
		{"{\"label\":\"benign\",\n\"note\":\"" + strings.Repeat("x", maxText+1) + "\"}", 2, "longer"},
	} {
		_, err := ParseTruth([]byte(c.text))
		var f *flaw
		if !errors.As(err, &f) || f.line != c.line || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v (%+v), want line %d with %q", c.text, err, f, c.line, c.want)
		}
	}
	if _, err := ParseTruth([]byte(`{"label":"benign","note":"` + strings.Repeat(" ", maxTruth) + `"}`)); err == nil {
		t.Error("a label file of any size is read")
	}
}

func TestLoadOfTruth(t *testing.T) {
	for _, c := range []struct {
		text string
		want float64
		ok   bool
	}{
		{`{"label":"benign","workers":4,"duty":0.5}`, 2, true},
		{`{"label":"benign","workers":4,"duty":0.5,"cores":1.5}`, 1.5, true},
		{`{"label":"benign","duty":0.5}`, 0, false},
	} {
		truth, err := ParseTruth([]byte(c.text))
		if got, ok := truth.load(); err != nil || got != c.want || ok != c.ok {
			t.Errorf("%s: %v, %v, %v", c.text, got, ok, err)
		}
	}
}

func FuzzParseTruth(f *testing.F) {
	f.Add([]byte(`{"label":"mining","site":"films.test","process":"chromium","load_start_s":10.5,"load_end_s":70,"split":"tune"}`))
	f.Add([]byte("{\n\"label\":\"benign\",\n\"programs\":[\"a\",null],\"duty\":1e-9}"))
	f.Add([]byte(`{"label":"benign","label":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		truth, err := ParseTruth(b)
		if err != nil {
			var f *flaw
			if strings.ContainsAny(err.Error(), "\n\r") || (errors.As(err, &f) && (f.line < 0 || f.line > 1+strings.Count(string(b), "\n"))) {
				t.Errorf("error %q at %+v", err, f)
			}
			return
		}
		for _, x := range []*float64{truth.LoadStart, truth.LoadEnd, truth.Duty, truth.Cores} {
			if x != nil && (math.IsNaN(*x) || *x < 0 || *x > maxSeconds) {
				t.Errorf("a number of %v", *x)
			}
		}
		if truth.LoadStart != nil && truth.LoadEnd != nil && *truth.LoadEnd <= *truth.LoadStart {
			t.Error("a load that ends before it begins")
		}
		m := newMatcher(&truth)
		m.is(&subject{kind: "browser_tab", name: "x"})
	})
}
