//go:build windows || cgo

package main

import (
	"runtime"
	"sync"

	"github.com/getlantern/systray"
)

// canMenu reports that this build can show an icon with a menu.
const canMenu = true

// systrayPanel is the icon and menu drawn by getlantern/systray. That library cannot remove items, so there is a fixed
// set of them and those not needed are hidden.
type systrayPanel struct {
	labels  panelLabels
	clicked func(id string, v verb)
	quit    func()

	mu         sync.Mutex
	ready      bool
	now, drawn view
	icons      [iconCount][]byte
	pins       runtime.Pinner // on Linux the library's C code reads an icon after the call that hands it over

	header, note, more *systray.MenuItem
	slots              [slotCount]slot
}

// slot is the place of one alert.
type slot struct {
	item  *systray.MenuItem
	verbs [verbCount]*systray.MenuItem
	lines [maxLines]*systray.MenuItem
}

// newPanel returns a panel that calls clicked with an alert's id and what was chosen, and quit for the last entry.
func newPanel(labels panelLabels, clicked func(id string, v verb), quit func()) panel {
	p := &systrayPanel{labels: labels, clicked: clicked, quit: quit}
	for i := range iconCount {
		p.icons[i] = iconFile(i)
		p.pins.Pin(&p.icons[i][0])
	}
	return p
}

func (p *systrayPanel) Run() {
	nameIcon("minewatch")
	systray.Run(p.build, nil)
}

func (p *systrayPanel) Quit() { systray.Quit() }

func (p *systrayPanel) Show(v view) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = v
	if p.ready {
		p.draw()
	}
}

// build makes all items, those of alerts hidden.
func (p *systrayPanel) build() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.header, p.note = disabled(nil), disabled(nil)
	systray.AddSeparator()
	for i := range p.slots {
		s := &p.slots[i]
		s.item = systray.AddMenuItem(" ", "")
		for v := range verbCount {
			s.verbs[v] = s.item.AddSubMenuItem(label(p.labels.Verbs[v]), "")
			s.verbs[v].Hide()
			go p.listen(s.verbs[v], i, v)
		}
		for l := range s.lines {
			s.lines[l] = disabled(s.item)
		}
		s.item.Hide()
	}
	p.more = disabled(nil)
	end := systray.AddMenuItem(label(p.labels.Quit), "")
	go func() {
		for range end.ClickedCh {
			p.quit()
		}
	}()
	p.ready, p.drawn.Icon = true, -1
	p.draw()
}

// disabled adds a hidden line of text, which cannot be chosen, to the menu or to an entry's submenu.
func disabled(parent *systray.MenuItem) *systray.MenuItem {
	var item *systray.MenuItem
	if parent == nil {
		item = systray.AddMenuItem(" ", "")
	} else {
		item = parent.AddSubMenuItem(" ", "")
	}
	item.Disable()
	item.Hide()
	return item
}

// listen passes clicks on. The library drops a click while nobody waits for it, so this only hands it over.
func (p *systrayPanel) listen(item *systray.MenuItem, i int, v verb) {
	for range item.ClickedCh {
		p.mu.Lock()
		e := p.drawn.Slots[i]
		p.mu.Unlock()
		if e.Verbs[v] {
			p.clicked(e.ID, v)
		}
	}
}

// draw brings the items from p.drawn to p.now.
func (p *systrayPanel) draw() {
	was, now := &p.drawn, &p.now
	if was.Icon != now.Icon {
		systray.SetIcon(p.icons[now.Icon])
	}
	if was.Header != now.Header {
		systray.SetTooltip(now.Header)
	}
	retitle(p.header, was.Header, now.Header)
	retitle(p.note, was.Note, now.Note)
	retitle(p.more, was.More, now.More)
	for i := range p.slots {
		s, was, now := &p.slots[i], &was.Slots[i], &now.Slots[i]
		for v := range verbCount {
			switch {
			case now.Verbs[v] && !was.Verbs[v]:
				s.verbs[v].Show()
			case !now.Verbs[v] && was.Verbs[v]:
				s.verbs[v].Hide()
			}
		}
		for l := range s.lines {
			retitle(s.lines[l], was.Lines[l], now.Lines[l])
		}
		retitle(s.item, was.Title, now.Title)
	}
	p.drawn = p.now
}

// retitle gives an item another title; one without is hidden.
func retitle(item *systray.MenuItem, was, now string) {
	switch {
	case was == now:
	case now == "":
		item.Hide()
	default:
		item.SetTitle(label(now)) // shows it too
		if was == "" {
			item.Show() // on Windows SetTitle alone does not
		}
	}
}
