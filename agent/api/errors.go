package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ErrNotRunning is returned (wrapped) when no agent listens at the socket.
var ErrNotRunning = errors.New("minewatch is not running")

// ErrVersion is returned (wrapped) when the agent and this program are too far apart in version to understand each
// other.
var ErrVersion = errors.New("the agent and this program are of different versions")

// Code says of which kind a refusal is, for programs; new ones may be added.
type Code string

// The codes, with the HTTP status that goes with each.
const (
	CodeInvalid     Code = "invalid"         // 400: what was asked makes no sense
	CodeForbidden   Code = "forbidden"       // 403: not to this caller
	CodeNotFound    Code = "not_found"       // 404: there is no such thing, or it is another user's
	CodeUnknown     Code = "unknown_request" // 404: this agent does not know the request, see ErrVersion
	CodeConflict    Code = "conflict"        // 409: it makes sense, but not as things stand now
	CodeTooLarge    Code = "too_large"       // 413
	CodeUnsupported Code = "unsupported"     // 415
	CodeTooMany     Code = "too_many"        // 429: too much at once, or more than is kept for one user
	CodeFailed      Code = "failed"          // 500: the agent's own failure; its log says more
	CodeUnavailable Code = "unavailable"     // 503: not while the disk fails; try again
	CodeStopping    Code = "stopping"        // 503
	CodeTimeout     Code = "timeout"         // 504
)

// Error is what an agent answered instead of doing what it was asked. Find it with errors.AsType.
type Error struct {
	// Status is the HTTP status, Code is empty from an agent that knows none.
	Status int
	Code   Code
	// Message is the agent's one sentence with what to do next: text from another program, to be shown as plain text.
	Message string
}

func (e *Error) Error() string { return e.Message }

// Is makes an unknown request an ErrVersion.
func (e *Error) Is(target error) bool { return target == ErrVersion && e.Code == CodeUnknown }

// Is reports whether err is, or wraps, an Error with this code.
func (c Code) Is(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == c
}

// Problem is the body of an answer that says no.
type Problem struct {
	Message string `json:"error"`
	Code    Code   `json:"code,omitzero"`
}

// refused reads why the agent said no.
func refused(res *http.Response) error {
	var p Problem
	if json.NewDecoder(io.LimitReader(res.Body, maxEvent)).Decode(&p) != nil || p.Message == "" {
		p.Message = "the agent answered " + res.Status + "; look at its log"
	}
	return &Error{Status: res.StatusCode, Code: p.Code, Message: p.Message}
}

// checkVersion compares the version that an agent speaks with this program's.
func checkVersion(s *Status) error {
	switch {
	case s.APIVersion > Version:
		return fmt.Errorf("%w: update this program (the agent speaks version %d of the local API, this program %d)",
			ErrVersion, s.APIVersion, Version)
	case s.APIVersion < Version:
		return fmt.Errorf("%w: update and restart the agent, process %d (it speaks version %d of the local API, this program %d)",
			ErrVersion, s.PID, s.APIVersion, Version)
	}
	return nil
}
