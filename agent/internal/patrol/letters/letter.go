// Package letters writes to the administrators of sites, and finds out where to, if asked.
package letters

import (
	"fmt"
	"strings"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/check"
	"github.com/minewatch/minewatch/agent/internal/patrol/results"
)

// Lang is a language that letters are written in.
type Lang string

// The languages.
const (
	English  Lang = "en"
	Japanese Lang = "ja"
)

// text is a letter in one language. Its words are those of symptoms and of consent: who put a script there, and whether
// visitors agreed, is not known to a patrol.
type text struct {
	subject, salutation, opening, page, seen, mining, heavy, script, module, consent, advice, evidence, robots, authority, contact string
}

func in(l Lang) *text {
	if l == Japanese {
		return &text{
			subject:    "%s のページの処理負荷について",
			salutation: "サイト管理者様",
			opening:    "貴サイトのページを閲覧したところ、閲覧者のパソコンの処理装置 (CPU) に高い負荷が続くことを確認しましたので、お知らせします。",
			page:       "ページ: %s",
			seen:       "確認した日時 (UTC): %s、ブラウザー: %s",
			mining:     "負荷の様子: 暗号資産の採掘 (マイニング) に似た負荷が続きました。",
			heavy:      "負荷の様子: 高い負荷が続きました。採掘とは異なる様子です。",
			script:     "負荷の元のスクリプト: %s",
			module:     "スクリプトのハッシュ値 (SHA-256): %s",
			consent:    "このスクリプトを誰がどのような目的で置いたか、閲覧者の同意を得ているかは、こちらでは分かりません。広告や外部の部品を通じて、管理者の知らないうちに読み込まれることもあります。",
			advice:     "お心当たりがない場合は、スクリプトの読み込み元をご確認のうえ、取り除くことをご検討ください。意図して置かれている場合は、動き出す前に閲覧者へ知らせ、同意を得ることをお勧めします。",
			evidence:   "記録 (ファイル名と SHA-256):",
			robots:     "閲覧の際は robots.txt に従いました。",
			authority:  "閲覧は次に基づいて行いました: %s",
			contact:    "お問い合わせ先: %s",
		}
	}
	return &text{
		subject:    "Processor load of a page on %s",
		salutation: "Dear administrator,",
		opening:    "When a page of your site was opened, it kept the visitor's processor busy for as long as it was watched. We write so that you know.",
		page:       "Page: %s",
		seen:       "Seen (UTC): %s, with %s",
		mining:     "What it looked like: a sustained load of the kind that cryptocurrency mining causes.",
		heavy:      "What it looked like: a sustained load, of another kind than that of mining.",
		script:     "The script behind the load: %s",
		module:     "Its SHA-256: %s",
		consent: "We do not know who put this script there, what for, or whether visitors agreed to it. Scripts often arrive with an advert or a widget, " +
			"without the administrator's knowledge.",
		advice: "If you do not know it, please look where it is loaded from, and consider removing it. If it is there on purpose, we suggest that visitors are " +
			"told, and asked for their consent, before it starts.",
		evidence:  "Records (file and SHA-256):",
		robots:    "The page was opened in accordance with your robots.txt.",
		authority: "The page was opened under this authority: %s",
		contact:   "Questions: %s",
	}
}

// Write returns the letter about a page, as plain text; subject first. All that is not ours is cleaned and on a line of its
// own, so that no page can write into the letter.
func Write(p *results.Page, l Lang) string {
	t := in(l)
	host, _ := results.Site(p.URL)
	var b strings.Builder
	line := func(format string, args ...any) {
		for i, a := range args {
			if s, ok := a.(string); ok {
				args[i] = words.CleanText(s)
			}
		}
		fmt.Fprintf(&b, format+"\n", args...)
	}
	line("Subject: "+t.subject, host)
	line("")
	line("%s", t.salutation)
	line("")
	line("%s", t.opening)
	line("")
	line(t.page, p.URL)
	line(t.seen, p.Checked.UTC().Format("2006-01-02 15:04"), p.Browser)
	if p.Verdict == check.MiningLike {
		line("%s", t.mining)
	} else {
		line("%s", t.heavy)
	}
	if script, hash := scriptOf(p); script != "" {
		line(t.script, script)
		if hash != "" {
			line(t.module, hash)
		}
	}
	line("")
	line("%s", t.consent)
	line("%s", t.advice)
	line("")
	if len(p.Evidence) > 0 {
		line("%s", t.evidence)
		for _, f := range p.Evidence {
			line("  %s %s", f.Name, f.SHA256)
		}
		line("")
	}
	if p.Authority != "" {
		line(t.authority, p.Authority)
	} else {
		line("%s", t.robots)
	}
	line(t.contact, p.Contact)
	return b.String()
}

// scriptOf is the script behind a page's load, and the hash of its text.
func scriptOf(p *results.Page) (script, hash string) {
	for i := range p.Visits {
		for j := range p.Visits[i].Findings {
			f := &p.Visits[i].Findings[j]
			if f.Verdict != p.Verdict || f.Script == "" {
				continue
			}
			for _, s := range f.Scripts {
				if s.URL == f.Script {
					return f.Script, s.SHA256
				}
			}
			return f.Script, ""
		}
	}
	return "", ""
}
