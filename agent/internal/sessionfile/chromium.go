package sessionfile

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
)

// The commands of a session file of the Chromium family (components/sessions/core/session_service_commands.cc). A file
// is "SNSS", a version, and then records of a length in two bytes, a command in one and its content.
const (
	snssNavigation = 6 // a pickle: tab, index, address, …
	snssSelected   = 7 // tab, index
	snssTabClosed  = 16
	snssPruned     = 24 // tab, index, count
)

const (
	snssPlain       = 1
	snssWithMarkers = 3 // 2 and 4 are encrypted
	maxEntries      = 64
)

// snssTab is a tab as the file's commands leave it.
type snssTab struct {
	addresses map[int32]string // by index in the tab's history
	selected  int32
}

// chromiumHosts returns the hosts shown in the tabs. Seen on Chromium 156: fresh within seconds. A truncated file,
// as one does that is being written, counts up to there.
func chromiumHosts(data []byte) ([]string, error) {
	rest, ok := bytes.CutPrefix(data, []byte("SNSS"))
	if !ok || len(rest) < 4 {
		return nil, errNoSession
	}
	if version := binary.LittleEndian.Uint32(rest); version != snssPlain && version != snssWithMarkers {
		return nil, errNoSession
	}
	rest = rest[4:]
	tabs := map[int32]*snssTab{}
	for len(rest) > 2 {
		length := int(binary.LittleEndian.Uint16(rest))
		rest = rest[2:]
		if length == 0 || length > len(rest) {
			break
		}
		apply(tabs, rest[0], rest[1:length])
		rest = rest[length:]
	}
	var shown []string
	for _, id := range slices.Sorted(maps.Keys(tabs)) {
		shown = append(shown, tabs[id].addresses[tabs[id].selected])
	}
	return unique(shown), nil
}

// apply carries out one command. What is too short or not known changes nothing.
func apply(tabs map[int32]*snssTab, command byte, body []byte) {
	switch command {
	case snssNavigation:
		id, index, address, ok := navigation(body)
		if !ok {
			return
		}
		t := tabs[id]
		if t == nil {
			if len(tabs) >= maxTabs {
				return
			}
			t = &snssTab{addresses: map[int32]string{}}
			tabs[id] = t
		}
		t.selected = index // a page that is shown is written, and a click in the history says so by itself
		if _, known := t.addresses[index]; !known && len(t.addresses) >= maxEntries {
			clear(t.addresses) // only the shown one matters
		}
		t.addresses[index] = address
	case snssSelected:
		if t := tabs[word(body, 0)]; t != nil && len(body) >= 8 {
			t.selected = word(body, 1)
		}
	case snssTabClosed:
		if len(body) >= 4 {
			delete(tabs, word(body, 0))
		}
	case snssPruned:
		if t := tabs[word(body, 0)]; t != nil && len(body) >= 12 {
			prune(t, word(body, 1), word(body, 2))
		}
	}
}

// prune takes count entries away from index on; those behind move up.
func prune(t *snssTab, index, count int32) {
	if index < 0 || count <= 0 {
		return
	}
	moved := map[int32]string{}
	for i, a := range t.addresses {
		switch {
		case i < index:
			moved[i] = a
		case i-index >= count:
			moved[i-count] = a
		}
	}
	t.addresses = moved
	if t.selected >= index {
		t.selected = max(index-1, t.selected-count)
	}
}

// navigation reads a pickle: its length, the tab, the index in its history, the address's length and the address.
func navigation(body []byte) (id, index int32, address string, ok bool) {
	if len(body) < 16 {
		return 0, 0, "", false
	}
	length := int(word(body, 3))
	if length < 0 || length > len(body)-16 {
		return 0, 0, "", false
	}
	return word(body, 1), word(body, 2), string(body[16 : 16+length]), true
}

// word returns the nth 32-bit number, 0 if there is none.
func word(body []byte, n int) int32 {
	if len(body) < 4*n+4 {
		return 0
	}
	return int32(binary.LittleEndian.Uint32(body[4*n:]))
}
