package install

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/minewatch/minewatch/agent/extension"
)

// Where the files lie that policies name, on Linux. Chromium 156 and Firefox ESR 153 on Debian 12 installed an extension
// from such files without a click (Firefox one that needs no signature, by a setting); other browsers were not run.
const (
	policyFiles = "/usr/share/minewatch/extension"
	crxFile     = policyFiles + "/minewatch.crx"
	xpiFile     = policyFiles + "/minewatch.xpi"
	updateFile  = policyFiles + "/update.xml"

	policyName  = "minewatch.json"
	geckoPolicy = "policies.json" // Firefox reads this one file
)

// forceList is the one policy of the Chromium family that is used. A browser takes such a list from one file only.
const forceList = "ExtensionInstallForcelist"

var (
	// errPolicySystem says that policies that install from a file work on Linux alone.
	errPolicySystem = errors.New("--policy works on Linux only: elsewhere browsers take such a policy from a managed computer alone; " +
		"see installer/browser in the sources")
	// errPolicyFiles: browsers install nothing by policy that nobody signed.
	errPolicyFiles = errors.New("--policy needs the signed extension of a release: --crx FILE for Chromium, Chrome, Edge and Brave, --xpi FILE for Firefox")
	errUnsigned    = errors.New("the xpi is not signed by Mozilla, and Firefox installs no other by policy; name the signed one of a release with --xpi FILE")
)

// addPolicies has browsers install the extension by policy, from files.
func (p *Plan) addPolicies(s *Setup, all []Browser) error {
	switch {
	case s.GOOS != linux:
		return errPolicySystem
	case s.CRX == nil && s.XPI == nil:
		return errPolicyFiles
	}
	if s.CRX != nil {
		if err := p.addCRX(s); err != nil {
			return err
		}
	}
	if s.XPI != nil {
		if err := checkXPI(s.XPI); err != nil {
			return err
		}
		p.add(Policy, Place{Base: "/", File: xpiFile[1:]}, s.XPI, "Firefox")
	}
	for i := range all {
		b := &all[i]
		name, signed, text := policyName, s.CRX, chromiumPolicies("file://"+updateFile)
		if b.Family == extension.Firefox {
			name, signed, text = geckoPolicy, s.XPI, geckoPolicies("file://"+xpiFile)
		}
		if signed == nil || b.policies == "" {
			continue
		}
		data, err := indented(text)
		if err != nil {
			return err
		}
		p.add(Policy, Place{Base: "/", File: b.policies[1:] + "/" + name}, data, b.Title)
	}
	return nil
}

// checkXPI refuses a file that Firefox would not take or that is not ours. What the signature is worth Firefox checks.
func checkXPI(xpi []byte) error {
	z, err := zip.NewReader(bytes.NewReader(xpi), int64(len(xpi)))
	if err != nil {
		return fmt.Errorf("the xpi cannot be read: %w", err)
	}
	if _, err := z.Open("META-INF/mozilla.rsa"); err != nil {
		return errUnsigned
	}
	f, err := z.Open("manifest.json")
	if err != nil {
		return fmt.Errorf("the xpi is no extension: %w", err)
	}
	defer f.Close()
	var m struct {
		Settings struct {
			Gecko struct {
				ID string `json:"id"`
			} `json:"gecko"`
		} `json:"browser_specific_settings"`
	}
	const maxManifest = 1 << 20
	if err := json.NewDecoder(io.LimitReader(f, maxManifest)).Decode(&m); err != nil {
		return fmt.Errorf("the xpi's manifest: %w", err)
	}
	if m.Settings.Gecko.ID != extension.FirefoxID {
		return fmt.Errorf("the xpi is the extension %q, not %q", m.Settings.Gecko.ID, extension.FirefoxID)
	}
	return nil
}

func (p *Plan) addCRX(s *Setup) error {
	id, err := crxID(s.CRX)
	if err != nil {
		return err
	}
	if id != extension.ChromiumID {
		return fmt.Errorf("the CRX has the id %s, and minewatch answers only %s: it needs one that is signed with the release key", id, extension.ChromiumID)
	}
	version, err := extension.Version()
	if err != nil {
		return err
	}
	const family = "Chromium and others"
	p.add(Policy, Place{Base: "/", File: crxFile[1:]}, s.CRX, family)
	p.add(Policy, Place{Base: "/", File: updateFile[1:]}, updateManifest("file://"+crxFile, version), family)
	return nil
}

func chromiumPolicies(update string) any {
	return map[string][]string{forceList: {extension.ChromiumID + ";" + update}}
}

func geckoSettings(xpi string) any {
	return map[string]any{extension.FirefoxID: map[string]string{"installation_mode": "force_installed", "install_url": xpi}}
}

func geckoPolicies(xpi string) any {
	return map[string]any{"policies": map[string]any{"ExtensionSettings": geckoSettings(xpi)}}
}

// updateManifest returns what a browser of the Chromium family reads to find a version of the extension.
func updateManifest(crx, version string) []byte {
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<gupdate xmlns="http://www.google.com/update2/response" protocol="2.0">
  <app appid="%s">
    <updatecheck codebase="%s" version="%s"/>
  </app>
</gupdate>
`, extension.ChromiumID, escaped(crx), escaped(version))
}

func escaped(text string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(text)) // a buffer takes all
	return out.String()
}

// crxID returns the id of a CRX file of version 3: the field 1 of SignedData, which is the last field of the header and
// the last in it (agent/extension/crx.go). What the signature is worth the browser checks.
func crxID(crx []byte) (string, error) {
	const prefix, idLength = 12, 16
	if len(crx) < prefix || string(crx[:4]) != "Cr24" || binary.LittleEndian.Uint32(crx[4:]) != 3 {
		return "", errors.New("this is no CRX file of version 3")
	}
	length := uint64(binary.LittleEndian.Uint32(crx[8:]))
	if length > uint64(len(crx)-prefix) {
		return "", errors.New("the CRX file is cut short")
	}
	header := crx[prefix:][:length]
	for len(header) > 0 {
		tag, n := binary.Uvarint(header)
		size, m := binary.Uvarint(header[max(n, 0):])
		if n <= 0 || m <= 0 || tag&7 != 2 || size > uint64(len(header)-n-m) {
			return "", errors.New("the CRX file's header makes no sense")
		}
		value := header[n+m:][:size]
		header = header[n+m:][size:]
		const signedData = 10000
		if tag>>3 == signedData && len(value) == 2+idLength && value[0] == 1<<3|2 && value[1] == idLength {
			return extension.IDText(value[2:]), nil
		}
	}
	return "", errors.New("the CRX file names no id")
}
