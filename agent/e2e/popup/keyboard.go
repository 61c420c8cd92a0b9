//go:build linux

package popup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxTabs is how many presses of the Tab key reach everything in the popup.
const maxTabs = 40

// focus moves the keyboard with the Tab key to what has this name.
func (s *scenario) focus(ctx context.Context, name string) error {
	var passed []string
	for range maxTabs {
		v, err := look(ctx, s.browser)
		if err != nil {
			return err
		}
		if v.Focus == name {
			return nil
		}
		if err := s.tab(ctx, v.Focus); err != nil {
			return err
		}
		passed = append(passed, v.Focus)
	}
	return fmt.Errorf("the Tab key does not reach %q, only %q", name, passed)
}

// tab presses the Tab key and waits until the keyboard is elsewhere.
func (s *scenario) tab(ctx context.Context, from string) error {
	if err := s.desktop.Key(ctx, "Tab"); err != nil {
		return err
	}
	return s.sees(ctx, "that the Tab key has left "+from, func(v view) bool { return v.Focus != from })
}

// press presses a key on the button of this name.
func (s *scenario) press(ctx context.Context, name, key string) error {
	err := s.open(ctx, name, s.says(func(c card) bool { return slices.Contains(c.Buttons, name) }))
	if err != nil {
		return err
	}
	if err := s.focus(ctx, name); err != nil {
		return err
	}
	return s.desktop.Key(ctx, key)
}

// keyboard goes once through all of the popup: the order of the page, each place seen, and the place kept while the
// list changes.
func (s *scenario) keyboard(ctx context.Context) error {
	want := []string{"Why minewatch watches this"}
	for _, name := range []string{"Show tab", "Close tab", "Allow this site", "Ask again later"} {
		want = append(want, name+": "+s.site)
	}
	for _, name := range want {
		if err := s.focus(ctx, name); err != nil {
			return err
		}
		if v, err := look(ctx, s.browser); err != nil || !v.Ring {
			return errors.Join(fmt.Errorf("nothing shows that %q has the keyboard", name), err)
		}
	}
	changes, curve := 0, ""
	err := s.sees(ctx, "two more lists", s.says(func(c card) bool {
		if c.Curve != curve {
			curve = c.Curve
			changes++
		}
		return changes > 2
	}))
	if err != nil {
		return err
	}
	v, err := look(ctx, s.browser)
	if last := want[len(want)-1]; err == nil && v.Focus != last {
		err = fmt.Errorf("the keyboard went from %q to %q by itself", last, v.Focus)
	}
	return err
}

// isAccessible has axe-core look at the popup, and reads it as a screen reader would.
func (s *scenario) isAccessible(ctx context.Context) error {
	if err := s.audit(ctx); err != nil {
		return err
	}
	reader, ok := s.browser.(interface{ spoken() ([]string, error) })
	if !ok {
		return nil
	}
	lines, err := reader.spoken()
	if err != nil {
		return err
	}
	for _, want := range []string{
		"heading: minewatch", "list: Tabs that use the processor now", "listitem: " + s.site, "heading: " + s.site,
		"button: Show tab: " + s.site, "button: Close tab: " + s.site, "button: Allow this site: " + s.site,
		"button: Ask again later: " + s.site,
	} {
		if !slices.Contains(lines, want) {
			return fmt.Errorf("a screen reader is not told %q, but:\n%s", want, strings.Join(lines, "\n"))
		}
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "image: The last 60 seconds: between ") }) {
		return fmt.Errorf("a screen reader is not told the curve, but:\n%s", strings.Join(lines, "\n"))
	}
	return nil
}

// audit has axe-core look at the popup as it is now.
func (s *scenario) audit(ctx context.Context) error {
	if s.axe == "" {
		return nil
	}
	text, err := s.browser.evaluate(ctx, s.axe+`
		;axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations.map((v) =>
			v.id + ": " + v.help + ": " + v.nodes.map((n) => n.html + " " + n.failureSummary).join("; ")))`)
	if err != nil {
		return fmt.Errorf("axe-core: %w", err)
	}
	var faults []string
	if err := json.Unmarshal(text, &faults); err != nil {
		return err
	}
	if len(faults) > 0 {
		return fmt.Errorf("axe-core found:\n%s", strings.Join(faults, "\n"))
	}
	return nil
}
