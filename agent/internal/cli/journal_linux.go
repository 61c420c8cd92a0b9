package cli

import (
	"fmt"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"
	"go.uber.org/zap/zapcore"
)

// journalLog writes entries to systemd's journal, each field of ours as one of the journal's: MINEWATCH_SUBJECT=…
type journalLog struct {
	zapcore.LevelEnabler
	fields []zapcore.Field
	send   func(message string, priority journal.Priority, fields map[string]string) error
}

// journalCore returns a log to the journal, nil where standard error leads elsewhere.
func journalCore(level zapcore.LevelEnabler) zapcore.Core {
	if here, err := journal.StderrIsJournalStream(); err != nil || !here {
		return nil
	}
	return &journalLog{LevelEnabler: level, send: journal.Send}
}

// With returns a log that adds fields to each entry.
func (j *journalLog) With(fields []zapcore.Field) zapcore.Core {
	next := *j
	next.fields = append(append([]zapcore.Field{}, j.fields...), fields...)
	return &next
}

// Check adds this log to those that write an entry.
func (j *journalLog) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if j.Enabled(e.Level) {
		return c.AddCore(e, j)
	}
	return c
}

// Write writes an entry.
func (j *journalLog) Write(e zapcore.Entry, fields []zapcore.Field) error {
	flat := zapcore.NewMapObjectEncoder()
	for _, f := range append(append([]zapcore.Field{}, j.fields...), fields...) {
		f.AddTo(flat)
	}
	out := map[string]string{"SYSLOG_IDENTIFIER": "minewatch"}
	message := e.Message
	if failed, ok := flat.Fields["error"]; ok {
		message += ": " + fmt.Sprint(failed) // what people read is the message alone
	}
	for key, value := range flat.Fields {
		out["MINEWATCH_"+journalKey(key)] = fmt.Sprint(value)
	}
	return j.send(message, priority(e.Level), out)
}

// Sync has nothing to do: the journal takes each entry at once.
func (j *journalLog) Sync() error { return nil }

// journalKey turns a key into one that the journal takes: capital letters, digits and underscores.
func journalKey(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, key)
}

func priority(l zapcore.Level) journal.Priority {
	switch l { //nolint:exhaustive // others are for people to know
	case zapcore.DebugLevel:
		return journal.PriDebug
	case zapcore.WarnLevel:
		return journal.PriWarning
	case zapcore.ErrorLevel, zapcore.DPanicLevel, zapcore.PanicLevel, zapcore.FatalLevel:
		return journal.PriErr
	default:
		return journal.PriInfo
	}
}
