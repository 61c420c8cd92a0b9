package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/daemon"
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
				return usageError{errors.New("--interval must lie between 100ms and 1m"), c.CommandPath()}
			}
			o, err := placesFor(user, socket, state)
			if err != nil {
				return err
			}
			if o.Log, err = newLog(verbose); err != nil {
				return err
			}
			if sessionFiles && !user {
				return usageError{errors.New("--session-files needs --user: the files are a user's own"), c.CommandPath()}
			}
			o.Interval, o.Recording, o.SessionFiles = every, recording, sessionFiles
			ready := func() { o.Log.Info("minewatch " + buildinfo.Version + " is watching; its local API is at " + o.Socket) }
			if user {
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
	c.Flags().BoolVar(&verbose, "verbose", false, "log more")
	return c
}

// placesFor returns the socket and state folder of a user's or the machine's agent.
func placesFor(user bool, socket, state string) (daemon.Options, error) {
	o := daemon.Options{Socket: api.UserSocket(), State: api.StateDir()}
	if !user {
		if err := failIfUnprivileged(); err != nil {
			return o, err
		}
		o.Socket, o.State = api.SystemSocket, systemState
	} else if s := os.Getenv("MINEWATCH_SOCKET"); s != "" {
		o.Socket = s
	}
	if socket != "" {
		o.Socket = socket
	}
	if state != "" {
		o.State = state
	}
	var err error
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
func runService(ctx context.Context, o daemon.Options, ready func()) error {
	p := &program{body: func(ctx context.Context) error { return runAgent(ctx, o, ready) }}
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

// newLog returns a logger that writes lines for people or a journal to standard error.
func newLog(verbose bool) (*zap.Logger, error) {
	c := zap.NewProductionConfig()
	c.Encoding = "console"
	c.EncoderConfig.EncodeTime = func(t time.Time, e zapcore.PrimitiveArrayEncoder) { e.AppendString(t.Format("15:04:05")) }
	c.DisableCaller, c.DisableStacktrace = true, true
	if verbose {
		c.Level.SetLevel(zap.DebugLevel)
	}
	return c.Build()
}

// failIfUnprivileged returns an error when this user cannot run the machine's own agent.
func failIfUnprivileged() error {
	if os.Geteuid() > 0 {
		return errors.New("the machine's agent needs administrator rights; for yourself alone use `minewatch run --user`")
	}
	return nil
}
