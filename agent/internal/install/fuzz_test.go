//go:build linux

package install

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/extension"
)

// FuzzManifest looks at any file in the place of a manifest for all users: it counts as ours only if it leads our
// extension alone to a program that is there.
func FuzzManifest(f *testing.F) {
	below := f.TempDir()
	if err := os.WriteFile(filepath.Join(below, "host"), nil, 0o700); err != nil {
		f.Fatal(err)
	}
	planned, err := render(linux, "/host", "")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(planned)
	f.Add(bytes.ReplaceAll(planned, []byte(`"chrome-extension`), []byte(`"chrome-extension://aaaa/","chrome-extension`)))
	f.Add([]byte(`{"name":"io.github.minewatch","path":"../../etc/passwd","allowed_origins":null}`))
	u := &User{Setup{GOOS: linux}, &machine{below: below}}
	f.Fuzz(func(t *testing.T, data []byte) {
		step := &Step{Data: planned}
		if !u.trusted(step, data) {
			return
		}
		var m struct {
			Name    string   `json:"name"`
			Origins []string `json:"allowed_origins"`
			Others  []string `json:"allowed_extensions"`
		}
		if err := json.Unmarshal(data, &m); err != nil || m.Name != extension.Host || len(m.Others) > 0 ||
			len(m.Origins) != 1 || m.Origins[0] != "chrome-extension://"+extension.ChromiumID+"/" {
			t.Errorf("%q counts as ours: %+v, %v", data, m, err)
		}
	})
}

// FuzzPolicies looks at any file in a browser's folder of policies: a file with a list of extensions is found, and
// nothing else is taken for one.
func FuzzPolicies(f *testing.F) {
	below := f.TempDir()
	if err := os.MkdirAll(filepath.Join(below, "p"), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"ExtensionInstallForcelist":["a;b"]}`))
	f.Add([]byte(`{"a":{"ExtensionInstallForcelist":[]}}`))
	f.Add([]byte("[\x00"))
	m := &machine{below: below}
	s, u := &System{Setup{GOOS: linux}, m, Place{}}, &User{Setup{GOOS: linux}, m}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(below, "p", "other.json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		var object map[string]json.RawMessage
		_, want := object[forceList]
		if json.Unmarshal(data, &object) == nil {
			_, want = object[forceList]
		}
		if got := s.policyConflict("/p"); (got != "") != want {
			t.Errorf("%q: the conflict is %q", data, got)
		}
		if u.policy("/p", extension.FirefoxID) && !strings.Contains(string(data), extension.FirefoxID) {
			t.Errorf("%q names our extension", data)
		}
	})
}

// FuzzXPI reads any archive as the signed extension: only one with our id passes, and an archive that unpacks to more
// than it may is refused.
func FuzzXPI(f *testing.F) {
	pack := func(names ...string) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for i := 0; i+1 < len(names); i += 2 {
			file, err := w.Create(names[i])
			if err == nil {
				_, err = file.Write([]byte(names[i+1]))
			}
			if err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		return out.Bytes()
	}
	f.Add(pack("META-INF/mozilla.rsa", "", "manifest.json", `{"browser_specific_settings":{"gecko":{"id":"`+extension.FirefoxID+`"}}}`))
	f.Add(pack("META-INF/mozilla.rsa", "", "manifest.json", strings.Repeat(" ", 2<<20)))
	f.Add(pack("manifest.json", "{}"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if checkXPI(data) != nil {
			return
		}
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Open("META-INF/mozilla.rsa"); err != nil {
			t.Errorf("an unsigned archive passed")
		}
	})
}
