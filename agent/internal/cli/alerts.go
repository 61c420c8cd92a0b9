package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/terminal"
)

func alertsCommand() *cobra.Command {
	var (
		asJSON bool
		since  time.Duration
	)
	c := &cobra.Command{
		Use: "alerts", Short: "List alerts, past and present", Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkLength(c, "since", since); err != nil {
				return err
			}
			client, err := api.Find(c.Context())
			if err != nil {
				return err
			}
			alerts, err := client.Alerts(c.Context(), since)
			if err != nil {
				return err
			}
			if !asJSON {
				return terminal.Alerts(c.OutOrStdout(), alerts, time.Now())
			}
			for _, a := range alerts {
				if err := usage.PrintJSON(c.OutOrStdout(), a); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	c.Flags().DurationVar(&since, "since", 0, "only alerts of this last period, such as 24h (default: all that are kept)")
	return c
}

// subject turns what a person typed into an allowance: a path is a program, anything else a site.
func subject(word string) api.Allowance {
	if strings.ContainsAny(word, `\`) || strings.HasPrefix(word, "/") {
		return api.Allowance{Program: word}
	}
	return api.Allowance{Site: word}
}

// checkSite refuses a single word, which is more often the name of a program than of a site: an allowance of a site called
// python3 would be no help. A host of one word can be named with its scheme (http://wiki).
func checkSite(site string) error {
	if site == "" || strings.ContainsAny(site, ".:") || site == "localhost" {
		return nil
	}
	return fmt.Errorf("%q is neither a site nor the path of a program: allow a program by its path, such as /usr/bin/python3.11 "+
		"(\"exe\" in `minewatch alerts --json`), or a site whose name has no dot with its scheme, such as http://wiki", site)
}

func allowCommand() *cobra.Command {
	var length time.Duration
	c := &cobra.Command{
		Use: "allow SITE|PROGRAM", Short: "Say that you agreed to the load of a site or program", Args: exactly("site or program"),
		Long: "Allow a site (films.example) or a program (its path), so that it raises no more alerts for you. Undo it with " +
			"`minewatch disallow`.",
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkLength(c, "for", length); err != nil {
				return err
			}
			a := subject(args[0])
			if err := checkSite(a.Site); err != nil {
				return usage.Error(c, err)
			}
			client, err := api.Find(c.Context())
			if err != nil {
				return err
			}
			if length > 0 {
				a.Until = time.Now().Add(length).UTC()
			}
			if a, err = client.Allow(c.Context(), a); err != nil {
				return err
			}
			return terminal.Allowed(c.OutOrStdout(), a)
		},
	}
	c.Flags().DurationVar(&length, "for", 0, "allow for this time only, such as 2h (default: for good)")
	return c
}

func disallowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "disallow SITE|PROGRAM", Short: "Take an allowance back, so that alerts come again", Args: exactly("site or program"),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := api.Find(c.Context())
			if err != nil {
				return err
			}
			a := subject(args[0])
			if err := client.Disallow(c.Context(), a); err != nil {
				return err
			}
			return terminal.Disallowed(c.OutOrStdout(), a)
		},
	}
}

// usualSnooze is as long as the tray's.
const usualSnooze = time.Hour

func snoozeCommand() *cobra.Command {
	var (
		length time.Duration
		asJSON bool
	)
	c := &cobra.Command{
		Use: "snooze [SITE|PROGRAM]", Short: "Be reminded of a site or program later, or list what is snoozed", Args: cobra.MaximumNArgs(1),
		Long: "Keep a site (films.example) or a program (its path) from notifying you for a while. Watching goes on, and so does " +
			"the list of alerts. Without a name, list what is snoozed. Undo it with `minewatch unsnooze`.",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listSnoozes(c, asJSON)
			}
			if err := checkLength(c, "for", length); err != nil {
				return err
			}
			a := subject(args[0])
			if err := checkSite(a.Site); err != nil {
				return usage.Error(c, err)
			}
			client, err := api.Find(c.Context())
			if err != nil {
				return err
			}
			a.Until = time.Now().Add(length).UTC()
			if a, err = client.SnoozeNamed(c.Context(), a); err != nil {
				return err
			}
			return terminal.Snoozed(c.OutOrStdout(), a)
		},
	}
	c.Flags().DurationVar(&length, "for", usualSnooze, "how long, such as 30m or 8h")
	c.Flags().BoolVar(&asJSON, "json", false, "list as one JSON object a line")
	return c
}

func listSnoozes(c *cobra.Command, asJSON bool) error {
	client, err := api.Find(c.Context())
	if err != nil {
		return err
	}
	all, err := client.Snoozes(c.Context())
	if err != nil {
		return err
	}
	if !asJSON {
		return terminal.Snoozes(c.OutOrStdout(), all)
	}
	for _, a := range all {
		if err := usage.PrintJSON(c.OutOrStdout(), a); err != nil {
			return err
		}
	}
	return nil
}

func unsnoozeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "unsnooze SITE|PROGRAM", Short: "Be reminded of a site or program again", Args: exactly("site or program"),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := api.Find(c.Context())
			if err != nil {
				return err
			}
			a := subject(args[0])
			if err := client.UnsnoozeNamed(c.Context(), a); err != nil {
				return err
			}
			return terminal.Unsnoozed(c.OutOrStdout(), a)
		},
	}
}

func allowedCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "allowed", Short: "List what you allowed", Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := api.Find(c.Context())
			if err != nil {
				return err
			}
			all, err := client.Allowances(c.Context())
			if err != nil {
				return err
			}
			if !asJSON {
				return terminal.Allowances(c.OutOrStdout(), all)
			}
			for _, a := range all {
				if err := usage.PrintJSON(c.OutOrStdout(), a); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return c
}

func statusCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "status", Short: "Show whether the agent is running, and its state", Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := api.Find(c.Context())
			if err != nil {
				return err
			}
			s, err := client.Status(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return usage.PrintJSON(c.OutOrStdout(), s)
			}
			return terminal.Status(c.OutOrStdout(), s)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	return c
}
