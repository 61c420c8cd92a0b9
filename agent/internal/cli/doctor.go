package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/install"
)

// errTrouble ends doctor with exit code 1 after it has told everything.
var errTrouble = errors.New("something does not work; see above")

// checkup is what doctor found out about one thing.
type checkup struct {
	Type string `json:"type"` // "check"
	Name string `json:"name"`
	// State is "ok", "note" (works, but less than it could) or "trouble".
	State string `json:"state"`
	Text  string `json:"text"`
	// Next is what to do, empty when there is nothing to do.
	Next string `json:"next,omitzero"`
}

const (
	checkOK      = "ok"
	checkNote    = "note"
	checkTrouble = "trouble"
)

func doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "doctor", Short: "Check that everything works, and say what to do where it does not", Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			checks := examine(c.Context())
			bad := false
			for _, found := range checks {
				bad = bad || found.State == checkTrouble
				var err error
				if asJSON {
					err = usage.PrintJSON(c.OutOrStdout(), found)
				} else {
					err = tellCheck(c.OutOrStdout(), found)
				}
				if err != nil {
					return err
				}
			}
			if bad {
				return errTrouble
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return c
}

func tellCheck(w io.Writer, c checkup) error {
	mark := map[string]string{checkOK: "✓", checkNote: "·", checkTrouble: "✗"}[c.State]
	next := ""
	if c.Next != "" {
		next = "\n             Next: " + words.CleanText(c.Next)
	}
	_, err := fmt.Fprintf(w, "%s %-10s %s%s\n", mark, c.Name, words.CleanText(c.Text), next)
	return err
}

// examine checks everything that an alert needs on its way to a person.
func examine(ctx context.Context) []checkup {
	client, err := api.Find(ctx)
	if err != nil {
		return []checkup{
			{"check", "agent", checkTrouble, err.Error(), whenNoAgent(err)},
			checkBrowsers(nil),
		}
	}
	s, err := client.Status(ctx)
	if err != nil {
		return []checkup{{"check", "agent", checkTrouble, err.Error(), "restart the agent"}}
	}
	out := []checkup{checkAgent(&s), checkSampler(&s), checkBrowsers(&s), checkTray(&s)}
	if old, ok := checkAge(time.Now()); ok {
		out = append(out, old)
	}
	for _, t := range s.Warnings {
		out = append(out, checkup{"check", "agent", checkTrouble, t, ""})
	}
	return out
}

// whenNoAgent says what to do when there is no agent to ask.
func whenNoAgent(err error) string {
	switch {
	case errors.Is(err, api.ErrNotRunning), errors.Is(err, os.ErrPermission):
		return "minewatch run --user"
	case errors.Is(err, api.ErrVersion):
		return "install one version of all of minewatch, then end the agent and start it again"
	case api.CodeForbidden.Is(err), api.CodeTooMany.Is(err):
		return "" // the agent says it
	default:
		return "end what stands in its place, then start it again"
	}
}

func checkAgent(s *api.Status) checkup {
	c := checkup{Type: "check", Name: "agent", State: checkOK}
	c.Text = fmt.Sprintf("%s runs as process %d and uses %d MiB of memory", s.Version, s.PID, s.RSS>>20)
	if s.CPUPerHour > 0 {
		c.Text += fmt.Sprintf(" and %.1f s of CPU time an hour", s.CPUPerHour)
	}
	if !s.Watching {
		c.State, c.Text = checkTrouble, "it runs but has not measured lately"
		c.Next = "end process " + strconv.Itoa(s.PID) + " and start the agent again; look at what it says"
	}
	return c
}

// checkAge notes that this build is old. It knows its own date and asks no network.
func checkAge(now time.Time) (checkup, bool) {
	made, old := buildinfo.Old(now)
	return checkup{
		Type: "check", Name: "version", State: checkNote,
		Text: "this build is of " + made.Format(time.DateOnly) + ", and browsers have changed since",
		Next: "look for a newer version",
	}, old
}

func checkSampler(s *api.Status) checkup {
	c := checkup{
		Type: "check", Name: "sampler", State: checkOK,
		Text: fmt.Sprintf("measures %d processes every %v ms by %s", s.Processes, s.IntervalMS, s.Sampler),
	}
	if strings.Contains(s.Sampler, "(") { // it says why not the cheapest
		c.State = checkNote
	}
	return c
}

func checkBrowsers(s *api.Status) checkup {
	c := checkup{Type: "check", Name: "browsers", State: checkOK}
	if s != nil && len(s.Browsers) > 0 {
		var names []string
		for _, b := range s.Browsers {
			names = append(names, b.Name)
			if b.Update != "" {
				c.State, c.Text, c.Next = checkTrouble, b.Name+" cannot name its sites: its part of minewatch is too old", b.Update
			}
		}
		if c.State == checkOK {
			c.Text = "connected: " + strings.Join(names, ", ")
		}
		return c
	}
	c.State, c.Next = checkNote, "minewatch browser install"
	c.Text = "none is connected, so an alert cannot name a site"
	setup, err := findSetup(false)
	if err != nil {
		return c
	}
	found, err := install.NewUser(setup).Status()
	if err != nil {
		c.Text += fmt.Sprintf(" (%v)", err)
		return c
	}
	for i := range found {
		in := &found[i]
		switch in.State {
		case install.Ready:
			c.Next = "start " + in.Browser.Title + "; if it runs, see `minewatch browser status`"
		case install.Differs:
			c.State = checkTrouble
			c.Text = in.Browser.Name + " would start another program: " + in.Manifest + " is not ours"
			if in.Host != install.Differs {
				c.Text = in.Browser.Name + " would start another program, by a host manifest for all users"
			}
		case install.Unreachable:
			c.Text += "; " + in.Browser.Title + " cannot start programs outside its sandbox"
		case install.Missing, install.NotFound:
		}
	}
	return c
}

func checkTray(s *api.Status) checkup {
	c := checkup{Type: "check", Name: "tray", State: checkOK, Text: "shows alerts on the desktop"}
	if len(s.Trays) == 0 {
		return checkup{"check", "tray", checkNote, "none runs, so no alert shows on the desktop", "minewatch-tray"}
	}
	for _, t := range s.Trays {
		if t.Mode != api.TrayMenu {
			c.State, c.Text = checkNote, "shows notifications only: "+t.Detail
		}
	}
	return c
}
