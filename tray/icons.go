package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"math"
)

// icon is a state of the tray. Each has its own outline and sign, so that nobody needs colours to tell them apart.
type icon int

// The icons: a hollow ring struck through, a disc with an eye, a square with rising bars, a triangle with an exclamation mark.
const (
	iconNotWatching icon = iota
	iconWatching
	iconHeavy
	iconAlert
	iconCount
)

// field is a signed distance to a shape's edge in a square of -1 to 1, x right and y down: negative inside.
type field func(x, y float64) float64

// drawIcon returns an icon of size by size pixels. A white rim keeps its outline on dark panels, the dark fill on light
// ones.
func drawIcon(i icon, size int) *image.NRGBA {
	const rim = 0.10
	outline, sign, fill := shape(i)
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	half := float64(size) / 2
	for py := range size {
		for px := range size {
			x, y := (float64(px)+0.5)/half-1, (float64(py)+0.5)/half-1
			edge := outline(x, y)
			over := cover(edge, half)
			inner := cover(edge+rim, half) * (1 - cover(sign(x, y), half))
			img.SetNRGBA(px, py, color.NRGBA{
				R: mix(fill.R, inner/max(over, 1e-9)), G: mix(fill.G, inner/max(over, 1e-9)),
				B: mix(fill.B, inner/max(over, 1e-9)), A: uint8(math.Round(over * 255)),
			})
		}
	}
	return img
}

// shape returns an icon's outline, the sign in it that stays white, and the colour between them.
func shape(i icon) (outline, sign field, fill color.NRGBA) {
	switch i {
	case iconWatching:
		eye := func(x, y float64) float64 { // where two discs overlap, without the pupil
			lens := max(math.Hypot(x, y-0.42)-0.80, math.Hypot(x, y+0.42)-0.80)
			return max(lens, 0.23-math.Hypot(x, y))
		}
		return disc(0.98), eye, color.NRGBA{0x1B, 0x6E, 0x3C, 0xFF}
	case iconHeavy:
		bars := union(bar(-0.42, 0.12, 0.5), bar(0, -0.18, 0.5), bar(0.42, -0.5, 0.5))
		square := func(x, y float64) float64 {
			const corner = 0.22
			dx, dy := math.Abs(x)-0.92+corner, math.Abs(y)-0.92+corner
			return math.Hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - corner
		}
		return square, bars, color.NRGBA{0x8A, 0x55, 0x00, 0xFF}
	case iconAlert:
		mark := union(stroke(0, -0.30, 0, 0.28, 0.13), stroke(0, 0.60, 0, 0.60, 0.14))
		triangle := func(x, y float64) float64 {
			side := (math.Abs(x)*1.86 - (y + 0.98)) / math.Hypot(1.86, 1)
			return max(side, y-0.92)
		}
		return triangle, mark, color.NRGBA{0xB3, 0x1B, 0x1B, 0xFF}
	case iconNotWatching, iconCount:
	}
	ring := func(x, y float64) float64 { return math.Abs(math.Hypot(x, y)-0.73) - 0.15 }
	struck := union(ring, stroke(-0.52, -0.52, 0.52, 0.52, 0.14))
	return disc(0.98), func(x, y float64) float64 { return -struck(x, y) }, color.NRGBA{0x3C, 0x3C, 0x3C, 0xFF}
}

func disc(r float64) field { return func(x, y float64) float64 { return math.Hypot(x, y) - r } }

// bar is an upright bar at x from top to bottom.
func bar(at, top, bottom float64) field {
	return func(x, y float64) float64 {
		return max(math.Abs(x-at)-0.14, top-y, y-bottom)
	}
}

// stroke is a round-ended line of radius r.
func stroke(x0, y0, x1, y1, r float64) field {
	length := (x1-x0)*(x1-x0) + (y1-y0)*(y1-y0)
	return func(x, y float64) float64 {
		t := 0.0
		if length > 0 {
			t = min(1, max(0, ((x-x0)*(x1-x0)+(y-y0)*(y1-y0))/length))
		}
		return math.Hypot(x-x0-t*(x1-x0), y-y0-t*(y1-y0)) - r
	}
}

func union(fields ...field) field {
	return func(x, y float64) float64 {
		d := math.Inf(1)
		for _, f := range fields {
			d = min(d, f(x, y))
		}
		return d
	}
}

// cover is how much of a pixel a shape covers, 0 to 1, from the distance of the pixel's middle to the edge.
func cover(distance, half float64) float64 { return min(1, max(0, 0.5-distance*half)) }

// mix goes from white (0) to c (1).
func mix(c uint8, t float64) uint8 { return uint8(math.Round(255 + (float64(c)-255)*min(1, t))) }

// pngOf returns an icon as a PNG file.
func pngOf(i icon, size int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, drawIcon(i, size)); err != nil {
		panic(err) // a buffer takes all, and the picture has a size
	}
	return b.Bytes()
}

// icoOf returns an icon as an ICO file with pictures of 16, 32 and 48 pixels, as uncompressed bitmaps: the form that
// every Windows reads.
func icoOf(i icon) []byte {
	sizes := []int{16, 32, 48}
	head := []byte{0, 0, 1, 0, byte(len(sizes)), 0}
	var body []byte
	for _, n := range sizes {
		bits := bitmap(drawIcon(i, n), n)
		head = append(head, byte(n), byte(n), 0, 0, 1, 0, 32, 0)
		head = binary.LittleEndian.AppendUint32(head, uint32(len(bits)))
		head = binary.LittleEndian.AppendUint32(head, uint32(6+16*len(sizes)+len(body)))
		body = append(body, bits...)
	}
	return append(head, body...)
}

// bitmap returns the BITMAPINFOHEADER, the rows from the bottom up in blue, green, red, alpha, and an empty mask.
func bitmap(img *image.NRGBA, n int) []byte {
	var b []byte
	for _, v := range []uint32{40, uint32(n), uint32(2 * n), 1 | 32<<16, 0, uint32(4 * n * n), 0, 0, 0, 0} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	for y := n - 1; y >= 0; y-- {
		for x := range n {
			c := img.NRGBAAt(x, y)
			b = append(b, c.B, c.G, c.R, c.A)
		}
	}
	return append(b, make([]byte, (n+31)/32*4*n)...)
}
