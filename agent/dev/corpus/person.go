//go:build linux

package main

import (
	"context"
	"image"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// words are what a person writes.
const words = "the meeting moves to thursday at ten please bring the figures of the last quarter and a short note on what is late "

// play1 plays the person at the computer until ctx ends. The same scenario is always played alike.
func (p *stage) play1(ctx context.Context) error {
	if p.User == Away {
		return nil
	}
	var seed uint64
	for _, r := range p.Name {
		seed = seed*31 + uint64(r)
	}
	dice := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a person is not a secret
	written := 0
	for n := 1; ; n++ {
		if err := wait.Pause(ctx, time.Duration(600+dice.IntN(2200))*time.Millisecond); err != nil {
			return err
		}
		var err error
		switch {
		case p.User == Surfing && n%6 == 0:
			err = p.browser.Back(ctx, n/6)
		case p.User == Typing && n%5 != 0:
			from := written % (len(words) - 24)
			written += 24
			_, err = p.desktop.Output(ctx, "xdotool", "type", "--delay", "90", words[from:from+24])
		case p.User == Typing:
			err = p.desktop.Click(ctx, image.Pt(300+dice.IntN(400), 300+dice.IntN(300)), 1)
		default:
			err = read(ctx, p.desktop, dice)
		}
		if err != nil && ctx.Err() != nil {
			return err
		}
	}
}

// read moves the mouse a little way and scrolls.
func read(ctx context.Context, d *desktop.Desktop, dice *rand.Rand) error {
	x, y := 200+dice.IntN(700), 250+dice.IntN(400)
	args := []string{"mousemove", strconv.Itoa(x), strconv.Itoa(y)}
	for range 3 {
		args = append(args, "sleep", "0.08", "mousemove_relative", "--", strconv.Itoa(dice.IntN(40)-20), strconv.Itoa(dice.IntN(40)-20))
	}
	button := "5"
	if dice.IntN(3) == 0 {
		button = "4"
	}
	args = append(args, "click", "--repeat", "3", "--delay", "120", button)
	_, err := d.Output(ctx, "xdotool", args...)
	return err
}
