package main

import (
	"fmt"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/patrol/results"
)

func diffCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Say which pages are judged otherwise in run B than in run A",
		Args:  these("folder of the earlier run", "folder of the later run"),
		RunE: func(c *cobra.Command, args []string) error {
			before, err := results.OpenRead(c.Context(), args[0])
			if err != nil {
				return err
			}
			defer before.Close()
			after, err := results.OpenRead(c.Context(), args[1])
			if err != nil {
				return err
			}
			defer after.Close()
			n := 0
			for d, err := range results.Diff(c.Context(), before, after) {
				if err != nil {
					return err
				}
				n++
				if asJSON {
					err = usage.PrintJSON(c.OutOrStdout(), d)
				} else {
					_, err = fmt.Fprintln(c.OutOrStdout(), words.CleanText(d.String()))
				}
				if err != nil {
					return err
				}
			}
			if n == 0 && !asJSON {
				fmt.Fprintln(c.OutOrStdout(), "Both runs say the same of the same pages.")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a page that is judged otherwise")
	return c
}
