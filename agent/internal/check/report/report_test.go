package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/internal/check"
	"github.com/minewatch/minewatch/agent/internal/check/report"
)

const hostile = "http://a.test/\u202e<script>alert(1)</script>\x1b[31m\"&'"

// pages are a page of each verdict, with hostile names wherever a page can put one.
func pages() []check.Page {
	began := time.Date(2026, 11, 27, 1, 0, 0, 0, time.UTC)
	finding := check.Finding{
		Verdict: check.MiningLike, Confidence: 0.97, AtS: 14, Phase: "front", Cores: 1.4, Script: hostile, Advice: "Remove " + hostile,
		Chain:    []check.Link{{Kind: "page", Name: "http://a.test/"}, {Kind: "worker", Name: hostile}, {Kind: "function", Name: hostile}},
		Scripts:  []check.Script{{URL: hostile, In: "worker", Duty: 0.7, Share: 1, Threads: 2, Bytes: 10, SHA256: "ab"}},
		Evidence: []check.Evidence{{Rule: "x", Text: hostile, Weight: 1}},
	}
	visit := check.Visit{
		Verdict: check.MiningLike, WatchedS: 14, Findings: []check.Finding{finding}, Busy: finding.Scripts, Title: hostile, Sockets: []string{hostile},
		Phases: []check.Phase{{Name: "front", ToS: 14, Cores: 1.4}}, Modules: []check.Module{{Name: hostile, SHA256: "cd", By: hostile}},
		Load:       []check.Point{{AtS: 1, Cores: 0.5}, {AtS: 2, Cores: 1.4, Threads: map[string]float64{hostile: 0.7}}},
		Requests:   []check.Request{{Started: began, Took: time.Second, Method: "GET", URL: "http://a.test/x", Status: 200, Kind: hostile, MIME: hostile, Received: 10}},
		Screenshot: []byte("\x89PNG"),
	}
	return []check.Page{
		check.Sum("http://a.test/", began, "Chrome/1", []check.Visit{visit, {Verdict: check.NothingFound}}),
		check.Sum("http://b.test/", began, "Chrome/1", []check.Visit{{Verdict: check.NothingFound}}),
		check.Sum("http://c.test/", began, "Chrome/1", []check.Visit{{Verdict: check.Unknown, Reason: check.Blocked, Detail: "the server answered 403 " + hostile}}),
	}
}

func write(t *testing.T, f func(io.Writer, []check.Page) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b, pages()); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\u202e") {
		t.Errorf("a name gives orders: %q", b.String())
	}
	return b.String()
}

func TestSum(t *testing.T) {
	p := pages()
	if p[0].Verdict != check.MiningLike || p[0].Found != 1 || !strings.Contains(p[0].Sentence, "1 of 2 visits") {
		t.Errorf("%+v", p[0])
	}
	if p[1].Sentence != "Nothing was found in this visit." || p[2].Verdict != check.Unknown || p[2].Reason != check.Blocked {
		t.Errorf("%+v, %+v", p[1].Sentence, p[2])
	}
	if empty := check.Sum("http://d.test/", time.Time{}, "", nil); empty.Verdict != check.Unknown || empty.Visits == nil {
		t.Errorf("no visit at all: %+v", empty)
	}
	for _, one := range p {
		for _, word := range []string{"illegal", "malicious", "attack", "criminal", "infected"} {
			if strings.Contains(strings.ToLower(one.Sentence), word) {
				t.Errorf("an accusation: %s", one.Sentence)
			}
		}
	}
}

func TestText(t *testing.T) {
	var b bytes.Buffer
	for _, p := range pages() {
		if err := report.Text(&b, &p); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"LOOKS LIKE MINING  http://a.test/", "70 % of the time on 2 threads", "A visitor may have agreed", "NOTHING FOUND  http://b.test/", "NOT KNOWN  http://c.test/", "Not covered:"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
	if strings.ContainsAny(b.String(), "\x1b\u202e") {
		t.Errorf("a name gives orders: %q", b.String())
	}
}

func TestHTML(t *testing.T) {
	got := write(t, report.HTML)
	for _, want := range []string{"Content-Security-Policy", "<polyline", "data:image/png;base64,", "mining_like", "3 pages checked, the weightiest answer: looks like mining"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, never := range []string{"<script", "ZgotmplZ", `src="http`, `href="http`} {
		if strings.Contains(got, never) {
			t.Errorf("%q is in the page", never)
		}
	}
}

func TestJUnit(t *testing.T) {
	var suite struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Cases    []struct {
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
		} `xml:"testcase"`
	}
	if err := xml.Unmarshal([]byte(write(t, report.JUnit)), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Tests != 3 || suite.Failures != 1 || suite.Errors != 1 || suite.Cases[0].Failure == nil || suite.Cases[1].Failure != nil || suite.Cases[2].Error == nil {
		t.Errorf("%+v", suite)
	}
}

func TestSARIF(t *testing.T) {
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID, Level string
				Locations     []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(write(t, report.SARIF)), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || len(log.Runs[0].Results) != 2 {
		t.Fatalf("%+v", log)
	}
	r := log.Runs[0].Results
	if r[0].RuleID != string(check.MiningLike) || r[0].Level != "error" || r[0].Locations[0].PhysicalLocation.ArtifactLocation.URI == "" || r[1].RuleID != "unknown" || r[1].Level != "note" {
		t.Errorf("%+v", r)
	}
}

func TestHAR(t *testing.T) {
	got := write(t, report.HAR)
	var har struct {
		Log struct {
			Version string
			Pages   []struct{ ID string }
			Entries []struct {
				Pageref string
				Request struct{ URL string }
			}
		}
	}
	if err := json.Unmarshal([]byte(got), &har); err != nil {
		t.Fatal(err)
	}
	if har.Log.Version != "1.2" || len(har.Log.Pages) != 4 || len(har.Log.Entries) != 1 || har.Log.Entries[0].Pageref != har.Log.Pages[0].ID {
		t.Errorf("%+v", har)
	}
}
