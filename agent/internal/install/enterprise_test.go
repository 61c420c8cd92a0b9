package install

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/extension"
)

// enterprise is the folder of the files for administrators, seen from here.
const enterprise = "../../../installer/browser"

// The files for administrators are what the program's own ids and names come to: they cannot drift.
func TestEnterpriseFiles(t *testing.T) {
	want, err := enterpriseFiles()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		for name, data := range want {
			file := filepath.Join(enterprise, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, data, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var there []string
	err = fs.WalkDir(os.DirFS(enterprise), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && name != "README.md" {
			there = append(there, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), there); diff != "" {
		t.Errorf("files (-want +there):\n%s", diff)
	}
	for name, data := range want {
		got, err := os.ReadFile(filepath.Join(enterprise, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(data), string(got)); diff != "" {
			t.Errorf("%s (-want +got; write again with -update):\n%s", name, diff)
		}
		wellFormed(t, name, got)
		if !bytes.Contains(got, []byte(extension.ChromiumID)) && !bytes.Contains(got, []byte(extension.FirefoxID)) {
			t.Errorf("%s names no extension of ours", name)
		}
		if !bytes.Contains(got, []byte(releaseURL)) {
			t.Errorf("%s names no release", name)
		}
	}
}

// wellFormed reads a file as those for whom it is made do.
func wellFormed(t *testing.T, name string, data []byte) {
	t.Helper()
	switch filepath.Ext(name) {
	case ".json":
		if !json.Valid(data) {
			t.Errorf("%s is no JSON", name)
		}
	case ".xml", ".mobileconfig":
		for d := xml.NewDecoder(bytes.NewReader(data)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
		}
	case ".reg":
		lines := strings.Split(string(data), "\r\n")
		if len(lines) != 5 || lines[0] != "Windows Registry Editor Version 5.00" || strings.Contains(strings.Join(lines, ""), "\n") {
			t.Errorf("%s has other lines than regedit wants: %q", name, lines)
		}
		// The value is a string with backslashes before quotes; that of Firefox is JSON.
		_, quoted, _ := strings.Cut(lines[3], "=")
		var value string
		if err := json.Unmarshal([]byte(quoted), &value); err != nil || strings.HasPrefix(value, "{") && !json.Valid([]byte(value)) {
			t.Errorf("%s: the value %s: %v", name, quoted, err)
		}
	}
}

// The README for administrators names every file, every id and the host as they are.
func TestEnterpriseReadme(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(enterprise, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := enterpriseFiles()
	if err != nil {
		t.Fatal(err)
	}
	named := append(slices.Collect(maps.Keys(files)), extension.ChromiumID, extension.FirefoxID, extension.Host, releaseURL)
	for _, b := range Browsers(linux, &Paths{}) {
		if b.policies != "" {
			named = append(named, b.policies)
		}
	}
	for _, name := range named {
		if !strings.Contains(string(text), name) {
			t.Errorf("README.md does not name %s", name)
		}
	}
}

// releaseURL stands in the enterprise policies where the address of a release belongs.
const releaseURL = "https://release-url.example"

// enterpriseFiles returns the policies for administrators, by their names below installer/browser.
func enterpriseFiles() (map[string][]byte, error) {
	version, err := extension.Version()
	if err != nil {
		return nil, err
	}
	update, xpi := releaseURL+"/update.xml", releaseURL+"/minewatch-"+version+"-firefox.xpi"
	chromium, err := indented(chromiumPolicies(update))
	if err != nil {
		return nil, err
	}
	gecko, err := indented(geckoPolicies(xpi))
	if err != nil {
		return nil, err
	}
	settings, err := indented(geckoSettings(xpi))
	if err != nil {
		return nil, err
	}
	entry := extension.ChromiumID + ";" + update
	list := `\ExtensionInstallForcelist`
	return map[string][]byte{
		"update.xml":                   updateManifest(releaseURL+"/minewatch-"+version+".crx", version),
		"linux/chrome.json":            chromium,
		"linux/edge.json":              chromium,
		"linux/firefox.json":           gecko,
		"windows/chrome.reg":           reg(`SOFTWARE\Policies\Google\Chrome`+list, listNumber, entry),
		"windows/edge.reg":             reg(`SOFTWARE\Policies\Microsoft\Edge`+list, listNumber, entry),
		"windows/firefox.reg":          reg(`SOFTWARE\Policies\Mozilla\Firefox`, "ExtensionSettings", strings.Join(strings.Fields(string(settings)), " ")),
		"macos/minewatch.mobileconfig": mobileConfig(entry, xpi),
	}, nil
}

// listNumber is the name of our entry in a list of the registry; other entries have low numbers, which must stay.
const listNumber = "7390"

// reg returns a text that regedit takes, with one value.
func reg(key, name, value string) []byte {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)
	return fmt.Appendf(nil, "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\%s]\r\n\"%s\"=\"%s\"\r\n", key, name, quoted)
}

// mobileConfig returns a profile of macOS for Chrome, Edge and Firefox.
func mobileConfig(entry, xpi string) []byte {
	list := "\t\t\t<key>ExtensionInstallForcelist</key>\n\t\t\t<array>\n\t\t\t\t<string>" + escaped(entry) + "</string>\n\t\t\t</array>\n"
	settings := "\t\t\t<key>EnterprisePoliciesEnabled</key>\n\t\t\t<true/>\n\t\t\t<key>ExtensionSettings</key>\n\t\t\t<dict>\n" +
		"\t\t\t\t<key>" + extension.FirefoxID + "</key>\n\t\t\t\t<dict>\n" +
		"\t\t\t\t\t<key>installation_mode</key>\n\t\t\t\t\t<string>force_installed</string>\n" +
		"\t\t\t\t\t<key>install_url</key>\n\t\t\t\t\t<string>" + escaped(xpi) + "</string>\n\t\t\t\t</dict>\n\t\t\t</dict>\n"
	var out bytes.Buffer
	out.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>PayloadContent</key>
	<array>
`)
	for _, b := range []struct{ domain, uuid, keys string }{
		{"com.google.Chrome", "0B1F1B64-5D0C-4C56-9C39-6B9A5C1D0A01", list},
		{"com.microsoft.Edge", "0B1F1B64-5D0C-4C56-9C39-6B9A5C1D0A02", list},
		{"org.mozilla.firefox", "0B1F1B64-5D0C-4C56-9C39-6B9A5C1D0A03", settings},
	} {
		out.WriteString("\t\t<dict>\n" + b.keys + payload(b.domain, "io.github.minewatch."+b.domain, b.uuid, "\t\t\t") + "\t\t</dict>\n")
	}
	out.WriteString("\t</array>\n\t<key>PayloadDisplayName</key>\n\t<string>minewatch browser extension</string>\n" +
		"\t<key>PayloadScope</key>\n\t<string>System</string>\n" +
		payload("Configuration", extension.Host, "0B1F1B64-5D0C-4C56-9C39-6B9A5C1D0A00", "\t") + "</dict>\n</plist>\n")
	return out.Bytes()
}

// payload returns the keys that every part of a profile has.
func payload(kind, identifier, uuid, indent string) string {
	var out strings.Builder
	for _, kv := range [][2]string{{"PayloadIdentifier", identifier}, {"PayloadType", kind}, {"PayloadUUID", uuid}} {
		out.WriteString(indent + "<key>" + kv[0] + "</key>\n" + indent + "<string>" + kv[1] + "</string>\n")
	}
	out.WriteString(indent + "<key>PayloadVersion</key>\n" + indent + "<integer>1</integer>\n")
	return out.String()
}
