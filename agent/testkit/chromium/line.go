//go:build linux

package chromium

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"
)

// Line is the debugging line to a browser, for tests that must look into pages and extensions.
type Line struct {
	// Context is chromedp's handle of the browser, for chromedp.CallBrowser and chromedp.Targets.
	Context context.Context //nolint:containedctx // that is how chromedp names a browser
	// Close ends the line; the browser stays.
	Close context.CancelFunc
}

// Line opens the debugging line. It lasts until ctx ends or Close.
func (b *Browser) Line(ctx context.Context) (*Line, error) {
	var told struct {
		Address string `json:"webSocketDebuggerUrl"`
	}
	if err := b.call(ctx, http.MethodGet, "/json/version", &told); err != nil {
		return nil, err
	}
	if told.Address == "" {
		return nil, fmt.Errorf("%s/json/version named no address", b.debug)
	}
	return OpenLine(ctx, told.Address)
}

// OpenLine opens the debugging line at the address that a browser has named (ws://127.0.0.1:PORT/...).
func OpenLine(ctx context.Context, address string) (*Line, error) {
	allocator, stop := remote.NewAllocator(ctx, address, remote.NoModifyURL)
	line, _ := chromedp.NewContext(allocator)
	if _, err := chromedp.Targets(line); err != nil {
		stop()
		return nil, fmt.Errorf("the debugging line: %w", err)
	}
	return &Line{Context: line, Close: stop}, nil
}

// Within calls do with chromedp's handle of a page or worker, for at most the limit, and lets go of it afterwards.
func (l *Line) Within(id target.ID, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := chromedp.NewContext(l.Context, chromedp.WithTargetID(id), chromedp.WithDetachOnCancel())
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	return do(ctx)
}
