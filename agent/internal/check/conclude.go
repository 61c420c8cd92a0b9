package check

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

// maxScriptsTold bounds the scripts in an answer, maxModuleRead the bytes of a module that is read to hash it.
const (
	maxScriptsTold = 32
	maxModuleRead  = 16 << 20
)

// fill adds to a visit's answer all that was seen, and its findings.
func (v *visit) fill(ctx context.Context, out *Visit) {
	v.hashModules(ctx)
	t := v.tab
	v.mu.Lock()
	defer v.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.frames[t.target]; f != nil {
		out.FinalURL = bare(f.url)
	}
	out.Status, out.Redirects, out.Title = t.status, t.redirect, t.title
	out.WatchedS, out.Phases, out.Load = round(v.since()), v.phases, v.points
	for _, f := range t.frames {
		if f.url != "" {
			out.Frames++
		}
	}
	for _, pl := range t.order {
		if pl.kind != "page" && pl.kind != "frame" {
			out.Workers++
		}
	}
	for _, m := range t.modules {
		m.By, m.In = bare(m.By), bare(m.In)
		if !slices.Contains(out.Modules, *m) {
			out.Modules = append(out.Modules, *m)
		}
	}
	out.Sockets, out.Hosts = t.sockets, t.hosts
	out.ReceivedBytes, out.Popups, out.Dialogs, out.Downloads = v.checker.relay.received.Load(), t.popups, t.dialogs, t.download
	for _, r := range t.listed {
		out.Requests = append(out.Requests, *r)
	}
	out.Screenshot = v.shot
	out.Busy = v.scripts(v.ran)
	v.conclude(out)
}

// conclude adds the findings and the verdict that follows from them. What was seen counts even where a visit could not be
// made to its end.
func (v *visit) conclude(out *Visit) {
	if v.how.Quick {
		out.Suspect = v.quick.workers >= suspectFrom || v.quick.main >= 0.3 || v.quick.confidence >= 0.5 || len(v.loads) > 0 || v.stillBusy()
		return
	}
	for id, l := range v.loads {
		if v.mayBeGate(l) && v.endedByItself(l) {
			continue
		}
		if l.severity == heuristics.Heavy && l.finding.Phase == phaseHidden && v.drew[id] >= drewLong {
			continue
		}
		f := l.finding
		f.Verdict = Heavy
		if l.severity == heuristics.MiningLike {
			f.Verdict = MiningLike
		}
		mine := v.ranOf(v.frames[id])
		f.Scripts = v.scripts(mine)
		f.Site = l.site
		if len(f.Scripts) > 0 { // the first of them is that of what ran most
			f.Chain = v.chain(&mine[0])
			f.Script = f.Scripts[0].URL
		} else {
			f.Chain = []Link{{"page", out.FinalURL}}
		}
		if f.Evidence == nil {
			f.Evidence = []Evidence{}
		}
		f.Advice = advice(&f)
		out.Findings = append(out.Findings, f)
	}
	slices.SortFunc(out.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Verdict.rank(), a.Verdict.rank()), cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.AtS, b.AtS))
	})
	if len(out.Findings) > 0 {
		out.Verdict, out.Reason, out.Detail = out.Findings[0].Verdict, "", ""
		out.DetectedS = out.Findings[0].AtS
	}
}

// stillBusy reports whether a quick visit ended in the middle of a load: what began late has had no time to be told apart.
func (v *visit) stillBusy() bool {
	const last, least = 2, 0.12 // ticks, cores
	if len(v.points) < last {
		return false
	}
	for _, p := range v.points[len(v.points)-last:] {
		if max(p.Cores, p.Demand) < least {
			return false
		}
	}
	return true
}

// ranOf returns what ran in the process of a load: all, where it is not known which frames live there.
func (v *visit) ranOf(frames []heuristics.Frame) []ran {
	var mine []ran
	for _, r := range v.ran {
		origin := ""
		if f := v.tab.frames[r.place.frame]; f != nil {
			origin = originOf(f.url)
		} else if r.place.kind == "page" {
			if f := v.tab.frames[v.tab.target]; f != nil {
				origin = originOf(f.url)
			}
		}
		if origin == "" || slices.ContainsFunc(frames, func(f heuristics.Frame) bool { return f.Origin == origin }) {
			mine = append(mine, r)
		}
	}
	if len(mine) == 0 || mine[0].duty() < busyDuty {
		return v.ran
	}
	return mine
}

// scripts puts what ran into the answer's form: one line for a script in places of one kind and address.
func (v *visit) scripts(all []ran) []Script {
	total := 0.0
	for i := range all {
		total += all[i].duty()
	}
	out := []Script{}
	for i := range all {
		r := &all[i]
		if r.duty() < busyDuty {
			continue
		}
		s := Script{
			URL: bare(v.behind(r)), In: r.place.kind, InURL: bare(r.place.url), Function: r.function, Module: r.module, Duty: round(r.duty()), Threads: 1,
		}
		if text := r.text(); text != nil {
			s.Bytes, s.SHA256 = text.bytes, text.hash
		}
		if f := v.tab.frames[r.place.frame]; f != nil {
			s.Frame = bare(f.url)
		}
		s.Share = r.duty() / max(total, 1e-9)
		same := slices.IndexFunc(out, func(o Script) bool {
			return o.URL == s.URL && o.In == s.In && o.Frame == s.Frame && (o.InURL == s.InURL || madeOfText(o.InURL) && madeOfText(s.InURL))
		})
		if same >= 0 {
			out[same].Share += s.Share
			out[same].Threads++
			continue
		}
		if len(out) < maxScriptsTold {
			out = append(out, s)
		}
	}
	for i := range out {
		out[i].Share = round(out[i].Share)
	}
	return out
}

// behind returns the address of the script behind what ran: for one made of text that of who made it.
func (v *visit) behind(r *ran) string {
	at := r.url
	for range 8 {
		if !madeOfText(at) {
			return at
		}
		by := v.tab.loadedBy[at]
		if by == "" || by == at {
			break
		}
		at = by
	}
	// The worker's text was made by a script of its frame, whose stack the browser did not tell.
	if by := v.tab.loadedBy[r.place.url]; by != "" && !madeOfText(by) {
		return by
	}
	return r.url
}

func madeOfText(address string) bool {
	return strings.HasPrefix(address, "blob:") || strings.HasPrefix(address, "data:")
}

// chain leads from the page to the function that ran.
func (v *visit) chain(r *ran) []Link {
	t := v.tab
	var frames []Link
	for f, n := t.frames[cmp.Or(r.place.frame, t.target)], 0; f != nil && f.id != t.target && n < 32; f, n = t.frames[f.parent], n+1 {
		frames = append(frames, Link{"frame", bare(f.url)})
		if f.by != "" {
			frames = append(frames, Link{"script", bare(f.by)})
		}
	}
	out := []Link{}
	if f := t.frames[t.target]; f != nil {
		out = append(out, Link{"page", bare(f.url)})
	}
	slices.Reverse(frames)
	out = append(out, frames...)
	add := func(kind, name string) {
		if name == "" || out[len(out)-1].Name == name {
			return
		}
		out = append(out, Link{kind, name})
	}
	if len(out) == 0 {
		out = append(out, Link{"page", bare(r.place.url)})
	}
	if k := r.place.kind; k != "page" && k != "frame" {
		if by := t.loadedBy[r.place.url]; by != "" {
			add("script", bare(by))
		}
		add(k, bare(r.place.url))
	} else if by := t.loadedBy[r.url]; by != "" {
		add("script", bare(by))
	}
	for _, c := range r.calls {
		add("script", bare(c))
	}
	add("script", bare(r.url))
	add("module", r.module)
	add("function", r.function)
	return out
}

// hashModules reads the modules of the scripts that kept a thread busy, while their threads are still there.
func (v *visit) hashModules(ctx context.Context) {
	if v.how.Quick {
		return
	}
	v.tab.collectScripts(ctx)
	v.findMakers(ctx)
	v.mu.Lock()
	busy := map[string]bool{}
	for i := range v.ran {
		if v.ran[i].module != "" && v.ran[i].duty() >= busyDuty {
			busy[v.ran[i].module] = true
		}
	}
	v.mu.Unlock()
	type ask struct {
		session string
		script  *script
	}
	var asks []ask
	v.tab.mu.Lock()
	for _, pl := range v.tab.order {
		for _, s := range pl.scripts {
			if s.wasm && s.module != nil && s.bytes <= maxModuleRead && !pl.gone && busy[s.url] {
				asks = append(asks, ask{pl.session, s})
				busy[s.url] = false
			}
		}
	}
	v.tab.mu.Unlock()
	for _, a := range asks[:min(len(asks), 8)] {
		limit, cancel := context.WithTimeout(ctx, 2*time.Second)
		var answer struct {
			Bytes string `json:"bytecode"`
		}
		err := v.tab.line.Call(limit, a.session, "Debugger.getScriptSource", map[string]any{"scriptId": a.script.id}, &answer)
		cancel()
		code, err2 := base64.StdEncoding.DecodeString(answer.Bytes)
		if err != nil || err2 != nil || len(code) == 0 {
			continue
		}
		sum := sha256.Sum256(code)
		v.tab.mu.Lock()
		for _, m := range v.tab.modules {
			if m.Name == a.script.url {
				m.SHA256, m.Bytes = hex.EncodeToString(sum[:]), len(code)
			}
		}
		v.tab.mu.Unlock()
	}
}

// advice says what to do about a finding.
func advice(f *Finding) string {
	where := "this page"
	for i, l := range f.Chain {
		if l.Kind == "frame" && i > 0 {
			where = "the frame of " + HostOf(l.Name)
		}
	}
	h := HostOf(f.Script)
	page := ""
	if len(f.Chain) > 0 {
		page = HostOf(f.Chain[0].Name)
	}
	switch {
	case h == "" && f.Script == "":
		return "The browser did not tell which script it is. Look at the scripts and frames of " + where + " one after the other."
	case h == "" || h == page:
		return "This script comes with the page itself. If you did not put it there, somebody else did; if you did, tell visitors before it starts."
	case where != "this page":
		return "This script comes with " + where + ". Remove that frame, or tell visitors before it starts."
	}
	return "This script comes from " + h + ". Remove it, or tell visitors before it starts."
}

// sentence is the verdict for a person.
func sentence(p *Page) string {
	_, first := p.Finding()
	times := ""
	if len(p.Visits) > 1 {
		times = fmt.Sprintf(" (seen in %d of %d visits)", p.Found, len(p.Visits))
	}
	script := ""
	if first != nil && first.Script != "" {
		script = ", in the script " + first.Script
	}
	switch p.Verdict {
	case MiningLike:
		return fmt.Sprintf("This page keeps the visitor's processor busy, as mining does%s%s.", script, times)
	case Heavy:
		return fmt.Sprintf("This page keeps the visitor's processor busy, in a way that is not mining's%s%s.", script, times)
	case Unknown:
		return fmt.Sprintf("It is not known what this page does: %s%s.", cmp.Or(p.Detail, "it could not be watched"), times)
	case NothingFound:
	}
	if n := len(p.Visits); n > 1 {
		return fmt.Sprintf("Nothing was found in %d visits.", n)
	}
	return "Nothing was found in this visit."
}

// notCovered lists what visits did not look at.
func notCovered(visits []Visit) []string {
	out := []string{
		"what the page shows to other visitors: other places, browsers, times, or after logging in",
		"what begins later than the visit lasted",
		"work that the page gives to a graphics processor",
	}
	clicked, hidden, full := false, false, true
	for i := range visits {
		for _, p := range visits[i].Phases {
			clicked = clicked || p.Name == phaseClicked
			hidden = hidden || p.Name == phaseHidden
		}
		full = full && visits[i].Popups == 0
	}
	if !clicked {
		out = append(out, "what begins only after a click, such as agreeing to a banner (--click)")
	}
	if !hidden {
		out = append(out, "what begins only in a tab that is out of sight")
	}
	if !full {
		out = append(out, "windows that the page opened: they were closed")
	}
	if len(visits) < 3 {
		out = append(out, "what changes from visit to visit, such as adverts (--visits 20)")
	}
	return out
}

// Allowed returns an error for an address that is not opened.
func Allowed(address string) error {
	if len(address) > maxText {
		return fmt.Errorf("the address is longer than %d bytes", maxText)
	}
	u, err := url.Parse(address)
	if err != nil || strings.ContainsFunc(address, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("this is no address of a page")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return errScheme
	}
	if u.Hostname() == "" {
		return errors.New("the address names no host")
	}
	return nil
}

// originOf returns scheme and host of an address.
func originOf(address string) string {
	address = strings.TrimPrefix(address, "blob:")
	u, err := url.Parse(clip(address))
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

// size puts bytes into words.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}
