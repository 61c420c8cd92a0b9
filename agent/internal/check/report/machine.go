package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/check"
)

// JUnit writes pages as test cases: found is a failure, unknown an error.
func JUnit(w io.Writer, pages []check.Page) error {
	type message struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Time    string   `xml:"time,attr"`
		Failure *message `xml:"failure,omitempty"`
		Error   *message `xml:"error,omitempty"`
	}
	type suite struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	s := suite{Name: "minewatch check", Tests: len(pages)}
	for i := range pages {
		p := &pages[i]
		c := testcase{Class: "minewatch." + string(p.Verdict), Name: clean(p.URL)}
		watched := 0.0
		for _, v := range p.Visits {
			watched += v.WatchedS
		}
		c.Time = fmt.Sprintf("%.1f", watched)
		var text strings.Builder
		if err := Text(&text, p); err != nil {
			return err
		}
		m := &message{Message: clean(p.Sentence), Type: string(p.Verdict), Text: text.String()}
		switch p.Verdict {
		case check.MiningLike, check.Heavy:
			c.Failure = m
			s.Failures++
		case check.Unknown:
			c.Error = m
			s.Errors++
		case check.NothingFound:
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	out := xml.NewEncoder(w)
	out.Indent("", "  ")
	if err := out.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// SARIF writes findings for code scanning, version 2.1.0: the script is the place, the page the logical one.
func SARIF(w io.Writer, pages []check.Page) error {
	type object = map[string]any
	text := func(s string) object { return object{"text": clean(s)} }
	results := []object{}
	version := "unknown"
	for i := range pages {
		p := &pages[i]
		version = p.Agent
		if p.Verdict == check.Unknown {
			results = append(results, object{
				"ruleId": "unknown", "level": "note", "message": text(p.Sentence), "locations": []object{location(p.URL)},
			})
		}
		told := map[string]bool{}
		for _, v := range p.Visits {
			for _, f := range v.Findings {
				at := cmp.Or(f.Script, p.URL)
				if told[string(f.Verdict)+at] {
					continue
				}
				told[string(f.Verdict)+at] = true
				level := "warning"
				if f.Verdict == check.MiningLike {
					level = "error"
				}
				hash := ""
				if len(f.Scripts) > 0 {
					hash = f.Scripts[0].SHA256
				}
				var steps []object
				for _, l := range f.Chain {
					steps = append(steps, object{"location": object{"message": text(kind(l.Kind) + " " + l.Name), "physicalLocation": location(l.Name)["physicalLocation"]}})
				}
				results = append(results, object{
					"ruleId": string(f.Verdict), "level": level,
					"message":             text(fmt.Sprintf("%s Page: %s. %s", p.Sentence, p.URL, f.Advice)),
					"locations":           []object{location(at)},
					"partialFingerprints": object{"pageAndScript/v1": fingerprint(p.URL, at, hash)},
					"codeFlows":           []object{{"threadFlows": []object{{"locations": steps}}}},
					"rank":                f.Confidence * 100,
				})
			}
		}
	}
	rules := []object{
		{"id": string(check.MiningLike), "shortDescription": text("The page keeps the visitor's processor busy, as mining does"), "help": text("This is what the load looks like; a visitor may have agreed to it. Remove the script, or tell visitors before it starts.")},
		{"id": string(check.Heavy), "shortDescription": text("The page keeps the visitor's processor busy"), "help": text("The load is not of mining's shape. Look whether visitors need it.")},
		{"id": string(check.Unknown), "shortDescription": text("The page could not be watched"), "help": text("Unknown is never clean: see the message.")},
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []object{{"tool": object{"driver": object{"name": "minewatch", "version": version, "rules": rules}}, "results": results}},
	})
}

// fingerprint is the same for the same finding on the same page.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:16])
}

func location(address string) map[string]any {
	u, err := url.Parse(address)
	if err != nil {
		u = &url.URL{Path: clean(address)}
	}
	return map[string]any{"physicalLocation": map[string]any{"artifactLocation": map[string]any{"uri": u.String()}}}
}

// HAR writes the requests, version 1.2, without queries, headers, cookies and bodies.
func HAR(w io.Writer, pages []check.Page) error {
	type object = map[string]any
	none := []object{}
	shown, entries := []object{}, []object{}
	version := "unknown"
	for i := range pages {
		version = pages[i].Agent
		for n := range pages[i].Visits {
			v := &pages[i].Visits[n]
			id := fmt.Sprintf("page_%d_visit_%d", i+1, n+1)
			began := pages[i].Checked
			if len(v.Requests) > 0 {
				began = v.Requests[0].Started
			}
			shown = append(shown, object{"startedDateTime": began.UTC().Format(time.RFC3339Nano), "id": id, "title": clean(pages[i].URL), "pageTimings": object{"onContentLoad": -1, "onLoad": -1}})
			for _, r := range v.Requests {
				ms := float64(r.Took.Microseconds()) / 1000
				entries = append(entries, object{
					"pageref": id, "startedDateTime": r.Started.UTC().Format(time.RFC3339Nano), "time": ms,
					"request": object{
						"method": clean(r.Method), "url": r.URL, "httpVersion": "unknown", "cookies": none, "headers": none, "queryString": none, "headersSize": -1, "bodySize": -1,
					},
					"response": object{
						"status": r.Status, "statusText": clean(r.Failed), "httpVersion": "unknown", "cookies": none, "headers": none, "redirectURL": "", "headersSize": -1,
						"bodySize": r.Received, "content": object{"size": r.Received, "mimeType": clean(r.MIME)},
					},
					"cache": object{}, "timings": object{"send": 0, "wait": ms, "receive": 0}, "comment": clean(r.Kind),
				})
			}
		}
	}
	out := json.NewEncoder(w)
	out.SetIndent("", " ")
	return out.Encode(object{"log": object{
		"version": "1.2", "creator": object{"name": "minewatch", "version": version}, "pages": shown, "entries": entries,
		"comment": "Queries, headers, cookies and bodies were not kept.",
	}})
}
