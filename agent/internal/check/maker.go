package check

import (
	"context"
	"regexp"
	"strings"
	"time"
)

// A worker that is made of text after the debugger was turned off tells no stack. Its maker is then found by what it carries:
// the script of the page that holds a piece of the worker's text.

const (
	// maxSearched and maxSearchedBytes bound the scripts that are searched, and their lengths.
	maxSearched      = 48
	maxSearchedBytes = 4 << 20
	maxPieces        = 8
)

// piece is what a text keeps when it is written into another as a string: no quotes, backslashes or line ends.
var piece = regexp.MustCompile("[^\"'`\\\\\n\r]{24,200}")

// findMakers looks for the makers of workers of text that kept a thread busy and whose maker is not known yet.
func (v *visit) findMakers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	t := v.tab
	v.mu.Lock()
	var lost []*place
	for i := range v.ran {
		pl := v.ran[i].place
		t.mu.Lock()
		_, document := t.byURL(t.loadedBy[pl.url])
		if madeOfText(pl.url) && (t.loadedBy[pl.url] == "" || document) && v.ran[i].duty() >= busyDuty && len(lost) < 4 {
			lost = append(lost, pl)
		}
		t.mu.Unlock()
	}
	v.mu.Unlock()
	for _, pl := range lost {
		own := t.sources(ctx, pl.session, func(s *script) bool { return s.url == pl.url })
		for _, text := range own {
			if maker := find(piece.FindAllString(text, maxPieces), t.sources(ctx, pl.parent, func(s *script) bool { return !madeOfText(s.url) && s.url != "" })); maker != "" {
				t.mu.Lock()
				t.loadedBy[pl.url] = maker
				t.mu.Unlock()
			}
		}
	}
}

// find returns the address of the one text that holds most of the pieces, "" where none holds half of them.
func find(pieces []string, texts map[string]string) string {
	if len(pieces) == 0 {
		return ""
	}
	best, most := "", (len(pieces)+1)/2-1
	for url, text := range texts {
		n := 0
		for _, p := range pieces {
			if strings.Contains(text, p) {
				n++
			}
		}
		if n > most || n == most && best != "" && url < best {
			best, most = url, n
		}
	}
	return best
}

// byURL returns the frame with a document of that address, and whether there is one.
func (t *tab) byURL(url string) (*frame, bool) {
	for _, f := range t.frames {
		if f.url == url && url != "" {
			return f, true
		}
	}
	return nil, false
}

// sources reads the texts of the scripts of a place that are wanted, by their addresses.
func (t *tab) sources(ctx context.Context, session string, want func(*script) bool) map[string]string {
	type ask struct{ id, url string }
	var asks []ask
	t.mu.Lock()
	if pl := t.places[session]; pl != nil {
		for _, s := range pl.scripts {
			if !s.wasm && s.bytes <= maxSearchedBytes && want(s) && len(asks) < maxSearched {
				asks = append(asks, ask{s.id, s.url})
			}
		}
	}
	t.mu.Unlock()
	out := map[string]string{}
	for _, a := range asks {
		var answer struct {
			Text string `json:"scriptSource"`
		}
		if t.line.Call(ctx, session, "Debugger.getScriptSource", map[string]any{"scriptId": a.id}, &answer) == nil {
			out[a.url] = answer.Text
		}
	}
	return out
}
