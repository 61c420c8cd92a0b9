package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func notifyCommand() *cobra.Command {
	return &cobra.Command{Use: "notify DIR", Args: these("folder of a run"), RunE: func(*cobra.Command, []string) error { return errors.New("not yet") }}
}
