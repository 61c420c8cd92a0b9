package api_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

// answering returns a client of an agent that answers everything with this.
func answering(t *testing.T, status int, body string) *api.Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "agent.sock")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Skip("no unix sockets here: ", err)
	}
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})}
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(func() { _ = srv.Close() })
	return api.New(socket)
}

func TestRefusalsKeepStatusAndCode(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   api.Error
	}{
		"with a code":      {404, `{"error":"there is no open alert x","code":"not_found"}`, api.Error{404, api.CodeNotFound, "there is no open alert x"}},
		"an older agent":   {409, `{"error":"the tab is gone already"}`, api.Error{409, "", "the tab is gone already"}},
		"a newer agent":    {451, `{"error":"no","code":"of_tomorrow","more":1}`, api.Error{451, "of_tomorrow", "no"}},
		"no agent at all":  {500, "<html>", api.Error{500, "", "the agent answered 500 Internal Server Error; look at its log"}},
		"without a reason": {403, `{}`, api.Error{403, "", "the agent answered 403 Forbidden; look at its log"}},
	} {
		err := fmt.Errorf("closing: %w", answering(t, test.status, test.body).CloseTab(t.Context(), "x"))
		got, ok := errors.AsType[*api.Error](err)
		if !ok || *got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
		if is := api.CodeNotFound.Is(err); is != (test.want.Code == api.CodeNotFound) {
			t.Errorf("%s: not found %v", name, is)
		}
	}
}

func TestVersions(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"a newer agent":    {200, fmt.Sprintf(`{"type":"status","api_version":%d}`, api.Version+1), "update this program"},
		"an older agent":   {200, fmt.Sprintf(`{"type":"status","api_version":%d,"pid":77}`, api.Version-1), "restart the agent, process 77"},
		"unknown requests": {404, `{"error":"this agent does not know GET /v1/status","code":"unknown_request"}`, "does not know"},
	} {
		if _, err := answering(t, test.status, test.body).Status(t.Context()); !errors.Is(err, api.ErrVersion) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := answering(t, 200, fmt.Sprintf(`{"type":"status","api_version":%d}`, api.Version)).Status(t.Context()); err != nil {
		t.Errorf("the same version: %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	dir := t.TempDir()
	if _, err := api.New(filepath.Join(dir, "none.sock")).Status(t.Context()); !errors.Is(err, api.ErrNotRunning) || !strings.Contains(err.Error(), "minewatch run") {
		t.Errorf("no socket: %v", err)
	}
	if os.Getuid() == 0 {
		return // root may do everything
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := api.New(filepath.Join(closed, "agent.sock")).Status(t.Context()); !errors.Is(err, os.ErrPermission) || errors.Is(err, api.ErrNotRunning) {
		t.Errorf("a closed folder: %v", err)
	}
}
