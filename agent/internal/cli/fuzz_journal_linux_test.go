package cli

import (
	"strings"
	"testing"

	"github.com/coreos/go-systemd/v22/journal"
	"go.uber.org/zap"
)

// FuzzJournal logs any text under any key: the journal gets one entry, whose fields have names that it takes, and no
// text becomes a field of its own.
func FuzzJournal(f *testing.F) {
	f.Add("subject", "a\nPRIORITY=0", "message\n\x00", "failed")
	f.Add("", "\xff", "", "é=\n")
	f.Fuzz(func(t *testing.T, key, value, message, wrong string) {
		sent := 0
		var got map[string]string
		log := zap.New(&journalLog{LevelEnabler: zap.DebugLevel, send: func(_ string, _ journal.Priority, fields map[string]string) error {
			sent, got = sent+1, fields
			return nil
		}})
		log.Info(message, zap.String(key, value), zap.Error(textError(wrong)))
		if sent != 1 || len(got) > 3 {
			t.Fatalf("%d entries, the last with %q", sent, got)
		}
		for name := range got {
			if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" || name != "SYSLOG_IDENTIFIER" && !strings.HasPrefix(name, "MINEWATCH_") {
				t.Errorf("a field is called %q", name)
			}
		}
	})
}

type textError string

func (e textError) Error() string { return string(e) }
