package server

import (
	"context"
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/fault"
)

// statuses says how each kind of refusal travels: the one place where errors become HTTP.
func statuses() map[fault.Kind]problem {
	return map[fault.Kind]problem{
		fault.Invalid:     {http.StatusBadRequest, api.CodeInvalid},
		fault.Forbidden:   {http.StatusForbidden, api.CodeForbidden},
		fault.NotFound:    {http.StatusNotFound, api.CodeNotFound},
		fault.Unknown:     {http.StatusNotFound, api.CodeUnknown},
		fault.Conflict:    {http.StatusConflict, api.CodeConflict},
		fault.TooLarge:    {http.StatusRequestEntityTooLarge, api.CodeTooLarge},
		fault.Unsupported: {http.StatusUnsupportedMediaType, api.CodeUnsupported},
		fault.TooMany:     {http.StatusTooManyRequests, api.CodeTooMany},
		fault.Unavailable: {http.StatusServiceUnavailable, api.CodeUnavailable},
		fault.Failed:      {http.StatusInternalServerError, api.CodeFailed},
	}
}

// problem is a kind of refusal on the wire.
type problem struct {
	status int
	code   api.Code
}

// sayFailed is all that a caller learns of a failure: its text may hold paths and names of others.
const sayFailed = "the agent could not do that; its log says why"

// fail answers with what err says, see Agent.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	given, refused := errors.AsType[*fault.Error](err)
	switch {
	case refused && given.Kind != fault.Failed:
		h.refuse(w, r, statuses()[given.Kind], given.Text)
	case errors.Is(err, context.DeadlineExceeded):
		h.refuse(w, r, problem{http.StatusGatewayTimeout, api.CodeTimeout}, "that took too long; try again")
	case errors.Is(err, context.Canceled):
		h.refuse(w, r, problem{http.StatusServiceUnavailable, api.CodeStopping}, "the agent is stopping")
	default:
		h.log.Error("a request at the local API failed", zap.String("request", words.Clean(r.Method+" "+r.URL.Path)), zap.Error(err))
		h.refuse(w, r, statuses()[fault.Failed], sayFailed)
	}
}

func (h *handler) refuse(w http.ResponseWriter, r *http.Request, p problem, text string) {
	h.reply(w, r, p.status, api.Problem{Message: text, Code: p.code})
}
