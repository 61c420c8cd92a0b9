//go:build !windows

package install

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/minewatch/minewatch/agent/extension"
)

// Policies are written where no other file has the same list, and only with an extension that the host answers.
func TestSystemPolicies(t *testing.T) {
	s := debian(t)
	s.setup.Policies = true
	if _, err := s.Plan(); !errors.Is(err, errPolicyFiles) {
		t.Errorf("without a signed file: %v", err)
	}
	unsigned, err := extension.Archive(extension.Firefox)
	if err != nil {
		t.Fatal(err)
	}
	s.setup.XPI = unsigned
	if _, err := s.Plan(); !errors.Is(err, errUnsigned) {
		t.Errorf("an unsigned xpi: %v", err)
	}
	s.setup.XPI = signed(t, "minewatch@example.test")
	if _, err := s.Plan(); err == nil || !strings.Contains(err.Error(), "minewatch@example.test") {
		t.Errorf("another extension: %v", err)
	}
	s.setup.XPI = signed(t, extension.FirefoxID)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	archive, _ := extension.Archive(extension.Chromium)
	if s.setup.CRX, err = extension.CRX(archive, key); err != nil {
		t.Fatal(err)
	}
	id, _ := extension.IDOf(&key.PublicKey)
	if _, err := s.Plan(); err == nil || !strings.Contains(err.Error(), id) {
		t.Errorf("a CRX of another key: %v", err)
	}
	s.setup.CRX = released(t)
	other := "/etc/chromium/policies/managed/company.json"
	if err := errors.Join(os.MkdirAll(s.at("/etc/chromium/policies/managed"), 0o755), os.WriteFile(s.at(other), []byte(`{"ExtensionInstallForcelist":[]}`), 0o644)); err != nil {
		t.Fatal(err)
	}
	p := s.plan(t)
	if len(p.Notes) != 1 || !strings.Contains(p.Notes[0], other) || strings.Contains(p.golden(), "/etc/chromium/policies/managed/minewatch.json") {
		t.Errorf("another file has the list: %v", p.Notes)
	}
	if err := os.Remove(s.at(other)); err != nil {
		t.Fatal(err)
	}
	s.install(t)
	for path, want := range map[string]string{
		"/etc/chromium/policies/managed/minewatch.json": `{"ExtensionInstallForcelist":["` + extension.ChromiumID + `;file:///usr/share/minewatch/extension/update.xml"]}`,
		"/etc/firefox/policies/policies.json": `{"policies":{"ExtensionSettings":{"` + extension.FirefoxID +
			`":{"install_url":"file:///usr/share/minewatch/extension/minewatch.xpi","installation_mode":"force_installed"}}}}`,
	} {
		var got bytes.Buffer
		data, err := os.ReadFile(s.at(path))
		if err := errors.Join(err, json.Compact(&got, data)); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v", path, got.String(), err)
		}
	}
	if _, err := s.Remove(); err != nil {
		t.Error(err)
	}
	s.setup.GOOS = darwin
	if _, err := s.Plan(); !errors.Is(err, errPolicySystem) {
		t.Errorf("macOS: %v", err)
	}
}

// signed returns the smallest xpi that looks signed.
func signed(t *testing.T, id string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range map[string]string{
		"META-INF/mozilla.rsa": "", "manifest.json": `{"browser_specific_settings":{"gecko":{"id":"` + id + `"}}}`,
	} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// released returns the smallest CRX with the right id, which nobody signed: the browser would refuse it, the plan does
// not look.
func released(t *testing.T) []byte {
	t.Helper()
	id := make([]byte, 16)
	for i := range id {
		id[i] = (extension.ChromiumID[2*i]-'a')<<4 | (extension.ChromiumID[2*i+1] - 'a')
	}
	signed := append([]byte{1<<3 | 2, 16}, id...)
	header := append([]byte{0x82, 0xf1, 0x04, byte(len(signed))}, signed...)
	crx := append([]byte("Cr24\x03\x00\x00\x00"), byte(len(header)), 0, 0, 0)
	return append(crx, header...)
}

// Whatever a file says, its id is read or refused.
func FuzzCRXID(f *testing.F) {
	f.Add([]byte("Cr24\x03\x00\x00\x00\xff\xff\xff\xff"))
	f.Add([]byte("Cr24\x03\x00\x00\x00\x02\x00\x00\x00\x82\xf1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if id, err := crxID(data); err == nil && len(id) != 32 {
			t.Errorf("the id is %q", id)
		}
	})
}
