package daemon

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

// warningKey names the cause of a warning: there is at most one warning of each.
type warningKey string

const (
	warnStore     warningKey = "store"     // nothing can be stored
	warnAside     warningKey = "aside"     // the history was damaged
	warnDropped   warningKey = "dropped"   // alerts were told and will never be stored
	warnSlowed    warningKey = "slowed"    // the agent measures less often
	warnRecording warningKey = "recording" // the recording ended early
	warnUpgrade   warningKey = "upgrade"   // an upgrade was taken back
)

// eventShown is how long a warning about something that happened once is shown.
const eventShown = 24 * time.Hour

// warnings says what does not work at present, for the status and the log.
type warnings struct {
	log *zap.Logger
	mu  sync.Mutex
	of  map[warningKey]warning
}

type warning struct {
	text  string
	since time.Time
	until time.Time // zero: until its cause is gone
}

func newWarnings(log *zap.Logger) *warnings {
	return &warnings{log: log, of: map[warningKey]warning{}}
}

// raise warns of a cause until it is cleared. A new text about the same cause takes the place of the old one.
func (w *warnings) raise(key warningKey, text string) { w.set(key, text, time.Time{}) }

// note warns for a day of something that happened and cannot be undone.
func (w *warnings) note(key warningKey, text string) { w.set(key, text, time.Now().Add(eventShown)) }

func (w *warnings) set(key warningKey, text string, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was, known := w.of[key]
	if !known {
		was.since = time.Now()
	}
	if was.text != text {
		w.log.Warn(text)
	}
	w.of[key] = warning{text, was.since, until}
}

// clear takes a warning back; over is logged if there was one.
func (w *warnings) clear(key warningKey, over string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.of[key]; known {
		delete(w.of, key)
		w.log.Info(over)
	}
}

// list returns the sentences of the present warnings, the oldest first.
func (w *warnings) list() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	var all []warning
	for key, one := range w.of {
		if !one.until.IsZero() && now.After(one.until) {
			delete(w.of, key)
			continue
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b warning) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.text, b.text))
	})
	out := make([]string, len(all))
	for i := range all {
		out[i] = all[i].text
	}
	return out
}
