package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/internal/install"
)

// maxSigned bounds what is read of a signed extension, in bytes.
const maxSigned = 8 << 20

// systemOptions are those of `browser install --system`.
type systemOptions struct {
	json, yes, policy bool
	crx, xpi          string
}

// systemReport is what the commands for all users print under --json (docs/install-browsers.md).
type systemReport struct {
	Type string `json:"type"` // "browser_install_system", "browser_remove_system"
	// Receipt is the file that lists what was written.
	Receipt string `json:"stamp"`
	// Planned are the steps that are still to do, before they are.
	Planned []string       `json:"planned,omitempty"`
	Steps   []install.Done `json:"steps"`
	Notes   []string       `json:"notes,omitempty"`
}

// installSystem connects the browsers of all users.
func installSystem(c *cobra.Command, setup *install.Setup, o *systemOptions) error {
	if !install.IsAdministrator() {
		return errors.New("installing for all users needs an administrator; " + install.HowToBecome(thisProgram()+" browser install --system"))
	}
	if err := install.CheckProgram(setup.Exe); err != nil {
		return err
	}
	setup.Policies = o.policy
	if err := readSigned(setup, o); err != nil {
		return err
	}
	s := install.NewSystem(setup)
	plan, err := s.Plan()
	if err != nil {
		return err
	}
	pending, err := s.Pending(plan)
	if err != nil {
		return err
	}
	r := systemReport{
		Type: "browser_install_system", Receipt: s.Receipt(), Planned: install.Describe(setup.GOOS, pending), Steps: []install.Done{}, Notes: plan.Notes,
	}
	out := c.OutOrStdout()
	if !o.json {
		tellPlan(out, setup, &r)
	}
	if len(pending) > 0 && !o.yes && (o.json || !agreed(c)) {
		if o.json {
			return errors.Join(usage.PrintJSON(out, r), errNothingDone)
		}
		return errNothingDone
	}
	done, err := s.Install(plan)
	r.Steps = done
	if o.json {
		return errors.Join(usage.PrintJSON(out, r), err)
	}
	if len(pending) > 0 || err != nil {
		tellDone(out, done)
	}
	if err == nil && len(pending) > 0 {
		fmt.Fprintln(out, "Close the browsers and open them again; then each user's `minewatch browser status` says \"connected\".")
	}
	return err
}

var errNothingDone = errors.New("nothing was done; add --yes to do it without being asked")

// thisProgram returns how this program can be called by another user too.
func thisProgram() string {
	if exe, err := os.Executable(); err == nil {
		return exe
	}
	return "minewatch"
}

// readSigned reads the signed extensions for policies.
func readSigned(setup *install.Setup, o *systemOptions) error {
	for _, f := range []struct {
		path string
		to   *[]byte
	}{{o.crx, &setup.CRX}, {o.xpi, &setup.XPI}} {
		if f.path == "" {
			continue
		}
		in, err := os.Open(f.path)
		if err != nil {
			return err
		}
		data, err := io.ReadAll(io.LimitReader(in, maxSigned+1))
		if err := errors.Join(err, in.Close()); err != nil {
			return err
		}
		if len(data) > maxSigned {
			return fmt.Errorf("%s is larger than %d MiB, so it is not minewatch's extension", f.path, maxSigned>>20)
		}
		*f.to = data
	}
	return nil
}

// tellPlan shows what will be done.
func tellPlan(w io.Writer, setup *install.Setup, r *systemReport) {
	if len(r.Planned) == 0 {
		fmt.Fprintln(w, "Everything is in place already, so there is nothing to do.")
	} else {
		fmt.Fprintf(w, "minewatch will do this for all users of this computer, so that their browsers start %s:\n", setup.Exe)
		fmt.Fprintln(w, strings.Join(r.Planned, "\n"))
		fmt.Fprintf(w, "  note down what was written:\n    %s\n", r.Receipt)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, "Note: "+n)
	}
	if len(r.Planned) > 0 {
		fmt.Fprintln(w, "`minewatch browser remove --system` takes exactly that away again.")
	}
}

// agreed asks whoever sits at the terminal. Nobody there agrees to nothing.
func agreed(c *cobra.Command) bool {
	in, ok := c.InOrStdin().(*os.File)
	if !ok || !isatty.IsTerminal(in.Fd()) {
		return false
	}
	fmt.Fprint(c.OutOrStdout(), "Do this? [y/N] ")
	line, err := bufio.NewReader(io.LimitReader(in, 1<<10)).ReadString('\n')
	answer := strings.ToLower(strings.TrimSpace(line))
	return err == nil && (answer == "y" || answer == "yes")
}

// tellDone counts what was done and names what was not.
func tellDone(w io.Writer, done []install.Done) {
	n := map[install.Outcome]int{}
	for _, d := range done {
		n[d.Outcome]++
		if d.Why != "" {
			fmt.Fprintf(w, "  %s: %s\n", d.Target, d.Why)
		}
	}
	for _, o := range []install.Outcome{install.Written, install.Removed, install.Already, install.Stays, install.Left, install.Failed} {
		if n[o] > 0 {
			fmt.Fprintf(w, "%s: %d\n", o, n[o])
		}
	}
}

// removeSystem undoes installSystem.
func removeSystem(c *cobra.Command, setup *install.Setup, asJSON bool) error {
	if !install.IsAdministrator() {
		return errors.New("removing what was installed for all users needs an administrator; " +
			install.HowToBecome(thisProgram()+" browser remove --system"))
	}
	s := install.NewSystem(setup)
	done, err := s.Remove()
	if asJSON {
		if done == nil {
			done = []install.Done{}
		}
		return errors.Join(usage.PrintJSON(c.OutOrStdout(), systemReport{Type: "browser_remove_system", Receipt: s.Receipt(), Steps: done}), err)
	}
	if len(done) == 0 && err == nil {
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s lists nothing: nothing was installed for all users.\n", s.Receipt())
		return err
	}
	tellDone(c.OutOrStdout(), done)
	return err
}
