package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api"
)

// systemState is the folder of the machine's own agent.
const systemState = "/var/lib/minewatch"

func runCommand() *cobra.Command {
	var (
		user, verbose bool
		sessionFiles  bool
		socket, state string
		every         time.Duration
		recording     recordingOptions
	)
	c := &cobra.Command{
		Use:   "run",
		Short: "Watch in the background (what the service runs)",
		Long: "Watch until told to stop. With --user the agent watches for this user alone and needs no administrator " +
			"rights; without it, it is the machine's agent and serves every user.",
		Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if every < 100*time.Millisecond || every > time.Minute {
				return usageError{errors.New("--interval must lie between 100ms and 1m"), c.CommandPath()}
			}
			o, err := placesFor(user, socket, state)
			if err != nil {
				return err
			}
			if o.log, err = newLog(verbose); err != nil {
				return err
			}
			if sessionFiles && !user {
				return usageError{errors.New("--session-files needs --user: the files are a user's own"), c.CommandPath()}
			}
			o.interval, o.recording, o.sessionFiles = every, recording, sessionFiles
			ready := func() { o.log.Info("minewatch " + version + " is watching; its door is " + o.socket) }
			if user {
				return runDaemon(c.Context(), o, ready)
			}
			return runService(c.Context(), o, ready)
		},
	}
	c.Flags().BoolVar(&user, "user", false, "watch for this user alone, without administrator rights")
	c.Flags().StringVar(&socket, "socket", "", "`path` of the local door (default: below the runtime folder)")
	c.Flags().StringVar(&state, "state", "", "`folder` for alerts and allowances (default: below the state folder)")
	c.Flags().StringVar(&recording.file, "record", "", "also record to this `file`, with the tabs that were named")
	recording.flags(c)
	c.Flags().DurationVar(&every, "interval", time.Second, "time between two samples")
	c.Flags().BoolVar(&sessionFiles, "session-files", false,
		"where no extension can name a tab, list the hosts open in your browsers, read from their session files")
	c.Flags().BoolVar(&verbose, "verbose", false, "log more")
	return c
}

// placesFor returns the socket and state folder of a user's or the machine's agent.
func placesFor(user bool, socket, state string) (daemonOptions, error) {
	o := daemonOptions{socket: api.UserSocket(), state: api.StateDir()}
	if !user {
		if err := failIfUnprivileged(); err != nil {
			return o, err
		}
		o.socket, o.state = api.SystemSocket, systemState
	} else if s := os.Getenv("MINEWATCH_SOCKET"); s != "" {
		o.socket = s
	}
	if socket != "" {
		o.socket = socket
	}
	if state != "" {
		o.state = state
	}
	var err error
	if o.state, err = filepath.Abs(o.state); err != nil {
		return o, fmt.Errorf("the state folder cannot be found: %w", err)
	}
	return o, nil
}

// program is the agent as a service of the operating system.
type program struct {
	cancel context.CancelFunc
	done   chan error
	body   func(context.Context) error
}

// Start begins to watch; the service manager asks for it to return at once.
func (p *program) Start(s service.Service) error {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.done = cancel, make(chan error, 1)
	go func() {
		err := p.body(ctx)
		p.done <- err
		if err != nil { // the service manager starts it again
			fmt.Fprintf(os.Stderr, "minewatch: %v\n", err)
			_ = s.Stop()
		}
	}()
	return nil
}

// Stop ends watching and waits until what was seen is stored.
func (p *program) Stop(service.Service) error {
	p.cancel()
	err := <-p.done
	p.done <- err
	return nil
}

// runService runs under the service manager, or in a terminal as it would under one.
func runService(ctx context.Context, o daemonOptions, ready func()) error {
	p := &program{body: func(ctx context.Context) error { return runDaemon(ctx, o, ready) }}
	if service.Interactive() {
		return p.body(ctx)
	}
	s, err := service.New(p, &service.Config{Name: "minewatch", DisplayName: "minewatch"})
	if err != nil {
		return err
	}
	if err := s.Run(); err != nil {
		return err
	}
	return <-p.done
}
