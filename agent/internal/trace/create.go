package trace

import (
	"errors"
	"fmt"
	"os"
)

// Create opens the file of a recording, readable by its owner alone. It never replaces a file: a recording may be all
// there is of an incident.
func Create(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%s exists already; name another file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("the recording cannot be written: %w", err)
	}
	return f, nil
}
