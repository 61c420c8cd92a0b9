package install

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// receiptVersion is raised when a key of the receipt changes its meaning.
const receiptVersion = 1

// receipt lists what an installation for all users has written, so that exactly that can be taken away.
type receipt struct {
	Type    string `json:"type"` // "browser_install"
	Version int    `json:"version"`
	Program string `json:"program"`
	// Folders are those that were made, the outer before the inner.
	Folders []string `json:"folders"`
	Written []entry  `json:"written"`
}

// entry is a file or a value of the registry as it was written. Was is what it was before, by this program too, while
// it is not known that the writing was done.
type entry struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Was    string `json:"was_sha256,omitempty"`
}

// ours reports whether a content is one that this program wrote.
func (e *entry) ours(sum string) bool { return sum != "" && (sum == e.SHA256 || sum == e.Was) }

func (s *receipt) find(target string) *entry {
	for i := range s.Written {
		if s.Written[i].Path == target {
			return &s.Written[i]
		}
	}
	return nil
}

// receiptPlace returns where the receipt is: in a folder that only an administrator writes to. The agent's own folder on
// Linux is closed to others, and stays so.
func receiptPlace(goos, exe string) Place {
	const name = "browser-install.json"
	switch goos {
	case darwin:
		return Place{Base: "/", File: "Library/Application Support/minewatch/" + name}
	case win:
		return Place{Base: folderOf(exe), File: name}
	default:
		return Place{Base: "/", Inside: "var/lib/minewatch", Make: true, File: name}
	}
}

// readReceipt returns the receipt, an empty one if there is none.
func (s *System) readReceipt() (*receipt, error) {
	st := &receipt{Type: "browser_install", Version: receiptVersion}
	at := s.receipt.target(s.setup.GOOS)
	data, err := s.machine.look(&s.receipt)
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	if err == nil {
		err = json.Unmarshal(data, st)
	}
	if err == nil {
		err = s.checkReceipt(st)
	}
	if err != nil {
		return nil, fmt.Errorf("%s, which lists what was written, cannot be used; look at it and move it away: %w", at, err)
	}
	return st, nil
}

// checkReceipt refuses a receipt that would have something else removed than what an installation writes.
func (s *System) checkReceipt(st *receipt) error {
	if st.Version != receiptVersion {
		return fmt.Errorf("its version is %d, not %d", st.Version, receiptVersion)
	}
	for _, e := range st.Written {
		if _, err := s.placeOf(e.Path); err != nil || !strings.Contains(e.Path, "minewatch") && path.Base(e.Path) != geckoPolicy {
			return fmt.Errorf("it names %q, which no installation writes", e.Path)
		}
	}
	for _, f := range st.Folders {
		if _, err := s.placeOf(f); err != nil {
			return err
		}
	}
	return nil
}

// placeOf returns the place of a path in the receipt.
func (s *System) placeOf(target string) (Place, error) {
	bad := fmt.Errorf("%q is no path of this system", target)
	if s.setup.GOOS != win {
		if !path.IsAbs(target) || path.Clean(target) != target || target == "/" {
			return Place{}, bad
		}
		return Place{Base: "/", File: target[1:]}, nil
	}
	if strings.HasPrefix(target, `HKLM\Software\`) {
		return Place{Key: target}, nil
	}
	rest, ok := strings.CutPrefix(target, s.receipt.Base+`\`)
	file := strings.ReplaceAll(rest, `\`, "/")
	if !ok || !fs.ValidPath(file) {
		return Place{}, bad
	}
	return Place{Base: s.receipt.Base, File: file}, nil
}

// writeReceipt writes the receipt, or takes it away when it lists nothing.
func (s *System) writeReceipt(st *receipt) error {
	if len(st.Written) == 0 {
		return s.machine.take(&s.receipt)
	}
	data, err := indented(st)
	if err != nil {
		return err
	}
	if err := s.machine.put(&s.receipt, data); err != nil {
		return fmt.Errorf("%s, which lists what is written, cannot be written: %w", s.receipt.target(s.setup.GOOS), err)
	}
	return nil
}
