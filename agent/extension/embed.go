// Package extension carries minewatch's browser extension inside the program and writes it out for a browser to load.
package extension

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
)

const (
	// ChromiumID is the extension's id in browsers of the Chromium family. It follows from "key" in
	// manifest.chromium.json: the first 128 bits of the key's SHA-256, written with the letters a to p.
	ChromiumID = "lchjfefikepieikopipcfoclhnceekmd"
	// FirefoxID is the extension's id in Firefox, as manifest.firefox.json says.
	FirefoxID = "minewatch@minewatch.github.io"
	// Host is the name under which the extension asks the browser for the program.
	Host = "io.github.minewatch"
)

// The families of browsers, each with a manifest of its own: manifest.FAMILY.json.
const (
	Chromium = "chromium"
	Firefox  = "firefox"
)

//go:embed *.js *.html *.css manifest.*.json all:_locales icons
var files embed.FS

// File is one file of the extension, as a browser finds it; Name may hold slashes.
type File struct {
	Name string
	Data []byte
}

// Files returns the extension for a family of browsers, the manifest last: a browser that looks while they are written
// finds no extension rather than half of one.
func Files(family string) ([]File, error) {
	manifest, err := files.ReadFile("manifest." + family + ".json")
	if err != nil {
		return nil, fmt.Errorf("there is no extension for browsers of the family %q", family)
	}
	var out []File
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "manifest.") {
			return err
		}
		data, err := files.ReadFile(name)
		out = append(out, File{name, data})
		return err
	})
	return append(out, File{"manifest.json", manifest}), err
}

// Archive returns the extension for a family of browsers as one zip file: what a store takes, and for Firefox an xpi.
// The same extension gives the same bytes.
func Archive(family string) ([]byte, error) {
	all, err := Files(family)
	if err != nil {
		return nil, err
	}
	return pack(all)
}

// StoreArchive returns what a store for the Chromium family takes: the extension without "key" in its manifest, for the
// store signs with a key of its own and refuses another.
func StoreArchive() ([]byte, error) {
	all, err := Files(Chromium)
	if err != nil {
		return nil, err
	}
	last := &all[len(all)-1]
	last.Data = keyLine().ReplaceAll(last.Data, nil)
	return pack(all)
}

func keyLine() *regexp.Regexp { return regexp.MustCompile(`(?m)^  "key": "[^"]*",\n`) }

// Version returns the extension's version, as its manifests say.
func Version() (string, error) {
	manifest, err := files.ReadFile("manifest." + Chromium + ".json")
	if err != nil {
		return "", err
	}
	var m struct {
		Version string `json:"version"`
	}
	err = json.Unmarshal(manifest, &m)
	return m.Version, err
}

func pack(all []File) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range all {
		in, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate}) // no time, no owner
		if err != nil {
			return nil, err
		}
		if _, err := in.Write(f.Data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// WriteTo writes an unpacked copy of the extension for a family of browsers into dir, which is made if need be. Files
// of an earlier copy are replaced one by one, each at once; whatever else lies in dir stays. A link or anything but a
// regular file in a file's place is refused.
func WriteTo(dir, family string) error {
	all, err := Files(family)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if fi, err := os.Lstat(dir); err != nil || !fi.IsDir() {
		return fmt.Errorf("%s is no folder of its own (a link?); remove it first", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range all {
		if err := writeBelow(root, f); err != nil {
			return err
		}
	}
	return nil
}

// writeBelow writes a file into root, whose folders are made if need be. None of them may be a link.
func writeBelow(root *os.Root, f File) error {
	folder, name := path.Split(f.Name)
	in := root
	for part := range strings.SplitSeq(strings.TrimSuffix(folder, "/"), "/") {
		if part == "" {
			continue
		}
		if err := in.Mkdir(part, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if fi, err := in.Lstat(part); err != nil || !fi.IsDir() {
			return fmt.Errorf("%s is no folder of its own (a link?); remove it first", path.Join(in.Name(), part))
		}
		next, err := in.OpenRoot(part)
		if err != nil {
			return err
		}
		defer next.Close()
		in = next
	}
	return WriteFile(in, name, f.Data)
}

// WriteFile writes a file for a browser to read: name, directly in root, whole or not at all. Whatever the umask it gets
// the mode 0644. A link or anything but a regular file in its place is refused.
func WriteFile(root *os.Root, name string, data []byte) error {
	if fi, err := root.Lstat(name); err == nil && !fi.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file; remove it first", path.Join(root.Name(), name))
	}
	tmp := "." + name + "." + rand.Text()
	f, err := root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = root.Rename(tmp, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(tmp))
	}
	return nil
}
