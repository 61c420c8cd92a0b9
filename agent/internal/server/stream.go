package server

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/fault"
)

const (
	// maxEvent bounds one event in bytes; the client reads lines of up to 1 MiB.
	maxEvent = 1<<20 - 16
)

func (h *handler) events(w http.ResponseWriter, r *http.Request) {
	c, _ := callerOf(r.Context()) // guard saw it
	q := r.URL.Query()
	var tray *api.TrayStatus
	switch mode := api.TrayMode(q.Get("tray")); mode {
	case "":
	case api.TrayMenu, api.TrayNotifications:
		tray = &api.TrayStatus{PID: c.PID, Mode: mode, Detail: words.CleanSentence(q.Get("detail"))}
	default:
		h.fail(w, r, fault.New(fault.Invalid, `a tray is either "menu" or "notifications"`))
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	pass(ctx, cancel, h, w, h.agent.Events(ctx, c, q.Get("live") == "1", tray))
}

// pass writes a sequence as server-sent events until either side ends it. A caller who does not take an event in time
// is cut off.
func pass[T any](ctx context.Context, cancel context.CancelFunc, h *handler, w http.ResponseWriter, seq iter.Seq[T]) {
	f := &feed{w: w, rc: http.NewResponseController(w), patience: h.limits.event}
	w.Header().Set("Content-Type", "text/event-stream")
	if f.send(": minewatch\n\n") != nil {
		return
	}
	var beat sync.WaitGroup
	defer beat.Wait() // w is not ours after we return
	defer cancel()
	beat.Go(func() {
		if !f.beat(ctx, h.limits.keepAlive) {
			cancel() // ends seq
		}
	})
	for v := range seq {
		b, err := json.Marshal(v)
		if err != nil || len(b) > maxEvent {
			h.log.Error("an event cannot be told", zap.Int("bytes", len(b)), zap.Error(err))
			continue
		}
		if f.send("data: "+string(b)+"\n\n") != nil {
			return
		}
	}
}

// feed writes the parts of one stream, from the sequence and the heart beat.
type feed struct {
	mu       sync.Mutex
	w        http.ResponseWriter
	rc       *http.ResponseController
	patience time.Duration
}

func (f *feed) send(text string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.rc.SetWriteDeadline(time.Now().Add(f.patience)); err != nil {
		return err
	}
	if _, err := f.w.Write([]byte(text)); err != nil {
		return err
	}
	return f.rc.Flush()
}

// beat writes a comment now and then, by which a caller that vanished is noticed, until ctx ends. It reports whether
// the caller was there to the last.
func (f *feed) beat(ctx context.Context, every time.Duration) bool {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return true
		case <-ticker.C:
			if f.send(": still here\n\n") != nil {
				return false
			}
		}
	}
}
