package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/patrol/results"
)

func verifyCommand() *cobra.Command {
	var head string
	c := &cobra.Command{
		Use:   "verify DIR",
		Short: "Check that the evidence of a run is as it was written",
		Args:  these("folder of a run"),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := results.Verify(args[0])
			if err != nil {
				return err
			}
			for _, w := range v.Wrong {
				fmt.Fprintln(c.OutOrStdout(), words.CleanText(w))
			}
			switch {
			case len(v.Wrong) > 0:
				return fmt.Errorf("%d files are not as the log says", len(v.Wrong))
			case head != "" && head != v.Head:
				return fmt.Errorf("the log ends with %s, not with the line that was written down", v.Head)
			}
			fmt.Fprintf(c.OutOrStdout(), "%d files are as they were written. The log ends with %s\n", v.Files, v.Head)
			if !v.Ended {
				fmt.Fprintln(c.OutOrStdout(), "The run has not come to its end.")
			}
			return nil
		},
	}
	c.Flags().StringVar(&head, "head", "", "the `hash` that run printed at its end: that the whole log was not written anew")
	return c
}
