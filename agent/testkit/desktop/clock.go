//go:build linux

package desktop

import (
	"bytes"
	"os"
	"time"
)

// deadline returns the moment d from now.
func deadline(d time.Duration) time.Time {
	return now().Add(d)
}

// now reads the wall clock: an end-to-end run happens in real time, there is no source to take it from.
func now() time.Time {
	return time.Now()
}

// tail returns the end of a log for an error message, empty if there is none.
func tail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil || len(bytes.TrimSpace(b)) == 0 {
		return ""
	}
	return "\n" + string(bytes.TrimSpace(b[max(0, len(b)-800):]))
}
