package install

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/internal/browsers"
)

// What says what a step is for.
type What string

// The kinds of steps.
const (
	HostManifest What = "host_manifest" // tells a browser where the program is
	Extension    What = "extension"
	Policy       What = "policy"
)

// Step is one thing to do: to write a file or, where Key is not empty, to set a value of the registry.
type Step struct {
	What What
	// For are the titles of the browsers that it serves.
	For []string
	Place
	// Data is the file's content, or the text of the key's default value.
	Data []byte
}

// Place is where a file or a value of the registry is.
type Place struct {
	// Base is a folder that is there, Inside a folder below it in which no link may lead out of Base, and File the path
	// below Inside, with slashes on every system. Folders in File are made, and none of them may be a link.
	Base, Inside, File string
	// Make says that Inside is made where it is not there, open to nobody else.
	Make bool
	// Key is a key of the registry, from its root on, such as HKCU\Software\…
	Key string
}

// target returns the place as one path.
func (p *Place) target(goos string) string {
	if p.Key != "" {
		return p.Key
	}
	return join(goos, p.Base, p.Inside, p.File)
}

// Plan is what an installation does, in this order.
type Plan struct {
	// GOOS is the system that the plan is for.
	GOOS  string
	Steps []Step
	// Notes are sentences on what is left out, and why.
	Notes []string
}

// Setup is what a plan depends on.
type Setup struct {
	GOOS string
	// Exe is the program that browsers start, by its absolute path.
	Exe string
	// State is the folder of this user's program, for the extension.
	State string
	Paths Paths
	// Debian: the system is made of Debian's packages, whose browsers load extensions from folders of the system.
	// DebianChromium and DebianFirefox: such a browser is there, and not only one from elsewhere.
	Debian, DebianChromium, DebianFirefox bool
	// Lib64: it has a folder /usr/lib64 of its own, which is where its Firefox looks.
	Lib64 bool
	// Policies asks for policies too. CRX and XPI are the signed extension for them: of the Chromium family and of Firefox.
	Policies bool
	CRX, XPI []byte
}

const (
	manifestName    = extension.Host + ".json"
	extensionFolder = "extension-chromium"
	archiveName     = "extension-firefox.xpi"

	// firefoxID names Firefox among the programs that share extensions (toolkit/mozapps).
	firefoxID = "{ec8030f7-c20a-464f-9b0e-13a3a9e97384}"
	// Debian's folders: its Chromium loads every unpacked folder in the one, its Firefox ESR every unsigned file in the
	// other. Both were run and seen on Debian 12.
	debianChromium = "usr/share/chromium/extensions/minewatch"
	debianFirefox  = "usr/share/mozilla/extensions/" + firefoxID + "/" + extension.FirefoxID + ".xpi"
)

// UserPlan returns what is to do for a user who has started these browsers before.
func UserPlan(s *Setup, found []Browser) (*Plan, error) {
	p := &Plan{GOOS: s.GOOS}
	all, err := extension.Files(extension.Chromium)
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		p.add(Extension, Place{Base: s.State, File: extensionFolder + "/" + f.Name}, f.Data, "Chromium and others")
	}
	xpi, err := extension.Archive(extension.Firefox)
	if err != nil {
		return nil, err
	}
	p.add(Extension, Place{Base: s.State, File: archiveName}, xpi, "Firefox")
	for i := range found {
		b := &found[i]
		if b.sandboxed {
			continue
		}
		if s.GOOS == win {
			err = p.addKeys(s, b, "HKCU", Place{Base: s.State})
		} else {
			err = p.addManifest(s, b, Place{Base: b.base, Inside: b.folder, Make: b.also != "", File: b.hosts + "/" + manifestName})
		}
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// SystemPlan returns what is to do for all users, whatever browsers there are: one may be installed later.
func SystemPlan(s *Setup) (*Plan, error) {
	p := &Plan{GOOS: s.GOOS}
	all := Browsers(s.GOOS, &Paths{})
	if len(all) == 0 {
		return nil, fmt.Errorf("connecting browsers does not work on %s", s.GOOS)
	}
	for i := range all {
		b := &all[i]
		if s.GOOS == win {
			if err := p.addKeys(s, b, "HKLM", Place{Base: folderOf(s.Exe)}); err != nil {
				return nil, err
			}
		}
		for _, folder := range b.system {
			if err := p.addManifest(s, b, Place{Base: "/", File: folder[1:] + "/" + manifestName}); err != nil {
				return nil, err
			}
		}
	}
	if s.Lib64 {
		firefox := Browser{Name: "firefox", Title: "Firefox", Family: extension.Firefox}
		if err := p.addManifest(s, &firefox, Place{Base: "/", File: "usr/lib64/mozilla/" + browsers.GeckoHosts + "/" + manifestName}); err != nil {
			return nil, err
		}
	}
	if s.Debian {
		if err := p.addDebian(); err != nil {
			return nil, err
		}
	} else {
		p.Notes = append(p.Notes, "The extension itself is not put into browsers: only Debian's load one from a folder of the system."+
			" Every user adds it (`minewatch browser install` says how), or policies do (installer/browser in the sources).")
	}
	if s.Policies {
		return p, p.addPolicies(s, all)
	}
	return p, nil
}

// folderOf returns the folder of a path of Windows.
func folderOf(exe string) string { return exe[:max(0, strings.LastIndexByte(exe, '\\'))] }

// addDebian puts the extension where Debian's browsers load it from.
func (p *Plan) addDebian() error {
	all, err := extension.Files(extension.Chromium)
	if err != nil {
		return err
	}
	for _, f := range all {
		p.add(Extension, Place{Base: "/", File: debianChromium + "/" + f.Name}, f.Data, "Chromium")
	}
	xpi, err := extension.Archive(extension.Firefox)
	if err != nil {
		return err
	}
	p.add(Extension, Place{Base: "/", File: debianFirefox}, xpi, "Firefox")
	return nil
}

// addManifest tells a browser by a file.
func (p *Plan) addManifest(s *Setup, b *Browser, at Place) error {
	manifest, err := render(s.GOOS, s.Exe, b.Family)
	if err != nil {
		return err
	}
	p.add(HostManifest, at, manifest, b.Title)
	return nil
}

// addKeys tells a browser by keys of the registry that name a file. One file serves a family. Its name is that of every
// manifest, by which the program knows that Firefox started it, so each lies in a folder of its own.
func (p *Plan) addKeys(s *Setup, b *Browser, root string, at Place) error {
	at.File = "hosts/" + b.Family + "/" + manifestName
	if err := p.addManifest(s, b, at); err != nil {
		return err
	}
	for _, k := range b.keys {
		p.add(HostManifest, Place{Key: root + `\` + k}, []byte(at.target(s.GOOS)), b.Title)
	}
	return nil
}

// add adds a step, or to the step for the same place a browser that it serves as well.
func (p *Plan) add(what What, at Place, data []byte, title string) {
	for i := range p.Steps {
		if p.Steps[i].Place == at {
			p.Steps[i].For = append(p.Steps[i].For, title)
			return
		}
	}
	p.Steps = append(p.Steps, Step{What: what, For: []string{title}, Place: at, Data: data})
}

// hostManifest is what a browser reads of a program that an extension may start.
type hostManifest struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Path        string   `json:"path"`
	Type        string   `json:"type"`
	Origins     []string `json:"allowed_origins,omitempty"`    // the Chromium family
	Extensions  []string `json:"allowed_extensions,omitempty"` // Firefox
}

// render returns the host manifest for a program and a family of browsers. Browsers want an absolute path and take no
// arguments: the program knows from those that the browser gives it that it is a host.
func render(goos, exe, family string) ([]byte, error) {
	if goos == win && !driveAndFolder(exe) || goos != win && !filepath.IsAbs(exe) {
		return nil, fmt.Errorf("the path of the program must be absolute, not %q", exe)
	}
	m := hostManifest{
		Name: extension.Host, Description: "minewatch asks its extension which site a busy browser process belongs to",
		Path: exe, Type: "stdio",
	}
	if family == extension.Firefox {
		m.Extensions = []string{extension.FirefoxID}
	} else {
		m.Origins = []string{"chrome-extension://" + extension.ChromiumID + "/"}
	}
	return indented(m)
}

// driveAndFolder reports whether a path of Windows begins with a drive.
func driveAndFolder(path string) bool { return len(path) > 3 && path[1:3] == `:\` }

// indented returns v as JSON for people and programs.
func indented(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return out.Bytes(), err
}
