//go:build unix

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/agent/testkit/hostile"
	"github.com/minewatch/minewatch/heuristics"
)

// clean runs a command and fails the test if anything that it prints would be obeyed by a terminal, or if a string in its
// JSON would be. It returns what was printed.
func clean(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out, trouble bytes.Buffer
	run(t.Context(), args, &out, &trouble)
	said := fmt.Sprintf("%q with %.40q", args, name)
	for _, text := range []string{out.String(), trouble.String()} {
		if err := hostile.Check(strings.ReplaceAll(text, "\t", "")); err != nil {
			t.Errorf("%s: %v", said, err)
		}
	}
	if n := strings.Count(trouble.String(), "\n"); n > 2 {
		t.Errorf("%s: %d lines of errors: %.300q", said, n, trouble.String())
	}
	if args[len(args)-1] != "--json" {
		return out.String()
	}
	for line := range strings.Lines(out.String()) {
		var v any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Errorf("%s: %v in %.200q", said, err, line)
		}
		eachString(v, func(s string) {
			if err := hostile.Check(s); err != nil || strings.Contains(s, "\n") {
				t.Errorf("%s: a value of the JSON: %v %.200q", said, err, s)
			}
		})
	}
	return out.String()
}

func eachString(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case []any:
		for _, e := range v {
			eachString(e, f)
		}
	case map[string]any:
		for k, e := range v {
			f(k)
			eachString(e, f)
		}
	}
}

// fill puts a name into every string of a value.
func fill(v reflect.Value, name string) {
	switch v.Kind() { //nolint:exhaustive // the others hold no text
	case reflect.String:
		v.SetString(name)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), name)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, f := range v.Fields() {
			fill(f, name)
		}
	}
}

// impostor answers at a socket as an agent would, and says the name wherever it can.
func impostor(t *testing.T, name *string, refuses *bool) {
	t.Helper()
	dir, err := os.MkdirTemp("", "mw") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("MINEWATCH_SOCKET", socket)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var answer any
		switch {
		case *refuses:
			w.WriteHeader(http.StatusBadRequest)
			answer = map[string]string{"error": *name}
		case r.URL.Path == "/v1/status":
			answer = new(api.Status)
		case r.URL.Path == "/v1/alerts":
			answer = new([]api.Alert)
		case r.Method == http.MethodGet:
			answer = new([]api.Allowance)
		default:
			answer = new(api.Allowance)
		}
		if v := reflect.ValueOf(answer); v.Kind() == reflect.Pointer {
			fill(v.Elem(), *name)
		}
		if s, ok := answer.(*api.Status); ok {
			s.APIVersion = api.Version
		}
		_ = json.NewEncoder(w).Encode(answer)
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
}

// names are all hostile names, and with -short every fifth: each command is run with each of them.
func names() []string {
	all := hostile.Names()
	if !testing.Short() {
		return all
	}
	var some []string
	for i := 0; i < len(all); i += 5 {
		some = append(some, all[i])
	}
	return some
}

func TestImpostorsNamesAreCleaned(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	var name string
	var refuses bool
	impostor(t, &name, &refuses)
	for _, name = range names() {
		refuses = false
		for _, command := range []string{"status", "alerts", "allowed", "doctor"} {
			said := clean(t, name, command)
			if len(said) < 5 {
				t.Errorf("%s said %q", command, said)
			}
			for line := range strings.Lines(said) {
				if strings.HasPrefix(line, "minewatch: all is well") || strings.HasPrefix(line, "b\n") {
					t.Errorf("%s: a name made a line of its own: %q", command, said)
				}
			}
			clean(t, name, command, "--json")
		}
		clean(t, name, "browser", "status")
		clean(t, name, "browser", "status", "--json")
		clean(t, name, "allow", "films.test")
		refuses = true
		clean(t, name, "allow", "films.test")
		clean(t, name, "status")
		clean(t, name, "status", "--json")
		clean(t, name, "allow", name)
		clean(t, name, name, name)
		clean(t, name, "replay", name)
	}
}

// busyAs is a source of one process with a name, which keeps two cores busy for a minute.
func busyAs(name string) func(context.Context) iter.Seq2[heuristics.Snapshot, error] {
	return func(context.Context) iter.Seq2[heuristics.Snapshot, error] {
		return func(yield func(heuristics.Snapshot, error) bool) {
			for i := range 60 {
				at := time.Duration(i) * time.Second
				p := heuristics.ProcessSample{ID: heuristics.ProcessID{PID: 7, StartTime: 1}, User: 2 * at, Threads: []heuristics.ThreadSample{
					{TID: 8, Name: name, Run: at}, {TID: 9, Name: name, Run: at},
				}}
				if i == 0 {
					p.Info = &heuristics.ProcessInfo{Name: name, Exe: name, User: name}
				}
				s := heuristics.Snapshot{At: at, Cores: 4, Busy: 2 * at, Processes: []heuristics.ProcessSample{p}}
				if !yield(s, nil) {
					return
				}
			}
		}
	}
}

func TestNamesInRecordingsAreCleaned(t *testing.T) {
	for _, name := range names() {
		dir := t.TempDir()
		file := filepath.Join(dir, "trace.jsonl.zst")
		var recorded bytes.Buffer
		for _, err := range trace.Record(busyAs(name), &recorded, trace.Header{Cores: 4, IntervalMS: 1000, OS: name, Load: name})(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(file, recorded.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		truth, err := json.Marshal(map[string]any{"label": name, "note": name, "site": name, "process": name})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "truth.json"), truth, 0o600); err != nil {
			t.Fatal(err)
		}
		clean(t, name, "replay", file)
		if said := clean(t, name, "replay", file, "--json"); len(name) < 1000 && !strings.Contains(said, `"state":"firing"`) {
			t.Errorf("no alert with %.40q: %s", name, said)
		}
		clean(t, name, "replay", "--explain", "40s", file)
		clean(t, name, "replay", "--explain", "40s", file, "--json")
		clean(t, name, "eval", dir)
		clean(t, name, "eval", dir, "--json")
		for _, log := range []string{name, name + "," + name + "\n1,2\n", "Time,PID,%CPU," + name + "\n1,2,x" + name + "\n"} {
			csv := filepath.Join(dir, "log.csv")
			if err := os.WriteFile(csv, []byte(log), 0o600); err != nil {
				t.Fatal(err)
			}
			clean(t, name, "import", csv, "-o", filepath.Join(dir, "imported.zst"))
		}
	}
}

// TestEveryCommandPrintsThroughTheCleaner, whatever it may have forgotten to clean itself.
func TestEveryCommandPrintsThroughTheCleaner(t *testing.T) {
	var out, trouble bytes.Buffer
	root := rootCommand(&out, &trouble)
	for _, c := range append(root.Commands(), root) {
		for _, name := range hostile.Names() {
			fmt.Fprintln(c.OutOrStdout(), name)
			fmt.Fprintln(c.ErrOrStderr(), name)
		}
		for _, text := range []string{out.String(), trouble.String()} {
			if err := hostile.Check(strings.ReplaceAll(text, "\t", "")); err != nil || len(text) < 1000 {
				t.Errorf("%s: %v, %d bytes", c.CommandPath(), err, len(text))
			}
		}
		out.Reset()
		trouble.Reset()
	}
}
