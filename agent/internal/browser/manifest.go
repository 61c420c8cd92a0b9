package browser

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/minewatch/minewatch/agent/extension"
)

// State says how the file stands that tells one browser where the program is.
type State string

// The states of a host manifest.
const (
	Ready       State = "ready"       // the browser will find the program
	Missing     State = "missing"     // the browser is there, the file is not
	Differs     State = "differs"     // the file is there and says something else, such as another program
	NotFound    State = "not_found"   // the browser has never been started by this user
	Unreachable State = "unreachable" // a snap or flatpak: it cannot start programs outside its sandbox
)

// Installed is the host manifest of one browser.
type Installed struct {
	// Browser is the browser's name, Path where its manifest is or would be.
	Browser, Path string
	State         State
}

const (
	manifestName    = extension.Host + ".json"
	manifestFolder  = "NativeMessagingHosts"   // of the Chromium family, and of Firefox on macOS
	geckoFolder     = "native-messaging-hosts" // of Firefox on Linux
	extensionFolder = "extension-chromium"
	archiveName     = "extension-firefox.xpi"
	maxManifest     = 64 << 10 // bytes read of a manifest found
)

// place is where a browser keeps its settings: folder, below base, with the manifest in the folder hosts in it.
type place struct {
	browser, base, folder string
	sandboxed             bool
	// family and hosts are empty for a browser of the Chromium family; hosts is the folder of manifests, in folder.
	family, hosts string
	// also is a folder whose being there says as well that the browser was started: newer Firefox keeps its profiles
	// below .config, but looks for manifests where it always did.
	also string
}

// gecko returns a place of Firefox.
func gecko(browser, base, folder, hosts string) place {
	return place{browser: browser, base: base, folder: folder, family: extension.Firefox, hosts: hosts}
}

// inSandbox returns the place of a browser in a sandbox.
func (p place) inSandbox() place {
	p.sandboxed = true
	return p
}

// besides returns the place of a browser that may have been started without its folder there.
func (p place) besides(folder string) place {
	p.also = folder
	return p
}

func (p *place) manifest() string {
	return filepath.Join(cmp.Or(p.hosts, manifestFolder), manifestName)
}

// places lists the browsers, on Linux and macOS. config is $XDG_CONFIG_HOME.
func places(goos, home, config string) ([]place, error) {
	switch goos {
	case "linux":
		base, below := home, ".config"
		if filepath.IsAbs(config) { // the specification has relative ones ignored
			base, below = config, ""
		}
		return []place{
			{browser: "chromium", base: base, folder: filepath.Join(below, "chromium")},
			{browser: "google-chrome", base: base, folder: filepath.Join(below, "google-chrome")},
			{browser: "microsoft-edge", base: base, folder: filepath.Join(below, "microsoft-edge")},
			{browser: "brave", base: base, folder: filepath.Join(below, "BraveSoftware", "Brave-Browser")},
			gecko("firefox", home, ".mozilla", geckoFolder).besides(filepath.Join(base, below, "mozilla")),
			{browser: "chromium (snap)", base: home, folder: filepath.Join("snap", "chromium"), sandboxed: true},
			{browser: "chromium (flatpak)", base: home, folder: filepath.Join(".var", "app", "org.chromium.Chromium"), sandboxed: true},
			{browser: "google-chrome (flatpak)", base: home, folder: filepath.Join(".var", "app", "com.google.Chrome"), sandboxed: true},
			{browser: "microsoft-edge (flatpak)", base: home, folder: filepath.Join(".var", "app", "com.microsoft.Edge"), sandboxed: true},
			{browser: "brave (flatpak)", base: home, folder: filepath.Join(".var", "app", "com.brave.Browser"), sandboxed: true},
			gecko("firefox (snap)", home, filepath.Join("snap", "firefox"), geckoFolder).inSandbox(),
			gecko("firefox (flatpak)", home, filepath.Join(".var", "app", "org.mozilla.firefox"), geckoFolder).inSandbox(),
		}, nil
	case "darwin":
		support := filepath.Join("Library", "Application Support")
		return []place{
			{browser: "chromium", base: home, folder: filepath.Join(support, "Chromium")},
			gecko("firefox", home, filepath.Join(support, "Mozilla"), manifestFolder),
			{browser: "google-chrome", base: home, folder: filepath.Join(support, "Google", "Chrome")},
			{browser: "microsoft-edge", base: home, folder: filepath.Join(support, "Microsoft Edge")},
			{browser: "brave", base: home, folder: filepath.Join(support, "BraveSoftware", "Brave-Browser")},
		}, nil
	case "windows":
		return nil, errors.New("connecting a browser does not work on Windows yet")
	default:
		return nil, fmt.Errorf("connecting a browser does not work on %s", goos)
	}
}

// Install tells every browser that this user has started before where the program is, exe, and
// returns how it then stands with each, those that were not found too. home is the user's home folder. An error leaves
// the other browsers' files written.
func Install(home, exe string) ([]Installed, error) {
	return visit(home, exe, true, func(in *Installed, p *place, folder *os.Root, manifest []byte) error {
		if err := write(folder, filepath.Dir(p.manifest()), manifest); err != nil {
			return err
		}
		in.State = Ready
		return nil
	})
}

// Status returns how it stands with each browser, given that the program is exe.
func Status(home, exe string) ([]Installed, error) {
	return visit(home, exe, false, func(*Installed, *place, *os.Root, []byte) error { return nil })
}

// Remove takes the program's manifest away from every browser and returns how it then stands with each.
func Remove(home string) ([]Installed, error) {
	return visit(home, "/", false, func(in *Installed, p *place, folder *os.Root, _ []byte) error {
		err := folder.Remove(p.manifest()) // of a link, the link
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		in.State = Missing
		return nil
	})
}

// InstallInto tells a browser that was started with --user-data-dir where the program is.
func InstallInto(userDataDir, exe string) (Installed, error) {
	in := Installed{
		Browser: userDataDir, Path: filepath.Join(userDataDir, manifestFolder, manifestName), State: Missing,
	}
	manifest, err := render(exe, extension.Chromium)
	if err != nil {
		return in, err
	}
	folder, err := os.OpenRoot(userDataDir)
	if err != nil {
		return in, err
	}
	defer folder.Close()
	if err := write(folder, manifestFolder, manifest); err != nil {
		return in, err
	}
	in.State = Ready
	return in, nil
}

// InstallExtension writes the extension into the folder of the program's own state, for "Load unpacked" on the
// browser's page of extensions, and returns the path to choose there.
func InstallExtension(stateDir string) (string, error) {
	dir := filepath.Join(stateDir, extensionFolder)
	if err := os.MkdirAll(stateDir, 0o700); err != nil {
		return "", err
	}
	if err := extension.WriteTo(dir, extension.Chromium); err != nil {
		return "", err
	}
	return dir, writeArchive(stateDir)
}

// writeArchive writes the extension for Firefox beside the one for the Chromium family.
func writeArchive(stateDir string) error {
	xpi, err := extension.Archive(extension.Firefox)
	if err != nil {
		return err
	}
	state, err := os.OpenRoot(stateDir)
	if err != nil {
		return err
	}
	defer state.Close()
	return extension.WriteFile(state, archiveName, xpi)
}

// RemoveExtension removes what InstallExtension wrote. A browser that has it loaded will miss it at its next start.
func RemoveExtension(stateDir string) error {
	state, err := os.OpenRoot(stateDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer state.Close()
	return errors.Join(state.RemoveAll(extensionFolder), state.RemoveAll(archiveName))
}

// visit calls do for every browser that was found, with its folder and the manifest that belongs there. create makes the
// folder of a browser that was started without it.
func visit(home, exe string, create bool, do func(*Installed, *place, *os.Root, []byte) error) ([]Installed, error) {
	all, err := places(runtime.GOOS, home, os.Getenv("XDG_CONFIG_HOME"))
	if err != nil {
		return nil, err
	}
	var out []Installed
	var failed []error
	for i := range all {
		p := &all[i]
		manifest, err := render(exe, p.family)
		if err != nil {
			return nil, err
		}
		in, err := visitOne(p, manifest, create, do)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.browser, err))
		}
		if !p.sandboxed || in.State != NotFound { // that a snap is not there is no news
			out = append(out, in)
		}
	}
	return out, errors.Join(failed...)
}

func visitOne(p *place, manifest []byte, create bool, do func(*Installed, *place, *os.Root, []byte) error) (Installed, error) {
	in := Installed{Browser: p.browser, Path: filepath.Join(p.base, p.folder, p.manifest()), State: NotFound}
	// A root, because no link on the way may lead out of the user's own folders.
	base, err := os.OpenRoot(p.base)
	if errors.Is(err, fs.ErrNotExist) {
		return in, nil
	}
	if err != nil {
		return in, err
	}
	defer base.Close()
	if create && p.startedElsewhere() {
		if err := base.Mkdir(p.folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return in, err
		}
	}
	folder, err := base.OpenRoot(p.folder)
	if errors.Is(err, fs.ErrNotExist) {
		if p.startedElsewhere() {
			in.State = Missing
		}
		return in, nil
	}
	if err != nil {
		return in, err
	}
	defer folder.Close()
	if p.sandboxed {
		in.State = Unreachable
		return in, nil
	}
	in.State = look(folder, p.manifest(), manifest)
	return in, do(&in, p, folder, manifest)
}

// startedElsewhere reports whether the browser keeps its own files in another folder than its manifests.
func (p *place) startedElsewhere() bool {
	if p.also == "" {
		return false
	}
	fi, err := os.Lstat(p.also)
	return err == nil && fi.IsDir()
}

// look returns how the manifest in a browser's folder stands against the one that belongs there.
func look(folder *os.Root, path string, want []byte) State {
	fi, err := folder.Lstat(path)
	if err != nil {
		return Missing
	}
	if !fi.Mode().IsRegular() { // a pipe would block the reader
		return Differs
	}
	f, err := folder.Open(path)
	if err != nil {
		return Differs
	}
	defer f.Close()
	got, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil || !bytes.Equal(got, want) {
		return Differs
	}
	return Ready
}

// write puts the manifest into the folder of manifests within a browser's folder.
func write(folder *os.Root, hosts string, manifest []byte) error {
	if err := folder.Mkdir(hosts, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if fi, err := folder.Lstat(hosts); err != nil || !fi.IsDir() {
		return fmt.Errorf("%s is no folder of its own (a link?); remove it first", filepath.Join(folder.Name(), hosts))
	}
	in, err := folder.OpenRoot(hosts)
	if err != nil {
		return err
	}
	defer in.Close()
	return extension.WriteFile(in, manifestName, manifest)
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
// arguments: see IsHostCall.
func render(exe, family string) ([]byte, error) {
	if !filepath.IsAbs(exe) {
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
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(m)
	return out.Bytes(), err
}

// ExtensionDir returns the folder that InstallExtension writes to.
func ExtensionDir(stateDir string) string { return filepath.Join(stateDir, extensionFolder) }

// ExtensionArchive returns the extension for Firefox that InstallExtension writes.
func ExtensionArchive(stateDir string) string { return filepath.Join(stateDir, archiveName) }
