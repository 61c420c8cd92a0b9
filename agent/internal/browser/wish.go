package browser

import (
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/heuristics"
)

// maxWishS is the longest time, in seconds, that a person may ask for.
const maxWishS = float64(api.MaxSpan / time.Second)

// IsWish reports whether an extension wants something for the person in front of it, instead of answering a question.
func IsWish(a api.Answer) bool {
	return a.Type == "load" || a.Type == "allow" || a.Type == "disallow" || a.Type == "snooze"
}

// cleanWish returns a wish with only what its type calls for.
func cleanWish(a api.Answer) (api.Answer, error) {
	c := api.Answer{V: a.V, Type: a.Type, ID: a.ID}
	switch a.Type {
	case "load":
		if a.Lang == "ja" {
			c.Lang = a.Lang
		}
		return c, nil
	case "disallow":
		if a.Renderer <= 0 || a.Renderer > maxRenderer {
			return api.Answer{}, errors.New("a wish about no renderer")
		}
		c.Renderer = a.Renderer
		return c, nil
	}
	if !alertID().MatchString(a.Alert) {
		return api.Answer{}, errors.New("a wish about no alert")
	}
	if a.ForS < 0 || a.ForS > maxWishS || (a.Type == "snooze" && a.ForS == 0) {
		return api.Answer{}, errors.New("a wish for a time that makes no sense")
	}
	c.Alert, c.ForS = a.Alert, a.ForS
	return c, nil
}

// alertID matches the ids that alert.Manager gives.
func alertID() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`) }

// Wish takes a wish of the extension behind the host with this pid, and returns it with only what it may say, and whose
// it is. What the host may have is the caller's to decide, by that.
func (b *Bridge) Wish(pid int32, said api.Answer) (HostPeer, api.Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[pid]
	if h == nil {
		return HostPeer{}, api.Answer{}, errors.New("open the stream of questions first")
	}
	if !h.gate.admit() {
		return HostPeer{}, api.Answer{}, b.refuse(h, errTooMany)
	}
	a, err := cleanAnswer(said)
	if err == nil && !IsWish(a) {
		err = errors.New("an answer where a wish was expected")
	}
	if err != nil {
		return HostPeer{}, api.Answer{}, b.refuse(h, err)
	}
	return h.HostPeer, a, nil
}

var errTooMany = errors.New("more messages a second than an honest extension sends")

// Fits reports whether a message is short enough for the line to the extension.
func Fits(q api.Question) bool {
	q.V = protocolVersion
	body, err := json.Marshal(q)
	return err == nil && len(body) <= maxToBrowser
}

// Tell tells one host something that it need not answer. It is lost if the host does not take it.
func (b *Bridge) Tell(pid int32, q api.Question) {
	b.tell(q, func(h *attached) bool { return h.PID == pid })
}

// TellBrowser tells every host under a root.
func (b *Bridge) TellBrowser(root heuristics.ProcessID, q api.Question) {
	b.tell(q, func(h *attached) bool { return h.Root == root })
}

// TellUser tells every host of a user.
func (b *Bridge) TellUser(user string, q api.Question) {
	b.tell(q, func(h *attached) bool { return h.User == user })
}

func (b *Bridge) tell(q api.Question, to func(*attached) bool) {
	q.V = protocolVersion
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.hosts {
		if !to(h) {
			continue
		}
		select {
		case h.questions <- q:
		default: // it takes nothing any more
		}
	}
}
