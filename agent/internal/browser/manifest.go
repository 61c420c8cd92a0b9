package browser

import (
	"bytes"
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
	manifestFolder  = "NativeMessagingHosts"
	extensionFolder = "extension-chromium"
	maxManifest     = 64 << 10 // bytes read of a manifest found
)

// place is where a browser keeps its settings: folder, below base.
type place struct {
	browser, base, folder string
	sandboxed             bool
}

// places lists the browsers of the Chromium family, on Linux and macOS. config is $XDG_CONFIG_HOME.
func places(goos, home, config string) ([]place, error) {
	switch goos {
	case "linux":
		base, below := home, ".config"
		if filepath.IsAbs(config) { // the specification has relative ones ignored
			base, below = config, ""
		}
		return []place{
			{"chromium", base, filepath.Join(below, "chromium"), false},
			{"google-chrome", base, filepath.Join(below, "google-chrome"), false},
			{"microsoft-edge", base, filepath.Join(below, "microsoft-edge"), false},
			{"brave", base, filepath.Join(below, "BraveSoftware", "Brave-Browser"), false},
			{"chromium (snap)", home, filepath.Join("snap", "chromium"), true},
			{"chromium (flatpak)", home, filepath.Join(".var", "app", "org.chromium.Chromium"), true},
			{"google-chrome (flatpak)", home, filepath.Join(".var", "app", "com.google.Chrome"), true},
			{"microsoft-edge (flatpak)", home, filepath.Join(".var", "app", "com.microsoft.Edge"), true},
			{"brave (flatpak)", home, filepath.Join(".var", "app", "com.brave.Browser"), true},
		}, nil
	case "darwin":
		support := filepath.Join("Library", "Application Support")
		return []place{
			{"chromium", home, filepath.Join(support, "Chromium"), false},
			{"google-chrome", home, filepath.Join(support, "Google", "Chrome"), false},
			{"microsoft-edge", home, filepath.Join(support, "Microsoft Edge"), false},
			{"brave", home, filepath.Join(support, "BraveSoftware", "Brave-Browser"), false},
		}, nil
	case "windows":
		return nil, errors.New("connecting a browser does not work on Windows yet")
	default:
		return nil, fmt.Errorf("connecting a browser does not work on %s", goos)
	}
}

// Install tells every browser of the Chromium family that this user has started before where the program is, exe, and
// returns how it then stands with each, those that were not found too. home is the user's home folder. An error leaves
// the other browsers' files written.
func Install(home, exe string) ([]Installed, error) {
	return visit(home, exe, func(in *Installed, folder *os.Root, manifest []byte) error {
		if err := write(folder, manifest); err != nil {
			return err
		}
		in.State = Ready
		return nil
	})
}

// Status returns how it stands with each browser, given that the program is exe.
func Status(home, exe string) ([]Installed, error) {
	return visit(home, exe, func(*Installed, *os.Root, []byte) error { return nil })
}

// Remove takes the program's manifest away from every browser and returns how it then stands with each.
func Remove(home string) ([]Installed, error) {
	return visit(home, "/", func(in *Installed, folder *os.Root, _ []byte) error {
		err := folder.Remove(filepath.Join(manifestFolder, manifestName)) // of a link, the link
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
	manifest, err := render(exe)
	if err != nil {
		return in, err
	}
	folder, err := os.OpenRoot(userDataDir)
	if err != nil {
		return in, err
	}
	defer folder.Close()
	if err := write(folder, manifest); err != nil {
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
	return dir, extension.WriteTo(dir, extension.Chromium)
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
	return state.RemoveAll(extensionFolder)
}

// visit calls do for every browser that was found, with its folder and the manifest that belongs there.
func visit(home, exe string, do func(*Installed, *os.Root, []byte) error) ([]Installed, error) {
	manifest, err := render(exe)
	if err != nil {
		return nil, err
	}
	all, err := places(runtime.GOOS, home, os.Getenv("XDG_CONFIG_HOME"))
	if err != nil {
		return nil, err
	}
	var out []Installed
	var failed []error
	for _, p := range all {
		in, err := visitOne(p, manifest, do)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.browser, err))
		}
		if !p.sandboxed || in.State != NotFound { // that a snap is not there is no news
			out = append(out, in)
		}
	}
	return out, errors.Join(failed...)
}

func visitOne(p place, manifest []byte, do func(*Installed, *os.Root, []byte) error) (Installed, error) {
	in := Installed{
		Browser: p.browser, Path: filepath.Join(p.base, p.folder, manifestFolder, manifestName), State: NotFound,
	}
	// A root, because no link on the way may lead out of the user's own folders.
	base, err := os.OpenRoot(p.base)
	if errors.Is(err, fs.ErrNotExist) {
		return in, nil
	}
	if err != nil {
		return in, err
	}
	defer base.Close()
	folder, err := base.OpenRoot(p.folder)
	if errors.Is(err, fs.ErrNotExist) {
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
	in.State = look(folder, manifest)
	return in, do(&in, folder, manifest)
}

// look returns how the manifest in a browser's folder stands against the one that belongs there.
func look(folder *os.Root, want []byte) State {
	path := filepath.Join(manifestFolder, manifestName)
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

// write puts the manifest into a browser's folder.
func write(folder *os.Root, manifest []byte) error {
	if err := folder.Mkdir(manifestFolder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if fi, err := folder.Lstat(manifestFolder); err != nil || !fi.IsDir() {
		return fmt.Errorf("%s is no folder of its own (a link?); remove it first", filepath.Join(folder.Name(), manifestFolder))
	}
	hosts, err := folder.OpenRoot(manifestFolder)
	if err != nil {
		return err
	}
	defer hosts.Close()
	return extension.WriteFile(hosts, manifestName, manifest)
}

// render returns the host manifest for a program. Browsers want an absolute path and take no arguments: see IsHostCall.
func render(exe string) ([]byte, error) {
	if !filepath.IsAbs(exe) {
		return nil, fmt.Errorf("the path of the program must be absolute, not %q", exe)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(struct {
		Name           string   `json:"name"`
		Description    string   `json:"description"`
		Path           string   `json:"path"`
		Type           string   `json:"type"`
		AllowedOrigins []string `json:"allowed_origins"`
	}{
		extension.Host, "minewatch asks its extension which site a busy browser process belongs to", exe, "stdio",
		[]string{"chrome-extension://" + extension.ChromiumID + "/"},
	})
	return out.Bytes(), err
}

// ExtensionDir returns the folder that InstallExtension writes to.
func ExtensionDir(stateDir string) string { return filepath.Join(stateDir, extensionFolder) }
