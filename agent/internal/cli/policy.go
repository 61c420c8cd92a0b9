package cli

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/config"
)

// settingLine is one line of `policy show --json`.
type settingLine struct {
	Type    string `json:"type"` // "setting"
	Key     string `json:"key"`
	Value   any    `json:"value"`
	Source  string `json:"source"`
	Managed bool   `json:"managed"`
}

// problemLine is what was refused or ignored.
type problemLine struct {
	Type string `json:"type"` // "problem"
	Text string `json:"text"`
}

func policyCommand() *cobra.Command {
	c := &cobra.Command{Use: "policy", Short: "Show what administrators and you decided, and where"}
	c.AddCommand(policyShowCommand())
	return c
}

func policyShowCommand() *cobra.Command {
	var (
		asJSON bool
		etc    string
	)
	c := &cobra.Command{
		Use: "show", Short: "Print every setting, where it comes from and whether it is managed", Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			places := config.SystemPlaces(true)
			if etc != "" {
				own := places.User
				places = config.Under(etc)
				places.User = own
			}
			l, err := config.NewLoader(places, os.Environ(), nil)
			if err != nil {
				return err
			}
			return showPolicy(c, l.Load(), asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	c.Flags().StringVar(&etc, "etc", "", "read below this `folder` instead of /etc/minewatch, as before a rollout")
	return c
}

func showPolicy(c *cobra.Command, s *config.State, asJSON bool) error {
	w := c.OutOrStdout()
	for _, v := range s.Values {
		if asJSON {
			if err := usage.PrintJSON(w, settingLine{"setting", v.Key.Name, v.Value, v.Source, v.Managed}); err != nil {
				return err
			}
			continue
		}
		value, err := json.Marshal(v.Value)
		if err != nil {
			return err
		}
		managed := ""
		if v.Managed {
			managed = " (managed)"
		}
		if _, err := fmt.Fprintf(w, "%-19s %s  from %s%s\n", v.Key.Name, words.CleanText(string(value)), words.CleanSentence(v.Source), managed); err != nil {
			return err
		}
	}
	for _, p := range s.Problems {
		if asJSON {
			if err := usage.PrintJSON(w, problemLine{"problem", p}); err != nil {
				return err
			}
		} else if _, err := fmt.Fprintln(w, "! "+words.CleanText(p)); err != nil {
			return err
		}
	}
	return nil
}
