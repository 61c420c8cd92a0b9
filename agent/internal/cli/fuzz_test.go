package cli

import (
	"testing"

	"github.com/minewatch/minewatch/heuristics"
)

// FuzzMoment reads any text as the moment to explain: what is taken is the word alert or a time in the recording.
func FuzzMoment(f *testing.F) {
	for _, s := range []string{"alert", "41s", "+1m30s", "12.5", "-1s", "1e99", "9223372036s", "s", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMoment(text)
		if err == nil && (m.at < 0 || m.firstAlert != (text == "alert")) {
			t.Errorf("%q: %+v", text, m)
		}
	})
}

// FuzzSettings reads any text as a setting of the detector: one that is taken is a name that is offered, with a detector that
// still works.
func FuzzSettings(f *testing.F) {
	for _, name := range heuristics.Settings() {
		f.Add(name + "=45s")
		f.Add(name + "=0.5")
	}
	for _, s := range []string{"=", "x", "window=NaN", "suspect_at=NaN", "suspect_at=1e-400", "window=-1s", "window=9999h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		config, err := readSettings([]string{text})
		if err != nil {
			return
		}
		if x := config.SuspectAt; x != x || x < 0 || x > 1 || config.Window < 0 || config.HeavyAfter < 0 {
			t.Errorf("%q: %+v", text, config)
		}
		heuristics.NewDetector(config).Observe(heuristics.Snapshot{Cores: 1})
	})
}
