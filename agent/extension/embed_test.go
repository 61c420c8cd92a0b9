package extension

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type manifest struct {
	Key             string   `json:"key"`
	Permissions     []string `json:"permissions"`
	Optional        []string `json:"optional_permissions"`
	HostPermissions []string `json:"host_permissions"`
	OptionalHosts   []string `json:"optional_host_permissions"`
	ContentScripts  []any    `json:"content_scripts"`
	Reachable       any      `json:"externally_connectable"`
	Exposed         any      `json:"web_accessible_resources"`
	Background      struct {
		Worker string `json:"service_worker"`
	} `json:"background"`
}

func readManifest(t *testing.T, path string) manifest {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestIDFollowsFromKey(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString(readManifest(t, "manifest.chromium.json").Key)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(key)
	id := make([]byte, 0, 32)
	for _, b := range sum[:16] {
		id = append(id, 'a'+b>>4, 'a'+b&15)
	}
	if string(id) != ChromiumID {
		t.Errorf("the key gives the id %s, ChromiumID is %s", id, ChromiumID)
	}
}

// What the extension may do is promised to its users: two permissions, and no door for pages or other extensions.
func TestPermissions(t *testing.T) {
	m := readManifest(t, "manifest.chromium.json")
	if diff := cmp.Diff([]string{"nativeMessaging", "webNavigation"}, m.Permissions); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	if len(m.Optional)+len(m.HostPermissions)+len(m.OptionalHosts)+len(m.ContentScripts) > 0 || m.Reachable != nil || m.Exposed != nil {
		t.Errorf("the manifest asks for more than two permissions: %+v", m)
	}
}

func TestWriteTo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "copy")
	for range 2 { // the second time over the first
		if err := WriteTo(dir, Chromium); err != nil {
			t.Fatal(err)
		}
	}
	m := readManifest(t, filepath.Join(dir, "manifest.json"))
	if _, err := os.Stat(filepath.Join(dir, m.Background.Worker)); err != nil {
		t.Errorf("the manifest's worker is missing: %v", err)
	}
	want, _ := filepath.Glob("*.js")
	want = append(want, "manifest.json")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, e := range entries {
		got[e.Name()] = true
		if fi, err := e.Info(); err != nil || fi.Mode().Perm() != 0o644 {
			t.Errorf("%s has the mode %v, want 0644 (%v)", e.Name(), fi.Mode(), err)
		}
	}
	for _, name := range want {
		if !got[name] {
			t.Errorf("%s was not written", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("wrote %v, want only %v", got, want)
	}
	if err := WriteTo(dir, "opera"); err == nil {
		t.Error("an unknown family was accepted")
	}
}

func TestWriteToRefusesLinks(t *testing.T) {
	dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(dir, "manifest.json")); err != nil {
		t.Skip("no links here:", err)
	}
	if err := WriteTo(dir, Chromium); err == nil {
		t.Error("a link in the manifest's place was accepted")
	}
	if data, _ := os.ReadFile(victim); string(data) != "precious" {
		t.Errorf("the link was followed: %q", data)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	if err := WriteTo(link, Chromium); err == nil {
		t.Error("a link in the folder's place was accepted")
	}
}

// TestScripts runs the extension's own tests.
func TestScripts(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skip("node is not installed")
		}
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, node, "--test").CombinedOutput(); err != nil {
		t.Errorf("node --test: %v\n%s", err, out)
	}
}
