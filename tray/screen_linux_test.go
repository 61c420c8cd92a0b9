package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"strconv"
	"testing"
)

// screen returns what the X server shows.
func (d *x11Desktop) screen(t *testing.T) image.Image {
	t.Helper()
	out, err := d.command(t, "import", "-window", "root", "png:-").Output()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// named checks what a screen reader says of the icon, and that no text stands beside it.
func (d *x11Desktop) named(t *testing.T) {
	t.Helper()
	icon, err := d.statusItem()
	if err != nil {
		t.Fatal(err)
	}
	for property, want := range map[string]string{"Title": "minewatch", "XAyatanaLabel": ""} {
		if v, err := icon.GetProperty("org.kde.StatusNotifierItem." + property); err != nil || v.Value() != want {
			t.Errorf("%s of the icon: %v (%v), want %q", property, v, err, want)
		}
	}
}

// find returns where in the panel an icon's colour is, and in how many pixels.
func (d *x11Desktop) find(t *testing.T, i icon) (at image.Point, n int) {
	t.Helper()
	img := d.screen(t)
	_, _, want := shape(i)
	for y := range 36 {
		for x := range img.Bounds().Dx() {
			r, g, b, _ := img.At(x, y).RGBA()
			if near(r, want.R) && near(g, want.G) && near(b, want.B) {
				at, n = at.Add(image.Pt(x, y)), n+1
			}
		}
	}
	if n > 0 {
		at = at.Div(n)
	}
	return at, n
}

func near(a uint32, b uint8) bool { d := int(a>>8) - int(b); return d > -8 && d < 8 }

// iconIs waits until the panel draws that icon.
func (d *x11Desktop) iconIs(t *testing.T, i icon) {
	t.Helper()
	eventually(t, "the icon", func() error {
		if _, n := d.find(t, i); n < 60 {
			return fmt.Errorf("%d pixels of icon %d", n, i)
		}
		return nil
	})
}

// openMenu opens menu and submenu as a person does, with the mouse and the keyboard.
func (d *x11Desktop) openMenu(t *testing.T) {
	t.Helper()
	at, _ := d.find(t, iconAlert)
	before := d.screen(t)
	for _, args := range [][]string{
		{"mousemove", strconv.Itoa(at.X), strconv.Itoa(at.Y), "click", "1"},
		{"sleep", "1", "key", "Down"},
		{"key", "Right", "sleep", "1"},
	} {
		if err := d.command(t, "xdotool", args...).Run(); err != nil {
			t.Fatal(err)
		}
	}
	if after := d.screen(t); changed(before, after) < 10_000 {
		t.Error("a click on the icon opened no menu")
	}
}

func changed(a, b image.Image) (n int) {
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if a.At(x, y) != b.At(x, y) {
				n++
			}
		}
	}
	return n
}

// picture keeps what the screen shows for the documentation, when asked (-update).
func (d *x11Desktop) picture(t *testing.T, name string) {
	t.Helper()
	if !*update {
		return
	}
	var b bytes.Buffer
	if err := png.Encode(&b, d.screen(t)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../docs/images/"+name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
