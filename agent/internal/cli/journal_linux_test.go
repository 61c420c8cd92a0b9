package cli

import (
	"errors"
	"testing"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
)

// An entry keeps its fields as fields of the journal, so that `journalctl MINEWATCH_ID=…` finds it.
func TestJournalKeepsFields(t *testing.T) {
	type entry struct {
		Message  string
		Priority journal.Priority
		Fields   map[string]string
	}
	var got []entry
	core := &journalLog{LevelEnabler: zap.InfoLevel, send: func(m string, p journal.Priority, f map[string]string) error {
		got = append(got, entry{m, p, f})
		return nil
	}}
	log := zap.New(core).With(zap.String("id", "a-1"))
	log.Debug("not told")
	log.Info("alert", zap.Int32("pid", 7), zap.String("odd key-ü", "x\ny"))
	log.Error("it could not be stored", zap.Error(errors.New("the disk is full")))
	want := []entry{
		{"alert", journal.PriInfo, map[string]string{"SYSLOG_IDENTIFIER": "minewatch", "MINEWATCH_ID": "a-1", "MINEWATCH_PID": "7", "MINEWATCH_ODD_KEY__": "x\ny"}},
		{"it could not be stored: the disk is full", journal.PriErr, map[string]string{"SYSLOG_IDENTIFIER": "minewatch", "MINEWATCH_ID": "a-1", "MINEWATCH_ERROR": "the disk is full"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
