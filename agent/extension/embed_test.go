package extension

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type manifest struct {
	Name            string   `json:"name"`
	Version         string   `json:"version"`
	Description     string   `json:"description"`
	Key             string   `json:"key"`
	Permissions     []string `json:"permissions"`
	Optional        []string `json:"optional_permissions"`
	HostPermissions []string `json:"host_permissions"`
	OptionalHosts   []string `json:"optional_host_permissions"`
	ContentScripts  []any    `json:"content_scripts"`
	Reachable       any      `json:"externally_connectable"`
	Exposed         any      `json:"web_accessible_resources"`
	Background      struct {
		Worker  string   `json:"service_worker"`
		Scripts []string `json:"scripts"`
	} `json:"background"`
	Settings struct {
		Gecko struct {
			ID string `json:"id"`
		} `json:"gecko"`
	} `json:"browser_specific_settings"`
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

// What the extension may do is promised to its users, and pages and other extensions cannot reach it.
func TestPermissions(t *testing.T) {
	for family, want := range map[string]struct{ permissions, hosts, optional, optionalHosts []string }{
		Chromium: {[]string{"idle", "nativeMessaging", "storage", "webNavigation"}, nil, []string{"scripting"}, []string{"<all_urls>"}},
		Firefox:  {[]string{"idle", "nativeMessaging", "scripting", "storage", "webNavigation"}, []string{"<all_urls>"}, nil, nil},
	} {
		m := readManifest(t, "manifest."+family+".json")
		if diff := cmp.Diff(want.permissions, m.Permissions); diff != "" {
			t.Errorf("%s: permissions (-want +got):\n%s", family, diff)
		}
		if diff := cmp.Diff(want.hosts, m.HostPermissions); diff != "" {
			t.Errorf("%s: host permissions (-want +got):\n%s", family, diff)
		}
		if diff := cmp.Diff([][]string{want.optional, want.optionalHosts}, [][]string{m.Optional, m.OptionalHosts}); diff != "" {
			t.Errorf("%s: what it may ask for later (-want +got):\n%s", family, diff)
		}
		if len(m.ContentScripts) > 0 || m.Reachable != nil || m.Exposed != nil {
			t.Errorf("%s: the manifest asks for more than it promises: %+v", family, m)
		}
	}
}

// Two manifests, one extension.
func TestManifestsAgree(t *testing.T) {
	chromium, firefox := readManifest(t, "manifest.chromium.json"), readManifest(t, "manifest.firefox.json")
	if chromium.Version != firefox.Version || chromium.Name != firefox.Name || chromium.Description != firefox.Description {
		t.Errorf("the manifests say %+v and %+v", chromium, firefox)
	}
	if got := firefox.Settings.Gecko.ID; got != FirefoxID {
		t.Errorf("the manifest's id is %s, FirefoxID is %s", got, FirefoxID)
	}
	if diff := cmp.Diff([]string{chromium.Background.Worker}, firefox.Background.Scripts); diff != "" {
		t.Errorf("they start different scripts (-chromium +firefox):\n%s", diff)
	}
}

// carried returns the names of all files of the extension, sorted.
func carried(t *testing.T) []string {
	t.Helper()
	out := []string{"manifest.json"}
	for _, pattern := range []string{"*.js", "*.html", "*.css", "_locales/*/messages.json", "icons/*.png"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		out = append(out, found...)
	}
	slices.Sort(out)
	return out
}

func TestArchive(t *testing.T) {
	first, err := Archive(Firefox)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Archive(Firefox)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("the same extension gave other bytes (%v)", err)
	}
	z, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	if want := carried(t); len(z.File) != len(want) {
		t.Errorf("%d files, want %d", len(z.File), len(want))
	}
	f, err := z.Open("manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if source, _ := os.ReadFile("manifest.firefox.json"); !bytes.Equal(source, got) {
		t.Errorf("the manifest in the archive is %s", got)
	}
	if _, err := Archive("opera"); err == nil {
		t.Error("an unknown family was accepted")
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
	var got []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		got = append(got, name)
		if fi, err := d.Info(); err != nil || fi.Mode().Perm() != 0o644 {
			t.Errorf("%s has the mode %v, want 0644 (%v)", name, fi.Mode(), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if diff := cmp.Diff(carried(t), got); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
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
	inside := t.TempDir()
	if err := os.Symlink(filepath.Dir(victim), filepath.Join(inside, "icons")); err != nil {
		t.Fatal(err)
	}
	if err := WriteTo(inside, Chromium); err == nil {
		t.Error("a link in the place of a folder in it was accepted")
	}
	if left, _ := os.ReadDir(filepath.Dir(victim)); len(left) != 1 {
		t.Errorf("the link was followed: %v", left)
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
