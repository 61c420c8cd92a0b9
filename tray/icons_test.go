package main

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the pictures in docs/images again")

// TestIconsWithoutColour: who sees no colours must still tell any two icons apart, on a light panel and on a dark one,
// at the smallest size that panels use.
func TestIconsWithoutColour(t *testing.T) {
	t.Parallel()
	for _, panel := range []color.Gray{{0xF0}, {0x20}} {
		var seen [iconCount]*image.Gray
		for i := range iconCount {
			seen[i] = grey(i, 22, panel)
			if n := differ(seen[i], image.NewUniform(panel)); n < 80 {
				t.Errorf("icon %d on a panel of grey %d: only %d pixels stand out", i, panel.Y, n)
			}
			for j := range i {
				if n := differ(seen[i], seen[j]); n < 60 {
					t.Errorf("icons %d and %d on a panel of grey %d differ in %d of 484 pixels", i, j, panel.Y, n)
				}
			}
		}
	}
}

// grey draws an icon of one and the same fill for all on a panel: what is left is its shape.
func grey(i icon, size int, panel color.Gray) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, size, size))
	draw.Draw(out, out.Rect, image.NewUniform(panel), image.Point{}, draw.Src)
	src := drawIcon(i, size)
	for p := 0; p < len(src.Pix); p += 4 { // anything that is not white becomes the same dark grey
		c := color.GrayModel.Convert(color.NRGBA{src.Pix[p], src.Pix[p+1], src.Pix[p+2], 255}).(color.Gray).Y
		if c < 200 {
			c = 80
		}
		src.Pix[p], src.Pix[p+1], src.Pix[p+2] = c, c, c
	}
	draw.Draw(out, out.Rect, src, image.Point{}, draw.Over)
	return out
}

// differ counts the pixels that an eye tells apart.
func differ(a *image.Gray, b image.Image) int {
	n := 0
	for y := range a.Rect.Dy() {
		for x := range a.Rect.Dx() {
			other := color.GrayModel.Convert(b.At(x, y)).(color.Gray).Y
			if d := int(a.GrayAt(x, y).Y) - int(other); d > 60 || d < -60 {
				n++
			}
		}
	}
	return n
}

func TestIconFiles(t *testing.T) {
	t.Parallel()
	for i := range iconCount {
		img, err := png.Decode(bytes.NewReader(pngOf(i, 64)))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, a := img.At(0, 0).RGBA(); a != 0 {
			t.Errorf("icon %d: the corner is not transparent", i)
		}
		ico := icoOf(i)
		if n := int(ico[4]); n != 3 || !bytes.HasPrefix(ico, []byte{0, 0, 1, 0}) {
			t.Errorf("icon %d: %d pictures in the .ico, want 3", i, n)
		}
	}
}

// TestPicture shows all icons in the sizes and on the panels they meet; docs/images/tray-icons.png is that picture.
func TestPicture(t *testing.T) {
	t.Parallel()
	const cell = 80
	sizes := []int{64, 32, 22}
	out := image.NewNRGBA(image.Rect(0, 0, cell*int(iconCount)*2, cell*len(sizes)))
	for p, panel := range []color.Color{color.NRGBA{0xF2, 0xF2, 0xF2, 255}, color.NRGBA{0x22, 0x24, 0x28, 255}} {
		for i := range iconCount {
			for s, size := range sizes {
				at := image.Pt((p*int(iconCount)+int(i))*cell, s*cell)
				draw.Draw(out, image.Rect(0, 0, cell, cell).Add(at), image.NewUniform(panel), image.Point{}, draw.Src)
				off := at.Add(image.Pt((cell-size)/2, (cell-size)/2))
				draw.Draw(out, image.Rect(0, 0, size, size).Add(off), drawIcon(i, size), image.Point{}, draw.Over)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	const file = "../docs/images/tray-icons.png"
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(kept, b.Bytes()) {
		t.Errorf("%s is not the picture of the icons as they are: go test ./tray -run TestPicture -update (%v)", file, err)
	}
}
