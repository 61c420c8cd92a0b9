package check

import (
	"io"
	"time"

	"go.uber.org/zap"
)

// Options are the settings of a browser that pages are opened in.
type Options struct {
	// Program is the browser's file; empty for the first of the Chromium family that is found on the system.
	Program string
	// UserAgent is what pages are told; empty for that of the browser as a person would use it.
	UserAgent string
	// Width and Height are the size of the window in pixels. Default 1280 by 800.
	Width, Height int
	// Proxy is the address of a proxy that all requests go through, such as "http://proxy.example:3128".
	Proxy string
	// AllowPrivate lets pages, and what they load, lead to addresses that are not public.
	AllowPrivate bool
	// MaxBytes bounds what one visit receives from the network. Default 256 MiB.
	MaxBytes int64
	// MaxMemory bounds the resident memory of one visit's processes in bytes. Default 2 GiB.
	MaxMemory int64
	// Flags are further flags of the browser.
	Flags []string
	// Log may be nil.
	Log *zap.Logger
}

// How says how one visit goes.
type How struct {
	// Load bounds the time until the page has loaded. Default 15 s.
	Load time.Duration
	// Front and Hidden are how long the page is watched in front, and then behind another tab, at most: a clear case ends
	// sooner. Default 20 and 16 s; negative for not at all.
	Front, Hidden time.Duration
	// WaitFor and Click are CSS selectors: of what must be there before the time begins, and of what is clicked after Front;
	// then it is watched in front once more.
	WaitFor, Click string
	// ClickIfThere lets a page pass on which nothing matches Click: of many pages only some have a banner.
	ClickIfThere bool
	// Quick says no more than whether the page deserves a long visit: its threads' demand is looked at, which other load on
	// the computer does not lessen, so many quick visits may go on at one time.
	Quick bool
	// Screenshot asks for one.
	Screenshot bool
	// Record, if not nil, receives a recording of the page's processes, which `minewatch replay` judges the same.
	Record io.Writer
}
