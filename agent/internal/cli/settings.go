package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/heuristics"
)

// settingsFlag adds --set to a command.
func settingsFlag(c *cobra.Command, set *[]string) {
	c.Flags().StringArrayVar(set, "set", nil, "try another setting, `name=value`: "+strings.Join(heuristics.Settings(), ", "))
}

// readSettings reads what --set was given.
func readSettings(set []string) (heuristics.Config, error) {
	var config heuristics.Config
	for _, s := range set {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return config, fmt.Errorf("--set needs name=value, such as window=45s, not %q; there are %s", s, strings.Join(heuristics.Settings(), ", "))
		}
		if err := config.Set(name, value); err != nil {
			return config, fmt.Errorf("--set %w", err)
		}
	}
	return config, nil
}
