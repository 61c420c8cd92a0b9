// Command probe shows a tray icon with a menu, and writes each choice to standard output: what the harness of the
// test desktop is tried on. It ends after two minutes at the latest.
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/getlantern/systray"
)

func main() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, os.Interrupt)
	systray.Run(func() { ready(end) }, func() {})
}

func ready(end <-chan os.Signal) {
	systray.SetIcon(icon(color.RGBA{0xc4, 0x51, 0x2d, 0xff}))
	title := systray.AddMenuItem("2 alerts", "")
	title.Disable()
	systray.AddSeparator()
	first := systray.AddMenuItem("First_line", "")
	hidden := systray.AddMenuItem("Hidden", "")
	hidden.Hide()
	sub := systray.AddMenuItem("films.test", "")
	grey := sub.AddSubMenuItem("Grey", "")
	grey.Disable()
	showTab := sub.AddSubMenuItem("Show tab", "")
	closeTab := sub.AddSubMenuItem("Close tab", "")
	last := systray.AddMenuItem("Quit", "")
	go func() {
		limit := time.NewTimer(2 * time.Minute)
		for {
			select {
			case <-first.ClickedCh:
				fmt.Println("first")
			case <-hidden.ClickedCh:
				fmt.Println("hidden")
			case <-grey.ClickedCh:
				fmt.Println("grey")
			case <-showTab.ClickedCh:
				fmt.Println("show")
			case <-closeTab.ClickedCh:
				fmt.Println("close")
			case <-last.ClickedCh:
				fmt.Println("quit")
			case <-end:
				systray.Quit()
				return
			case <-limit.C:
				systray.Quit()
				return
			}
		}
	}()
}

// icon draws a disc.
func icon(c color.Color) []byte {
	const n = 32
	img := image.NewRGBA(image.Rect(0, 0, n, n))
	for y := range n {
		for x := range n {
			if dx, dy := x-n/2, y-n/2; dx*dx+dy*dy < n*n/5 {
				draw.Draw(img, image.Rect(x, y, x+1, y+1), image.NewUniform(c), image.Point{}, draw.Src)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}
