package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/internal/fault"
)

func TestErrorsOnTheWire(t *testing.T) {
	secret := errors.New("open /home/x/secret: no space")
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"invalid":      {fault.New(fault.Invalid, "say how long"), `400 {"error":"say how long","code":"invalid"}`},
		"forbidden":    {fault.New(fault.Forbidden, "not yours"), `403 {"error":"not yours","code":"forbidden"}`},
		"not found":    {fault.Newf(fault.NotFound, "no alert %d", 7), `404 {"error":"no alert 7","code":"not_found"}`},
		"unknown":      {fault.New(fault.Unknown, "what"), `404 {"error":"what","code":"unknown_request"}`},
		"conflict":     {fault.New(fault.Conflict, "gone already"), `409 {"error":"gone already","code":"conflict"}`},
		"too large":    {fault.New(fault.TooLarge, "too long"), `413 {"error":"too long","code":"too_large"}`},
		"unsupported":  {fault.New(fault.Unsupported, "no JSON"), `415 {"error":"no JSON","code":"unsupported"}`},
		"too many":     {fault.New(fault.TooMany, "wait"), `429 {"error":"wait","code":"too_many"}`},
		"unavailable":  {fault.New(fault.Unavailable, "free some space"), `503 {"error":"free some space","code":"unavailable"}`},
		"wrapped":      {fmt.Errorf("allow: %w", fault.New(fault.Conflict, "no")), `409 {"error":"no","code":"conflict"}`},
		"with a cause": {fault.Wrap(fault.Conflict, secret, "try later"), `409 {"error":"try later","code":"conflict"}`},
		"failed":       {fault.Wrap(fault.Failed, secret, "a secret"), `500 {"error":"` + sayFailed + `","code":"failed"}`},
		"another":      {secret, `500 {"error":"` + sayFailed + `","code":"failed"}`},
		"too late":     {fmt.Errorf("x: %w", context.DeadlineExceeded), `504 {"error":"that took too long; try again","code":"timeout"}`},
		"stopping":     {context.Canceled, `503 {"error":"the agent is stopping","code":"stopping"}`},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/status", nil)
		(&handler{log: zap.NewNop()}).fail(w, r, test.err)
		if got := fmt.Sprint(w.Code, " ", strings.TrimSpace(w.Body.String())); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, test.want)
		}
	}
}

// A kind that is added must be given a status.
func TestEveryKindHasAStatus(t *testing.T) {
	for k := fault.Failed; k <= fault.Unknown; k++ {
		if p := statuses()[k]; p.status < 400 || p.status > 599 || p.code == "" {
			t.Errorf("kind %d travels as %+v", k, p)
		}
	}
}
