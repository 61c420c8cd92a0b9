//go:build linux

package desktop

import (
	"image"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"
)

func TestParseWindows(t *testing.T) {
	const tree = `
xwininfo: Window id: 0x21d (the root window) (has no name)

  Root window id: 0x21d (the root window) (has no name)
  Parent window id: 0x0 (none)
     3 children:
     0x200107 (has no name): ()  138x133+0+0  +0+0
        1 child:
        0xa00003 "wrapper-2.0": ("wrapper-2.0" "Wrapper-2.0")  41x40+0+0  +1399+860
     0xc00002 "a "quoted" (title): 1x1+0+0": ("chromium (/tmp/x)" "Chromium")  1100x760+-5+10  +-5+10
     0x20005f not a window
`
	want := []Window{
		{ID: "0x200107", Bounds: image.Rect(0, 0, 138, 133)},
		{ID: "0xa00003", Name: "wrapper-2.0", Class: `"wrapper-2.0" "Wrapper-2.0"`, Bounds: image.Rect(1399, 860, 1440, 900)},
		{
			ID: "0xc00002", Name: `a "quoted" (title): 1x1+0+0`, Class: `"chromium (/tmp/x)" "Chromium"`,
			Bounds: image.Rect(-5, 10, 1095, 770),
		},
	}
	if diff := cmp.Diff(want, parseWindows(tree)); diff != "" {
		t.Error(diff)
	}
}

func TestSteps(t *testing.T) {
	menu := MenuItem{Children: []MenuItem{
		{Label: "2 alerts", Visible: true},
		{Separator: true, Visible: true, Enabled: true},
		{Label: "Close tab (hidden)", Enabled: true},
		{Label: "Show tab", Visible: true, Enabled: true},
		{Label: "Close tab (grey)", Visible: true},
		{Label: "Close tab", Visible: true, Enabled: true},
	}}
	n, item, ok := menu.steps("Close tab")
	if !ok || n != 2 || item.Label != "Close tab" {
		t.Errorf("steps = %d, %q, %v; want 2 presses to the line that can be chosen", n, item.Label, ok)
	}
	if n, item, ok := menu.steps("2 alerts"); ok {
		t.Errorf("a grey line can be chosen: %d, %v", n, item)
	}
}

func TestSplitItem(t *testing.T) {
	for name, want := range map[string]trayItem{
		":1.5/org/x/y": {bus: ":1.5", path: "/org/x/y"},
		":1.5":         {bus: ":1.5", path: "/StatusNotifierItem"},
	} {
		if got := splitItem(name); got != want {
			t.Errorf("splitItem(%q) = %+v, want %+v", name, got, want)
		}
	}
}

func TestUnmark(t *testing.T) {
	for label, want := range map[string]string{"_Close": "Close", "a__b": "a_b", "plain": "plain"} {
		if got := unmark(label); got != want {
			t.Errorf("unmark(%q) = %q, want %q", label, got, want)
		}
	}
}

// TestLayoutDefaults: a property that is left out has the value of the protocol, not Go's zero.
func TestLayoutDefaults(t *testing.T) {
	child := dbus.MakeVariant(layout{ID: 4, Properties: map[string]dbus.Variant{
		"label": dbus.MakeVariant("_Quit"), "enabled": dbus.MakeVariant(false), "type": dbus.MakeVariant(int32(3)),
	}, Children: []dbus.Variant{}})
	got, err := layout{Children: []dbus.Variant{child}}.item()
	if err != nil {
		t.Fatal(err)
	}
	want := MenuItem{Enabled: true, Visible: true, Children: []MenuItem{{ID: 4, Label: "Quit", Visible: true}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := (layout{Children: []dbus.Variant{dbus.MakeVariant("text")}}).item(); err == nil {
		t.Error("a child that is no layout was taken")
	}
}

func TestNoteLogTakesOnlyWhatIsWellFormed(t *testing.T) {
	var l noteLog
	at := time.Unix(1000, 0)
	l.take(&dbus.Message{Type: dbus.TypeMethodCall, Body: []any{"app"}}, at)
	l.take(&dbus.Message{Type: dbus.TypeMethodCall, Body: []any{1, 2, 3, 4, 5, 6}}, at)
	l.take(&dbus.Message{Type: dbus.TypeMethodReply, Body: []any{uint32(7)}}, at)
	l.take(&dbus.Message{Type: dbus.TypeSignal, Body: []any{"x"}}, at)
	if len(l.notes) != 0 {
		t.Errorf("malformed messages became notifications: %+v", l.notes)
	}
	l.take(&dbus.Message{Type: dbus.TypeMethodCall, Body: []any{"app", uint32(0), "", "Sum", "Body", []string{"a", "A", "odd"}}}, at)
	l.take(&dbus.Message{Type: dbus.TypeMethodReply, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldReplySerial: dbus.MakeVariant(uint32(0)),
	}, Body: []any{uint32(7)}}, at)
	l.take(&dbus.Message{Type: dbus.TypeSignal, Body: []any{uint32(7), uint32(1)}}, at)
	want := []Notification{{ID: 7, App: "app", Summary: "Sum", Body: "Body", Actions: map[string]string{"a": "A"}, At: at, Closed: true}}
	if diff := cmp.Diff(want, l.notes); diff != "" {
		t.Error(diff)
	}
}
