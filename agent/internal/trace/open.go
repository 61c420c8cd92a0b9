package trace

import (
	"errors"
	"os"
	"syscall"
)

// errNotRegular is the error of a path that is a folder, pipe, socket or device.
var errNotRegular = errors.New("it is no regular file")

// OpenRegular opens a file of a folder that others may have filled: what is no regular file is refused, without waiting
// for a pipe's other end and without a race between the look and the opening.
func OpenRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &os.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
