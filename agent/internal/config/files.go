package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFiles bounds a folder. It is listed by a few more names than that, whatever lies in it.
const maxFiles = 64

// file is one file of a folder: its content, or why it is not read.
type file struct {
	path    string
	content []byte
	err     error
}

// readFolder returns the *.json files of a folder of the machine, by name, none of which anybody but an administrator (or
// owner, unless that is -1) could have written.
func readFolder(dir string, owner int) ([]file, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	if err := checkChain(dir, owner); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	d, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(10 * maxFiles)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasSuffix(n, ".json") || strings.HasPrefix(n, ".") })
	if len(names) > maxFiles {
		return nil, fmt.Errorf("it holds more than %d files", maxFiles)
	}
	slices.Sort(names)
	out := make([]file, len(names))
	for i, name := range names {
		out[i] = file{path: filepath.Join(dir, name)}
		out[i].content, out[i].err = readIn(root, name, owner)
	}
	return out, nil
}

// readIn reads one file. What is opened is looked at, not what has its name: between two looks a name can be given anew.
func readIn(root *os.Root, name string, owner int) ([]byte, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|nonblock, 0) // a pipe without a writer would be waited for
	if err != nil {
		if strings.Contains(err.Error(), "escapes") {
			return nil, errors.New("it is a link that leads out of its folder")
		}
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := checkPlain(fi); err != nil {
		return nil, err
	}
	if err := checkOwner(f, fi, owner); err != nil {
		return nil, err
	}
	return readAll(f)
}

func checkPlain(fi fs.FileInfo) error {
	switch {
	case !fi.Mode().IsRegular():
		return errors.New("it is not a plain file")
	case fi.Size() > maxFile:
		return fmt.Errorf("it has %d bytes; at most %d are read", fi.Size(), maxFile)
	}
	return nil
}

// readAll reads a file that may still grow.
func readAll(f io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(f, maxFile+1)) }

// readOwn reads a user's own file.
func readOwn(path string) (map[string]any, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	content, err := readIn(root, filepath.Base(path), mine())
	if err != nil {
		return nil, err
	}
	return Parse(content)
}
