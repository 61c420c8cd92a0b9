// Package browser is the line between the agent and browser extensions: native messaging, the bridge that asks which
// frames live in a renderer process, and the files that tell browsers where the program is.
//
// Every extension, page and host on that line is a stranger. What they say is bounded, checked in one place
// (cleanAnswer), and only ever a label to show. See docs/extension-protocol.md.
package browser

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/minewatch/minewatch/agent/api"
)

// protocolVersion is the version of the messages.
const protocolVersion = 1

// The sizes on the line. The extension keeps to maxFrames and, with room to spare, to maxFromBrowser; the agent's door
// takes as much.
const (
	maxFromBrowser = 128 << 10 // bytes of one message of an extension
	maxToBrowser   = 8 << 10   // bytes of one message to it
	maxFrames      = 256       // frames in one answer
	maxOrigin      = 300       // bytes: a DNS name of 253, a scheme and a port
	maxRenderer    = 1<<31 - 1 // Chromium numbers its processes with an int
)

// geckoBrowser is what the extension in Firefox calls it.
const geckoBrowser = "firefox"

// refusals are the words by which an extension says why it did not do what was asked, with what they mean to people.
func refusals() map[string]error {
	return map[string]error{
		"no_tab": errNoTab, "other_origin": errOtherSite, "other_renderer": errMoved,
		"unanswered": errUnanswered, "failed": errFailed,
	}
}

// Why a tab was neither closed nor shown.
var (
	errNoTab      = errors.New("the tab is closed already")
	errOtherSite  = errors.New("the tab shows another site by now; it was left alone")
	errMoved      = errors.New("what used the processor is no longer in that tab; it was left alone")
	errUnanswered = errors.New("the page asks something before it is left; answer it in the browser")
	errFailed     = errors.New("the browser refused; do it in the browser")
)

// readFrame reads one native message: its length in four bytes of this machine's order, then JSON. It returns io.EOF
// when the browser closed the line between two messages. Any other error leaves the line unusable.
func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.NativeEndian.Uint32(head[:])
	if n == 0 || n > maxFromBrowser {
		return nil, fmt.Errorf("a message of %d bytes, allowed are 1 to %d", n, maxFromBrowser)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, fmt.Errorf("a message broke off: %w", io.ErrUnexpectedEOF)
	}
	return body, nil
}

// writeFrame writes a question as one native message, in one Write.
func writeFrame(w io.Writer, q api.Question) error {
	body, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if len(body) > maxToBrowser {
		return fmt.Errorf("a question of %d bytes, allowed are %d", len(body), maxToBrowser)
	}
	_, err = w.Write(append(binary.NativeEndian.AppendUint32(nil, uint32(len(body))), body...))
	return err
}

// decodeAnswer reads one answer. Keys it does not know are passed over, because a newer extension may say more.
func decodeAnswer(body []byte) (api.Answer, error) {
	var a api.Answer
	if err := json.Unmarshal(body, &a); err != nil {
		return api.Answer{}, fmt.Errorf("an answer that is none: %w", err)
	}
	return cleanAnswer(a)
}

// cleanAnswer returns an outside answer with only what its type calls for, or an error if it cannot be one. It is the
// only way in: the host and the bridge both use it, because neither trusts the other.
//
// An origin that is none becomes "": the frame stays, so that a process in which somebody nameless lives is never
// taken for one site's alone.
func cleanAnswer(a api.Answer) (api.Answer, error) {
	if a.V != protocolVersion {
		return api.Answer{}, fmt.Errorf("an answer of version %d, wanted %d", a.V, protocolVersion)
	}
	if a.Type != "hello" && a.ID <= 0 {
		return api.Answer{}, errors.New("an answer to no question")
	}
	switch a.Type {
	case "hello":
		c := api.Answer{V: a.V, Type: a.Type}
		if extensionVersion().MatchString(a.Extension) {
			c.Extension = a.Extension
		}
		if a.Browser == geckoBrowser {
			c.Browser = a.Browser
		}
		c.Measures = a.Measures
		return c, nil
	case "done":
		c := api.Answer{V: a.V, Type: a.Type, ID: a.ID, OK: a.OK}
		if a.OK && a.Renderer > 0 && a.Renderer <= maxRenderer {
			c.Renderer = a.Renderer
		}
		if !a.OK {
			c.Error = "failed"
			if _, known := refusals()[a.Error]; known {
				c.Error = a.Error
			}
		}
		return c, nil
	case "frames":
		return cleanFrames(a)
	case "load", "allow", "disallow", "snooze":
		return cleanWish(a)
	default:
		return api.Answer{}, errors.New("an answer of no known type")
	}
}

func cleanFrames(a api.Answer) (api.Answer, error) {
	if a.Renderer <= 0 || a.Renderer > maxRenderer {
		return api.Answer{}, errors.New("an answer about no renderer")
	}
	// Cut, it could name one site where several live: rather none.
	if len(a.Frames) > maxFrames {
		return api.Answer{}, fmt.Errorf("an answer of %d frames, allowed are %d", len(a.Frames), maxFrames)
	}
	c := api.Answer{
		V: a.V, Type: a.Type, ID: a.ID, Renderer: a.Renderer,
		Frames: slices.Clone(a.Frames), Last: cleanOrigin(a.Last),
	}
	switch a.User {
	case "active", "idle", "locked":
		c.User = a.User
	}
	for i := range c.Frames {
		f := &c.Frames[i]
		if f.Tab < 0 || f.Frame < 0 {
			return api.Answer{}, errors.New("an answer about no tab")
		}
		f.Origin, f.Top = cleanOrigin(f.Origin), cleanOrigin(f.Top)
	}
	return c, nil
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

// extensionVersion matches the versions that browsers accept in a manifest.
func extensionVersion() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]{1,6}){0,3}$`) }
