//go:build unix

package trace

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe would be waited for without end, a device read without end.
func TestOpenRegularRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe, file, toPipe, toFile := filepath.Join(dir, "pipe"), filepath.Join(dir, "file"), filepath.Join(dir, "to-pipe"), filepath.Join(dir, "to-file")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{toPipe: pipe, toFile: file} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	for path, good := range map[string]bool{pipe: false, toPipe: false, "/dev/zero": false, dir: false, file: true, toFile: true} {
		f, err := OpenRegular(path)
		if (err == nil) != good {
			t.Errorf("%s: error %v", path, err)
		}
		if err == nil {
			_ = f.Close()
		}
	}
}
