// Package nativemessaging is the line between minewatch's browser extension and its agent: how messages are framed and
// what they hold, and the native messaging host that relays them. See docs/extension-protocol.md.
//
// Nothing in it judges what an extension says; that is for the agent (package extensions).
package nativemessaging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Protocol is the version of the messages, agreed on in hello.
const Protocol = 2

// The methods of requests that the extension sends. The names of a popup request begin with "popup.".
const (
	Hello         = "hello" // the first message of a conversation
	PopupLoad     = "popup.load"
	PopupAllow    = "popup.allow"
	PopupSnooze   = "popup.snooze"
	PopupDisallow = "popup.disallow"
)

// Measuring is the event by which the extension says that pages may or may no longer be measured.
const Measuring = "measuring"

// The methods of requests that the agent sends.
const (
	RendererFrames   = "renderer.frames"
	TabClose         = "tab.close"
	TabShow          = "tab.show"
	MemoryGrow       = "memory.grow"
	MemoryShrink     = "memory.shrink"
	RendererLives    = "renderer.lives"
	NumbersDistrust  = "numbers.distrust"
	SiteFlagged      = "site.flagged"    // an event
	SitesUnflagged   = "sites.unflagged" // an event
	AgentState       = "agent.state"     // an event, of the host itself
	firstWordOfPopup = "popup."
)

// The states of AgentState: what the host found at the other end.
const (
	AgentConnected = "connected" // a conversation begins; hello comes next
	AgentAbsent    = "absent"    // no agent runs, or it let this host not in
	AgentOutdated  = "outdated"  // the agent that runs is older than this host
)

// The codes of errors. Those that an extension sends in answer to a request are the first five.
const (
	NoTab         = "no_tab"
	OtherOrigin   = "other_origin"
	OtherRenderer = "other_renderer"
	Unanswered    = "unanswered"
	Failed        = "failed"

	UnknownMethod     = "unknown_method"
	InvalidParams     = "invalid_params"
	Busy              = "busy"
	Refused           = "refused"
	ExtensionOutdated = "extension_outdated"
)

// Message is one message in either direction, shaped as in JSON-RPC 2.0: a request has an ID and a Method, an event a
// Method alone, a response the ID of its request and either a Result or an Error. IDs count up from 1 on each side.
type Message struct {
	ID     int64           `json:"id,omitzero"`
	Method string          `json:"method,omitzero"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *Error          `json:"error,omitempty"`
}

// Error says why a request was not done: a word for programs, and perhaps a sentence for people.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message,omitzero"`
}

func (e *Error) Error() string {
	if e.Message != "" {
		return e.Message
	}
	return e.Code
}

// OutdatedError is returned for a message of another version of the protocol than this, which had its number in "v".
type OutdatedError struct{ Version int }

func (e OutdatedError) Error() string {
	return fmt.Sprintf("a message of protocol version %d", e.Version)
}

var (
	errNoID     = errors.New("a message whose id is no number above 0")
	errNoKind   = errors.New("a message that is neither a request, an event nor a response")
	errNoObject = errors.New("a message that is no JSON object")
)

// Parse reads one message. Keys it does not know are passed over, because a newer version may say more.
func Parse(body []byte) (Message, error) {
	var in struct {
		Message
		V json.RawMessage `json:"v"` // of version 1
	}
	if b := bytes.TrimLeft(body, " \t\r\n"); len(b) == 0 || b[0] != '{' {
		return Message{}, errNoObject
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Message{}, fmt.Errorf("a malformed message: %w", err)
	}
	m := in.Message
	if in.V != nil && m.Method == "" {
		var v int
		if err := json.Unmarshal(in.V, &v); err != nil {
			return Message{}, errNoKind
		}
		return Message{}, OutdatedError{v}
	}
	if isNull(m.Params) {
		m.Params = nil
	}
	request, response := m.Method != "", len(m.Result) > 0 || m.Error != nil
	switch {
	case request == response, m.Error != nil && (len(m.Result) > 0 || m.Error.Code == ""):
		return Message{}, errNoKind
	case m.ID < 0, response && m.ID == 0:
		return Message{}, errNoID
	}
	return m, nil
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }

// Encode returns a message as bytes for WriteFrame. Params or result, whichever is not nil, are put into it. It is an
// error if the message is longer than most bytes.
func Encode(m Message, params, result any, most int) ([]byte, error) {
	for to, value := range map[*json.RawMessage]any{&m.Params: params, &m.Result: result} {
		if value == nil {
			continue
		}
		b, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		*to = b
	}
	body, err := json.Marshal(m)
	if err == nil && len(body) > most {
		err = fmt.Errorf("a message of %d bytes, allowed are %d", len(body), most)
	}
	return body, err
}

// Fits reports whether a result or the params of an event are short enough for a message to the extension.
func Fits(value any) bool {
	_, err := Encode(Message{ID: 1<<53 - 1, Method: SitesUnflagged}, value, nil, MaxToExtension)
	return err == nil
}
