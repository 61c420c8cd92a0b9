package install

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/minewatch/minewatch/agent/extension"
)

// maxFile is the most that is read of a file found in the place of one of ours, in bytes. Ours are smaller.
const maxFile = 8 << 20

// values are the registry of Windows. Keys are given from their root on, such as HKCU\Software\…; only their default
// value is meant. A key that is not there is fs.ErrNotExist.
type values interface {
	get(key string) (string, error)
	set(key, value string) error
	// remove removes the key, and not what is above it.
	remove(key string) error
}

// machine is where plans are carried out.
type machine struct {
	// below stands before every base; tests have a folder there.
	below    string
	registry values
}

// sum is the SHA-256 of a content in hexadecimal; "" of nothing.
func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// look returns the content of a place. What is no regular file, or behind a link, is an error; nothing there is
// fs.ErrNotExist.
func (m *machine) look(p *Place) ([]byte, error) {
	if p.Key != "" {
		v, err := m.registry.get(p.Key)
		return []byte(v), err
	}
	in, name, err := m.open(p, false)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	fi, err := in.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() { // a pipe would block the reader
		return nil, fmt.Errorf("%s is no regular file; remove it first", path.Join(in.Name(), name))
	}
	f, err := in.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// put writes a content to a place, whole or not at all.
func (m *machine) put(p *Place, data []byte) error {
	if p.Key != "" {
		return m.registry.set(p.Key, string(data))
	}
	in, name, err := m.open(p, true)
	if err != nil {
		return err
	}
	defer in.Close()
	return extension.WriteFile(in, name, data)
}

// take removes what is at a place: of a link the link, and nothing if nothing is there.
func (m *machine) take(p *Place) error {
	if p.Key != "" {
		return gone(m.registry.remove(p.Key))
	}
	in, name, err := m.open(p, false)
	if err != nil {
		return gone(err)
	}
	defer in.Close()
	return gone(in.Remove(name))
}

func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// open opens the folder that a file is in, and returns the file's name in it. It makes the folders that are missing if
// it is told to.
func (m *machine) open(p *Place, create bool) (*os.Root, string, error) {
	base, err := os.OpenRoot(filepath.Join(m.below, p.Base))
	if err != nil {
		return nil, "", err
	}
	defer base.Close()
	if create && p.Make {
		if err := base.Mkdir(p.Inside, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, "", err
		}
	}
	// A root, because no link on the way may lead out of the base.
	in, err := base.OpenRoot(filepath.Join(".", p.Inside))
	if err != nil {
		return nil, "", err
	}
	folder, name := path.Split(p.File)
	for part := range strings.SplitSeq(strings.Trim(folder, "/"), "/") {
		if part == "" {
			continue
		}
		next, err := enter(in, part, create)
		in.Close() // a folder that was only read
		if err != nil {
			return nil, "", err
		}
		in = next
	}
	return in, name, nil
}

// enter opens a folder of in, which must not be a link. One that it makes anybody can read, whatever the umask.
func enter(in *os.Root, name string, create bool) (*os.Root, error) {
	if create {
		switch err := in.Mkdir(name, 0o755); {
		case err == nil:
			if err := in.Chmod(name, 0o755); err != nil {
				return nil, err
			}
		case !errors.Is(err, fs.ErrExist):
			return nil, err
		}
	}
	fi, err := in.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() {
		return nil, fmt.Errorf("%s is no folder of its own (a link?); remove it first", path.Join(in.Name(), name))
	}
	return in.OpenRoot(name)
}
