package extensions

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
)

// What an extension may say. It keeps to maxFrames and, with room to spare, to nm.MaxFromExtension.
const (
	maxFrames   = 256                                // frames in one result
	maxOrigin   = 300                                // bytes: a DNS name of 253, a scheme and a port
	maxRenderer = 1<<31 - 1                          // Chromium numbers its processes with an int
	maxForS     = float64(api.MaxSpan / time.Second) // what people may ask for at once
)

// geckoBrowser is what the extension in Firefox calls it.
const geckoBrowser = "firefox"

var (
	// extensionVersion matches the versions that browsers accept in a manifest.
	extensionVersion = regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]{1,6}){0,3}$`)
	// alertID matches the ids that alert.Manager gives.
	alertID = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)
)

// Why a tab was neither closed nor shown.
var (
	errNoTab      = errors.New("the tab is closed already")
	errOtherSite  = errors.New("the tab shows another site by now; it was left alone")
	errMoved      = errors.New("what used the processor is no longer in that tab; it was left alone")
	errUnanswered = errors.New("the page asks something before it is left; answer it in the browser")
	errFailed     = errors.New("the browser refused; do it in the browser")
)

// refusal returns what the code of an extension's error means to people. A code nobody knows means errFailed.
func refusal(code string) error {
	switch code {
	case nm.NoTab:
		return errNoTab
	case nm.OtherOrigin:
		return errOtherSite
	case nm.OtherRenderer:
		return errMoved
	case nm.Unanswered:
		return errUnanswered
	}
	return errFailed
}

func isRenderer(n int) bool { return n > 0 && n <= maxRenderer }

// cleanHello leaves in a hello only what it may say.
func cleanHello(p *nm.HelloParams) {
	if !extensionVersion.MatchString(p.Extension) {
		p.Extension = ""
	}
	if p.Browser != geckoBrowser {
		p.Browser = ""
	}
}

// cleanGrow leaves in the result of a step only what it may say.
func cleanGrow(r *nm.GrowResult) error {
	if !isRenderer(r.Renderer) {
		r.Renderer = 0
	}
	return nil
}

// cleanFrames leaves in a result only what it may say, or returns an error if it cannot be one.
//
// A malformed origin becomes "": the frame stays, so that a process with a page without a name is never
// taken for one site's alone.
func cleanFrames(r *nm.FramesResult) error {
	// Cut, it could name one site where several live: rather none.
	if len(r.Frames) > maxFrames {
		return fmt.Errorf("%d frames, allowed are %d", len(r.Frames), maxFrames)
	}
	switch r.User {
	case "active", "idle", "locked":
	default:
		r.User = ""
	}
	r.Last = cleanOrigin(r.Last)
	for i := range r.Frames {
		f := &r.Frames[i]
		if f.Tab < 0 || f.Frame < 0 {
			return errors.New("a frame of no tab")
		}
		f.Origin, f.Top = cleanOrigin(f.Origin), cleanOrigin(f.Top)
	}
	return nil
}

// cleanOrigin returns an origin as an extension writes it (scheme and host in lower case, perhaps a port), and "" for
// anything else: paths, user names, control characters, markup, names that are not yet ASCII.
func cleanOrigin(s string) string {
	scheme, host, ok := strings.Cut(s, "://")
	switch {
	case s == "file://":
		return s
	case !ok || len(s) > maxOrigin || !only(scheme, "+-.") || !only(host, "-._:[]"):
		return ""
	case scheme == "" || scheme[0] < 'a' || host == "" || strings.HasPrefix(host, ":"):
		return ""
	case strings.ContainsAny(host, "[]") && (host[0] != '[' || strings.Count(host, "[")+strings.Count(host, "]") != 2):
		return ""
	case host[0] != '[' && strings.Count(host, ":") > 1:
		return ""
	}
	return s
}

// only reports whether s has nothing but lower case letters, digits and the extra characters.
func only(s, extra string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune(extra, rune(c)) {
			return false
		}
	}
	return true
}
