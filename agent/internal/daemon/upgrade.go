package daemon

import (
	"io"
	"os"
	"strings"

	"github.com/minewatch/minewatch/agent/internal/store"

	"github.com/minewatch/minewatch/agent/api/words"
)

// maxNote bounds what is read of the note on an upgrade, in bytes.
const maxNote = 300

// upgradeTakenBack returns what the package's watcher wrote when it put the previous version back, "" if it did not
// (installer/linux/upgrade-watch.sh). The note goes when an upgrade works.
func upgradeTakenBack(state string) string {
	root, err := os.OpenRoot(store.AsFolder(state))
	if err != nil {
		return ""
	}
	defer root.Close()
	if fi, err := root.Lstat("upgrade-taken-back"); err != nil || !fi.Mode().IsRegular() {
		return ""
	}
	f, err := root.Open("upgrade-taken-back")
	if err != nil {
		return ""
	}
	defer f.Close()
	note, err := io.ReadAll(io.LimitReader(f, maxNote))
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(note), "\n")
	return words.CleanSentence(line)
}
