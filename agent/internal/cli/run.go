package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	osuser "os/user"
	"path/filepath"
	"time"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/daemon"
	"github.com/minewatch/minewatch/agent/internal/service"
)

// systemState is the folder of the machine's own agent.
const systemState = "/var/lib/minewatch"

func runCommand() *cobra.Command {
	var (
		user, verbose bool
		sessionFiles  bool
		socket, state string
		every         time.Duration
		recording     daemon.Recording
	)
	c := &cobra.Command{
		Use:   "run",
		Short: "Watch in the background (what the service runs)",
		Long: "Watch until told to stop. With --user the agent watches for this user alone and needs no administrator " +
			"rights; without it, it is the machine's agent and serves every user.",
		Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if every < 100*time.Millisecond || every > time.Minute {
				return usage.Error(c, errors.New("--interval must lie between 100ms and 1m"))
			}
			o, err := placesFor(user, socket, state)
			if err != nil {
				return err
			}
			o.Log = newLog(verbose)
			if sessionFiles && !user {
				return usage.Error(c, errors.New("--session-files needs --user: the files are a user's own"))
			}
			o.Interval, o.Recording, o.SessionFiles = every, recording, sessionFiles
			heartbeat := service.NewHeartbeat()
			o.Heartbeat = heartbeat.Beat
			ready := func() {
				heartbeat.Ready()
				o.Log.Info("minewatch " + buildinfo.Version + " is watching; its local API is at " + o.Socket)
			}
			if user {
				if o.User, err = thisUser(); err != nil {
					return err
				}
				return runAgent(c.Context(), o, ready)
			}
			return runService(c.Context(), o, ready)
		},
	}
	c.Flags().BoolVar(&user, "user", false, "watch for this user alone, without administrator rights")
	c.Flags().StringVar(&socket, "socket", "", "`path` of the local API (default: below the runtime folder)")
	c.Flags().StringVar(&state, "state", "", "`folder` for alerts and allowances (default: below the state folder)")
	c.Flags().StringVar(&recording.File, "record", "", "also record to this `file`, with the tabs that were named")
	recordingFlags(c, &recording)
	c.Flags().DurationVar(&every, "interval", time.Second, "time between two samples")
	c.Flags().BoolVar(&sessionFiles, "session-files", false,
		"where no extension can name a tab, list the hosts open in your browsers, read from their session files")
	c.Flags().BoolVar(&verbose, "verbose", false, "log in more detail")
	return c
}

// thisUser returns the uid, on Windows the SID, under which this program runs.
func thisUser() (string, error) {
	u, err := osuser.Current()
	if err != nil {
		return "", fmt.Errorf("it is not known for whom to watch: %w", err)
	}
	return u.Uid, nil
}

// placesFor returns the socket and state folder of a user's or the machine's agent: those that are named, else the usual.
func placesFor(user bool, socket, state string) (daemon.Options, error) {
	o := daemon.Options{Socket: socket, State: state}
	if user && o.Socket == "" {
		o.Socket = os.Getenv("MINEWATCH_SOCKET")
	}
	var err error
	switch {
	case !user:
		err = failIfUnprivileged()
		o.Socket, o.State = cmp.Or(o.Socket, api.SystemSocket), cmp.Or(o.State, systemState)
	case o.State == "":
		o.State, err = api.StateDir()
	}
	if err == nil && o.Socket == "" {
		o.Socket, err = api.UserSocket()
	}
	if err != nil {
		return o, err
	}
	if o.State, err = filepath.Abs(o.State); err != nil {
		return o, fmt.Errorf("the state folder cannot be found: %w", err)
	}
	return o, nil
}

// runAgent runs an agent until ctx ends.
func runAgent(ctx context.Context, o daemon.Options, ready func()) error {
	d, err := daemon.New(o)
	if err != nil {
		return err
	}
	return d.Run(ctx, ready)
}

// runService runs under the service manager, or in a terminal as it would under one.
func runService(ctx context.Context, o daemon.Options, ready func()) error {
	return service.Run(ctx, func(ctx context.Context) error { return runAgent(ctx, o, ready) })
}

// failIfUnprivileged returns an error when this user cannot run the machine's own agent.
func failIfUnprivileged() error {
	if os.Geteuid() > 0 {
		return errors.New("the machine's agent needs administrator rights; for yourself alone use `minewatch run --user`")
	}
	return nil
}
