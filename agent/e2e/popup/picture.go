//go:build linux

package popup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"

	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// Size of the pictures, in pixels: the upper right part of the browser's window, where the popup hangs. maxPicture is
// how large one may be for the documentation, in bytes.
const (
	pictureWidth  = 760
	pictureHeight = 620
	maxPicture    = 150 << 10
)

// pictures takes one of the popup over a page, light and dark, which axe-core looks at too: contrast is a matter of both.
func (s *scenario) pictures(ctx context.Context) error {
	for _, p := range [][2]string{{"light", ".png"}, {"dark", "-dark.png"}} {
		if err := s.picture(ctx, p[0], filepath.Join(s.Out, "popup-"+s.browser.family()+p[1])); err != nil {
			return fmt.Errorf("%s: %w", p[0], err)
		}
	}
	return s.browser.scheme(ctx, "light")
}

func (s *scenario) picture(ctx context.Context, scheme, path string) error {
	if err := s.browser.scheme(ctx, scheme); err != nil {
		return err
	}
	ground, want := "", map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(29, 29, 34)"}[scheme]
	err := wait.Within(ctx, patience, "the popup to be "+scheme, func() (bool, error) {
		err := evaluateInto(ctx, s.browser, `getComputedStyle(document.body).backgroundColor`, &ground)
		return ground == want, err
	})
	if err != nil {
		return fmt.Errorf("%w; it is %s", err, ground)
	}
	// axe-core has work to do in the popup's process, which would show as such.
	if err := s.sees(ctx, "no more than the tabs", func(v view) bool { return v.Unseen == "" }); err != nil {
		return err
	}
	w, err := s.browser.window(ctx)
	if err != nil {
		return err
	}
	screen, err := s.desktop.Image(ctx)
	if err != nil {
		return err
	}
	at := image.Rect(w.Bounds.Max.X-pictureWidth, w.Bounds.Min.Y, w.Bounds.Max.X, w.Bounds.Min.Y+pictureHeight)
	return errors.Join(write(path, screen, at.Intersect(screen.Bounds())), s.audit(ctx))
}

// write writes a part of the screen.
func write(path string, screen image.Image, at image.Rectangle) error {
	part := image.NewRGBA(image.Rect(0, 0, at.Dx(), at.Dy()))
	draw.Draw(part, part.Bounds(), screen, at.Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, part); err != nil {
		return err
	}
	if out.Len() > maxPicture {
		return errors.New(filepath.Base(path) + " is too large for the documentation")
	}
	return os.WriteFile(path, out.Bytes(), 0o644) // pictures are for everybody
}
