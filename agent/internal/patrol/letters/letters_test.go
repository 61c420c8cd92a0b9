package letters_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/internal/check"
	"github.com/minewatch/minewatch/agent/internal/patrol/letters"
	"github.com/minewatch/minewatch/agent/internal/patrol/results"
	"github.com/minewatch/minewatch/agent/testkit/hostile"
)

func page(script string) *results.Page {
	p := &results.Page{Contact: "patrol@police.example"}
	p.URL, p.Verdict, p.Browser = "https://shop.example/a", check.MiningLike, "Chrome/156"
	p.Visits = []check.Visit{{Findings: []check.Finding{{Verdict: check.MiningLike, Script: script, Scripts: []check.Script{{URL: script, SHA256: "abc"}}}}}}
	return p
}

func TestLettersSpeakOfSymptomsAndConsent(t *testing.T) {
	for _, l := range []letters.Lang{letters.English, letters.Japanese} {
		text := letters.Write(page("https://cdn.test/core.js"), l)
		for _, want := range []string{"Subject: ", "https://shop.example/a", "https://cdn.test/core.js", "abc", "patrol@police.example", "robots.txt"} {
			if !strings.Contains(text, want) {
				t.Errorf("the letter (%s) does not say %q:\n%s", l, want, text)
			}
		}
		consent := map[letters.Lang]string{letters.English: "consent", letters.Japanese: "同意"}[l]
		if !strings.Contains(text, consent) {
			t.Errorf("the letter (%s) does not speak of consent", l)
		}
		for _, never := range []string{"malware", "malicious", "attack", "infect", "illegal", "crime", "guilty", "hacked", "不正", "違法", "犯罪", "攻撃", "感染", "ウイルス"} {
			if strings.Contains(strings.ToLower(text), never) {
				t.Errorf("the letter (%s) says %q", l, never)
			}
		}
	}
}

func TestNoPageWritesIntoALetter(t *testing.T) {
	lines := strings.Count(letters.Write(page("https://cdn.test/x"), letters.English), "\n")
	for _, name := range hostile.Names() {
		text := letters.Write(page("https://cdn.test/"+name), letters.English)
		if n := strings.Count(text, "\n"); n != lines {
			t.Errorf("%.60q makes a letter of %d lines, not %d", name, n, lines)
		}
		if err := hostile.Check(text); err != nil {
			t.Error(err)
		}
	}
}

func TestContacts(t *testing.T) {
	got := letters.ParseSecurityText([]byte("# x\nContact: mailto:sec@shop.example\r\ncontact: https://shop.example/report\nContact: http://plain.example\n" +
		"Contact: mailto:a@b.example?cc=x,c@d.example\nContact: javascript:1\nContact: \"Eve\" <eve@x.example>\nExpires: 2030"))
	want := []letters.Contact{{Where: "sec@shop.example", From: "security.txt"}, {Where: "https://shop.example/report", From: "security.txt"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	got, refer := letters.ParseWhois([]byte("refer:   whois.nic.example\nRegistrant Email: jane@home.example\nRegistrar Abuse Contact Email: abuse@registrar.example\nabuse-phone: +1\nrefer: evil.example"))
	if d := cmp.Diff([]letters.Contact{{Where: "abuse@registrar.example", From: "WHOIS"}}, got); d != "" || refer != "whois.nic.example" {
		t.Errorf("it refers to %q; -want +got:\n%s", refer, d)
	}
}

func FuzzContacts(f *testing.F) {
	f.Add([]byte("Contact: mailto:a@b.example\ncontact: https://x.example"))
	f.Add([]byte("refer: whois.nic.example\nabuse: a@b.example"))
	f.Fuzz(func(t *testing.T, text []byte) {
		found, refer := letters.ParseWhois(text)
		found = append(found, letters.ParseSecurityText(text)...)
		for _, c := range found {
			if err := hostile.Check(c.Where); err != nil || strings.ContainsAny(c.Where, " \n,<>") || c.Where == "" {
				t.Errorf("a contact %q: %v", c.Where, err)
			}
		}
		if strings.ContainsAny(refer, " \r\n:/@") {
			t.Errorf("it refers to %q", refer)
		}
	})
}
