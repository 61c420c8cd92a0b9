//go:build linux

package popup

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
)

// browser is one browser under test. What it does to the popup itself it does with the desktop's mouse and keys.
type browser interface {
	family() string
	root() int
	// open opens the popup over the front tab, as far as its page is there.
	open(ctx context.Context) error
	// isOpen reports whether the popup is there.
	isOpen(ctx context.Context) (bool, error)
	// evaluate runs an expression in the popup, waits for what it promises, and returns it as JSON.
	evaluate(ctx context.Context, expression string) ([]byte, error)
	// visit opens an address in a new tab in front.
	visit(ctx context.Context, address string) error
	// hosts returns the hosts of all tabs, front that of the one in front.
	hosts(ctx context.Context) ([]string, error)
	front(ctx context.Context) (string, error)
	// badge returns what stands on the extension's button of the front tab.
	badge(ctx context.Context) (string, error)
	// scheme makes pages and the popup "light" or "dark".
	scheme(ctx context.Context, scheme string) error
	window(ctx context.Context) (desktop.Window, error)
}

// view is what a person sees in the popup.
type view struct {
	Machine string `json:"machine"`
	State   string `json:"state"`
	Said    string `json:"said"`
	Here    string `json:"here"`
	Away    string `json:"away"`
	Cards   []card `json:"cards"`
	// Focus is the name of what has the keyboard, "" for the page itself; Ring reports whether that is seen.
	Focus string `json:"focus"`
	Ring  bool   `json:"ring"`
	// Unseen is what is said of processes that have no name here.
	Unseen string `json:"unseen"`
	// Checkable reports whether the popup offers to let names be double-checked.
	Checkable bool `json:"checkable"`
	// Width is that of the window, Wide is by how many pixels the page is wider than its window.
	Width int `json:"width"`
	Wide  int `json:"wide"`
}

type card struct {
	Name, Share, Mark, Length, Curve, CurveName string
	Why                                         []string
	Buttons                                     []string // names of those that can be pressed
}

//go:embed view.js
var viewScript string

// look reads the popup.
func look(ctx context.Context, b browser) (view, error) {
	var v view
	return v, evaluateInto(ctx, b, viewScript, &v)
}

func evaluateInto(ctx context.Context, b browser, expression string, out any) error {
	text, err := b.evaluate(ctx, expression)
	if err != nil {
		return fmt.Errorf("look into the popup of %s: %w", b.family(), err)
	}
	return json.Unmarshal(text, out)
}

// button returns the name that begins so of a button of the card.
func (c card) button(begin string) string {
	for _, name := range c.Buttons {
		if strings.HasPrefix(name, begin) {
			return name
		}
	}
	return ""
}
