package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/fault"
)

const (
	// maxBody bounds a request's body in bytes.
	maxBody = 64 << 10
)

// decode reads the one JSON value of a request's body into v. Its errors are refusals.
func decode(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fault.New(fault.Unsupported, "the request must be of type application/json")
	}
	return decodeJSON(http.MaxBytesReader(w, r.Body, limit), v)
}

func decodeJSON(body io.Reader, v any) error {
	in := json.NewDecoder(body)
	in.DisallowUnknownFields()
	err := in.Decode(v)
	if err == nil {
		if _, err = in.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if _, tooBig := errors.AsType[*http.MaxBytesError](err); !tooBig {
			return fault.New(fault.Invalid, "the request has more than one JSON value")
		}
	}
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.Newf(fault.TooLarge, "the request is longer than %d bytes", e.Limit)
	}
	why := "the request is not valid JSON"
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		why = fmt.Sprintf("the request has a %s where another type belongs (field %q)", e.Value, words.Clean(e.Field))
	} else if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		why = "the request has a field that this agent does not know: " + words.Clean(name)
	} else if errors.Is(err, io.EOF) {
		why = "the request has no body"
	}
	return fault.New(fault.Invalid, why)
}
