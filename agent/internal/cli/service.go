package cli

import (
	"fmt"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/internal/install"
	"github.com/minewatch/minewatch/agent/internal/service"
)

// serviceReport is what `service status --json` prints.
type serviceReport struct {
	Type  string        `json:"type"` // "service"
	State service.State `json:"state"`
	// Manager names the service manager, such as "linux-systemd".
	Manager string `json:"manager"`
	User    bool   `json:"user"`
}

func serviceCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "service", Short: "Install, start, stop or remove the background service",
		Long: "Register minewatch with the service manager (systemd, launchd, Windows), so that it starts with the computer and " +
			"again if it fails. With --user it starts with your own sessions and needs no administrator.",
	}
	var user bool
	c.PersistentFlags().BoolVar(&user, "user", false, "for this user alone, without administrator rights")
	add := func(name, short, done string, do func(*service.Manager) error) {
		c.AddCommand(&cobra.Command{Use: name, Short: short, Args: nothing, RunE: func(c *cobra.Command, _ []string) error {
			if !user && !install.IsAdministrator() {
				return fmt.Errorf("the service of the whole computer needs an administrator; %s, or add --user for yourself alone",
					install.HowToBecome(thisProgram()+" service "+name))
			}
			m, err := manager(user, name == "install")
			if err != nil {
				return err
			}
			if err := do(m); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), done)
			return err
		}})
	}
	add("install", "Install and start the service", "Installed and started. `minewatch status` shows what it does, `minewatch service uninstall` undoes it.",
		(*service.Manager).Install)
	add("uninstall", "Stop and remove the service (alerts and settings stay)", "Stopped and taken away. Alerts and settings stay.",
		(*service.Manager).Uninstall)
	add("start", "Start the installed service", "Started.", (*service.Manager).Start)
	add("stop", "Stop the service until the computer starts again", "Stopped. It starts again with the computer; `minewatch service start` starts it now.",
		(*service.Manager).Stop)
	add("restart", "Stop and start the service", "Restarted.", (*service.Manager).Restart)
	c.AddCommand(serviceStatusCommand(&user))
	return c
}

func serviceStatusCommand(user *bool) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "status", Short: "Show whether the service is installed and running", Args: nothing, RunE: func(c *cobra.Command, _ []string) error {
		m, err := manager(*user, false)
		if err != nil {
			return err
		}
		state, err := m.Status()
		if err != nil {
			return err
		}
		if asJSON {
			return usage.PrintJSON(c.OutOrStdout(), serviceReport{"service", state, m.Platform(), *user})
		}
		flag := ""
		if *user {
			flag = " --user"
		}
		text := map[service.State]string{
			service.Running:      "The service runs.",
			service.Stopped:      "The service is installed and does not run now. Start it: minewatch service start" + flag,
			service.Failed:       "The service failed. Its last words: journalctl" + flag + " -u minewatch -n 20",
			service.NotInstalled: "The service is not installed. Install it: minewatch service install" + flag,
		}[state]
		_, err = fmt.Fprintln(c.OutOrStdout(), text)
		return err
	}}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return c
}

// manager returns the service manager's view of this program. What is started as root must not be a file that others
// can change.
func manager(user, installing bool) (*service.Manager, error) {
	exe := thisProgram()
	if installing && !user {
		if err := install.CheckProgram(exe); err != nil {
			return nil, err
		}
	}
	return service.New(exe, user)
}
