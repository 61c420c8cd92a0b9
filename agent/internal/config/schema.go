// Package config reads what an administrator and a user decided about minewatch.
//
// One schema says which keys there are. The checks, docs/configuration.md, the Windows templates, the JSON schema and the
// macOS profile all follow from it; `go test ./agent/internal/config -update` writes those files again.
package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/attribution"
)

// The keys.
const (
	Sensitivity      = "sensitivity"
	AllowedSites     = "allowed_sites"
	NeverAllowSites  = "never_allow_sites"
	ObserveOnly      = "observe_only"
	LockUserSettings = "lock_user_settings"
	Language         = "language"
	HistoryDays      = "history_days"
	QuietHours       = "quiet_hours"
	MayLeave         = "may_leave"
)

// AllSites stands in never_allow_sites for every site.
const AllSites = "*"

const (
	// maxItems bounds a list, maxText a value in bytes.
	maxItems, maxText = 1000, 512
)

// Kind is the type of a key's value.
type Kind string

// The kinds.
const (
	Bool   Kind = "true or false"
	Int    Kind = "whole number"
	Choice Kind = "one of a few words"
	Set    Kind = "list of a few words"
	Sites  Kind = "list of sites"
	Hours  Kind = "time of day, from-to"
)

// Key describes one setting.
type Key struct {
	Name string
	Kind Kind
	// Default is a bool, int, string or []string, as the kind says.
	Default any
	// Min and Max bound a number. Words are those that a choice or set takes.
	Min, Max int
	Words    []string
	// Title and Text are for administrators, in English and Japanese.
	Title, Text     string
	TitleJA, TextJA string
	// Personal reports that users may set it for themselves; Lockable that a machine policy may fix it.
	Personal, Lockable bool
}

// Keys returns the schema in the order of the documentation.
func Keys() []Key {
	return []Key{
		{
			Name: Sensitivity, Kind: Choice, Default: "normal", Words: []string{"low", "normal", "high"}, Personal: true, Lockable: true,
			Title: "Sensitivity", TitleJA: "感度",
			Text:   "How sure minewatch must be before it says that a load looks like mining: low from 95 %, normal from 85 %, high from 70 %. High tells earlier and is wrong more often.",
			TextJA: "負荷がマイニングに似ていると知らせるために必要な確かさです。low は 95 %、normal は 85 %、high は 70 % から知らせます。high は早く知らせますが、誤りも増えます。",
		},
		{
			Name: AllowedSites, Kind: Sites, Default: []string{}, Lockable: true,
			Title: "Sites allowed for everyone", TitleJA: "全員に許可するサイト",
			Text:   "Sites whose load raises no alert for any user, such as a compute portal of your own. A site covers its subdomains.",
			TextJA: "負荷があっても、どの利用者にも警告しないサイトです。サブドメインも含みます。",
		},
		{
			Name: NeverAllowSites, Kind: Sites, Default: []string{}, Lockable: true,
			Title: "Sites that users may not allow", TitleJA: "利用者が許可できないサイト",
			Text:   "Sites that users may neither allow nor snooze; what they allowed before does not count. * stands for every site. Sites allowed for everyone stay allowed.",
			TextJA: "利用者が許可することも一時停止することもできないサイトです。以前の許可も無効になります。* はすべてのサイトを表します。全員に許可したサイトはそのまま許可されます。",
		},
		{
			Name: ObserveOnly, Kind: Bool, Default: false, Personal: true, Lockable: true,
			Title: "Observe only", TitleJA: "記録のみ",
			Text:   "Store alerts and notify nobody. They stand in the list of alerts all the same.",
			TextJA: "警告を保存しますが、通知はしません。警告の一覧には表示されます。",
		},
		{
			Name: LockUserSettings, Kind: Bool, Default: false, Lockable: true,
			Title: "Lock user settings", TitleJA: "利用者の設定を固定",
			Text:   "Users change nothing: their settings file is not read, and allowing, disallowing and snoozing are refused. Administrators still may.",
			TextJA: "利用者は何も変更できません。設定ファイルは読み込まれず、許可、許可の取り消し、一時停止は拒否されます。管理者は変更できます。",
		},
		{
			Name: Language, Kind: Choice, Default: "auto", Words: []string{"auto", "en", "ja"}, Personal: true, Lockable: true,
			Title: "Language", TitleJA: "言語",
			Text:   "The language of the tray: auto is that of the desktop.",
			TextJA: "トレイの表示言語です。auto はデスクトップの言語に従います。",
		},
		{
			Name: HistoryDays, Kind: Int, Default: 180, Min: 1, Max: 3650, Personal: true, Lockable: true,
			Title: "Length of the history in days", TitleJA: "履歴を残す日数",
			Text:   "How many days an alert is kept after it ended. At most 5000 alerts are kept in any case.",
			TextJA: "終了した警告を残す日数です。いずれの場合も、残るのは最大 5000 件です。",
		},
		{
			Name: QuietHours, Kind: Hours, Default: "", Personal: true, Lockable: true,
			Title: "Quiet hours", TitleJA: "通知しない時間帯",
			Text:   "A time of day without notifications, in the computer's own time, such as 22:00-07:00. What still goes on at its end is notified then. Empty: none.",
			TextJA: "通知しない時間帯です (コンピューターの時刻、例: 22:00-07:00)。終わりの時刻にまだ続いていれば、そのとき通知します。空の場合はありません。",
		},
		{
			Name: MayLeave, Kind: Set, Default: []string{}, Words: []string{"counts", "alerts", "sites"}, Lockable: true,
			Title: "What may leave the computer", TitleJA: "外部に送ってよいもの",
			Text:   "What a part of minewatch that reports elsewhere may hand on: counts (how many alerts), alerts (without names of sites), sites (with them). This version has no such part and sends nothing, whatever stands here.",
			TextJA: "外部に報告する機能が渡してよいものです。counts は警告の件数、alerts はサイト名を除いた警告、sites はサイト名です。この版にはそのような機能はなく、設定にかかわらず何も送信しません。",
		},
	}
}

// Lookup returns the key with a name.
func Lookup(name string) (Key, bool) {
	for _, k := range Keys() {
		if k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

// Names returns the names of all keys.
func Names() []string {
	var out []string
	for _, k := range Keys() {
		out = append(out, k.Name)
	}
	return out
}

// Check returns a value in the form in which it is kept. It takes what JSON, a registry or a text (an environment variable, a
// flag) holds; in a text the items of a list are parted by commas. The error says what is allowed.
func (k Key) Check(value any) (any, error) {
	switch k.Kind {
	case Bool:
		return k.bool(value)
	case Int:
		return k.int(value)
	case Choice:
		if s, ok := value.(string); ok && slices.Contains(k.Words, s) {
			return s, nil
		}
		return nil, fmt.Errorf("%s is one of %s, not %s", k.Name, strings.Join(k.Words, ", "), show(value))
	case Hours:
		s, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("%s is a text such as 22:00-07:00, not %s", k.Name, show(value))
		}
		if _, err := ParseHours(s); err != nil {
			return nil, fmt.Errorf("%s: %w", k.Name, err)
		}
		return s, nil
	case Set, Sites:
		return k.list(value)
	}
	return nil, fmt.Errorf("%s has no kind", k.Name)
}

func (k Key) bool(value any) (any, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case uint64: // a registry knows no truth
		if v <= 1 {
			return v == 1, nil
		}
	case string:
		switch v {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
	}
	return nil, fmt.Errorf("%s is true or false, not %s", k.Name, show(value))
}

func (k Key) int(value any) (any, error) {
	n, ok := 0, false
	switch v := value.(type) {
	case int:
		n, ok = v, true
	case json.Number:
		i, err := strconv.Atoi(v.String())
		n, ok = i, err == nil
	case uint64:
		n, ok = int(min(v, math.MaxInt32)), true //nolint:gosec // bounded
	case string:
		i, err := strconv.Atoi(v)
		n, ok = i, err == nil
	}
	if !ok || n < k.Min || n > k.Max {
		return nil, fmt.Errorf("%s is a whole number from %d to %d, not %s", k.Name, k.Min, k.Max, show(value))
	}
	return n, nil
}

func (k Key) list(value any) (any, error) {
	var items []any
	switch v := value.(type) {
	case []any:
		items = v
	case []string:
		for _, s := range v {
			items = append(items, s)
		}
	case string:
		for s := range strings.SplitSeq(v, ",") {
			if s = strings.TrimSpace(s); s != "" {
				items = append(items, s)
			}
		}
	default:
		return nil, fmt.Errorf("%s is a list, not %s", k.Name, show(value))
	}
	if len(items) > maxItems {
		return nil, fmt.Errorf("%s has %d items; at most %d are allowed", k.Name, len(items), maxItems)
	}
	out := []string{}
	for _, item := range items {
		s, ok := item.(string)
		switch {
		case !ok:
			return nil, fmt.Errorf("%s holds texts only, not %s", k.Name, show(item))
		case k.Kind == Set && !slices.Contains(k.Words, s):
			return nil, fmt.Errorf("%s holds only %s, not %s", k.Name, strings.Join(k.Words, ", "), show(s))
		case k.Kind == Sites && (k.Name != NeverAllowSites || s != AllSites):
			site := siteOf(s)
			if site == "" {
				return nil, fmt.Errorf("%s: %s is not the name of a site, such as films.example", k.Name, show(s))
			}
			s = site
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// siteOf returns the site that a text names, "" for none.
func siteOf(text string) string {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	return attribution.SiteOf(text)
}

// show returns a value of a stranger's file for a sentence, short and on one line.
func show(value any) string {
	text := fmt.Sprint(value)
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return strconv.QuoteToASCII(text)
}

// Span is a time of day: From and To are minutes since midnight. The zero Span is none; one whose To is not after its From
// passes midnight.
type Span struct{ From, To int }

// Holds reports whether a time, by the clock it carries, lies in the span.
func (s Span) Holds(t time.Time) bool {
	if s.From == s.To {
		return false
	}
	now := t.Hour()*60 + t.Minute()
	if s.From < s.To {
		return now >= s.From && now < s.To
	}
	return now >= s.From || now < s.To
}

var errHours = errors.New("a time of day is given as 22:00-07:00, both ends different, or as an empty text")

// ParseHours reads a time of day such as 22:00-07:00; an empty text is none.
func ParseHours(text string) (Span, error) {
	if text == "" {
		return Span{}, nil
	}
	from, to, ok := strings.Cut(text, "-")
	f, errF := minutes(from)
	t, errT := minutes(to)
	if !ok || errF != nil || errT != nil || f == t {
		return Span{}, errHours
	}
	return Span{f, t}, nil
}

// minutes reads a clock's time, two digits each, as minutes since midnight.
func minutes(text string) (int, error) {
	if len(text) != len("22:00") || text[2] != ':' {
		return 0, errHours
	}
	n := 0
	for i, c := range []byte(text) {
		if i == 2 {
			continue
		}
		if c < '0' || c > '9' {
			return 0, errHours
		}
		n = 10*n + int(c-'0')
	}
	if n/100 > 23 || n%100 > 59 {
		return 0, errHours
	}
	return n/100*60 + n%100, nil
}
