// Package fault holds the errors by which the agent tells a caller no.
//
// Whoever refuses says of which kind the refusal is and what to do next, in one plain sentence; how that travels is
// decided elsewhere, in one place (agent/internal/server). An error of another type is a failure: it is logged, and the
// caller learns no more than that.
package fault

import (
	"errors"
	"fmt"
)

// Kind says why something was refused.
type Kind uint8

// The kinds.
const (
	Failed      Kind = iota // not the caller's doing; the kind of every error from outside this package
	Invalid                 // what was asked makes no sense
	Forbidden               // not to this caller
	NotFound                // there is no such thing, or none that this caller may know of
	Conflict                // it makes sense, but not as things stand now
	TooMany                 // too much at once, or more than is kept for one caller
	TooLarge                // longer than is read
	Unsupported             // of a form that is not read
	Unavailable             // not while something that the agent needs fails, such as the disk
	Unknown                 // a request that this version of the agent does not know
)

// Error is a refusal.
type Error struct {
	Kind Kind
	// Text is one plain sentence for people with what to do next.
	Text string
	// Cause is the error that led to it, or nil. It is not told.
	Cause error
}

func (e *Error) Error() string { return e.Text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns a refusal with this sentence.
func New(kind Kind, text string) error { return &Error{Kind: kind, Text: text} }

// Newf returns a refusal with a sentence as fmt.Sprintf makes it.
func Newf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// Wrap returns a refusal with this sentence because of another error.
func Wrap(kind Kind, cause error, text string) error {
	return &Error{Kind: kind, Text: text, Cause: cause}
}

// KindOf returns the kind of the first refusal in err's chain, Failed if there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Failed
}
