package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/terminal"
)

func watchCommand() *cobra.Command {
	var (
		length time.Duration
		asJSON bool
	)
	c := &cobra.Command{
		Use:   "watch",
		Short: "See what keeps this computer busy, live",
		Long: "See the busy processes and tabs, live. It shows what the running agent measures; if none runs, it " +
			"measures by itself until you quit.",
		Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkLength(c, "for", length); err != nil {
				return err
			}
			o := terminal.WatchOptions{
				Out: c.OutOrStdout(), In: os.Stdin, JSON: asJSON, For: length,
				Interactive: !asJSON && isatty.IsTerminal(os.Stdout.Fd()) && isatty.IsTerminal(os.Stdin.Fd()),
			}
			if o.Interactive {
				o.Out = os.Stdout // the view moves the cursor, which a cleaned output would not let through
			}
			return watch(c.Context(), o)
		},
	}
	c.Flags().DurationVar(&length, "for", 0, "stop after this time, such as 2m")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return c
}

// watch shows the running agent's view, or that of an agent of its own.
func watch(ctx context.Context, o terminal.WatchOptions) error {
	client, err := api.Find(ctx)
	if err == nil {
		o.Client = client
		return terminal.Watch(ctx, o)
	}
	if !errors.Is(err, api.ErrNotRunning) {
		return err
	}
	own, err := placesFor(true, "", "")
	if err != nil {
		return err
	}
	own.Log, own.Interval = zap.NewNop(), time.Second // a log would write into the view
	fmt.Fprintln(os.Stderr, "No agent is running, so this watches by itself until you quit.")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	open, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- runAgent(ctx, own, func() { close(open) }) }()
	select {
	case err := <-ended:
		if err == nil && ctx.Err() == nil {
			err = errors.New("the agent did not open its local API")
		}
		return err
	case <-open:
	}
	o.Client = api.New(own.Socket)
	err = terminal.Watch(ctx, o)
	cancel()
	return errors.Join(err, <-ended)
}
