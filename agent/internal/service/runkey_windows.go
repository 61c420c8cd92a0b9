package service

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows/registry"
)

// runKey starts programs with a user's session.
const runKey = `Software\Microsoft\Windows\CurrentVersion\Run`

func runCommand(exe string) string { return `"` + exe + `" run --user` }

// installRunKey starts the agent with this user's sessions. It needs no administrator.
func installRunKey(exe string) error {
	k, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("the Run key cannot be opened: %w", err)
	}
	defer k.Close()
	return k.SetStringValue(Name, runCommand(exe))
}

func removeRunKey() error {
	k, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("the Run key cannot be opened: %w", err)
	}
	defer k.Close()
	if err := k.DeleteValue(Name); errors.Is(err, registry.ErrNotExist) {
		return errors.New("minewatch does not start with this user's session, so there was nothing to uninstall")
	} else if err != nil {
		return err
	}
	return nil
}

// runKeyState can tell only whether the agent starts with the session; whether it runs now is the local API's to say.
func runKeyState(exe string) (State, error) {
	k, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.QUERY_VALUE)
	if err != nil {
		return NotInstalled, nil //nolint:nilerr // without the key nothing starts
	}
	defer k.Close()
	value, _, err := k.GetStringValue(Name)
	if err != nil || value != runCommand(exe) {
		return NotInstalled, nil //nolint:nilerr // without the value it does not start
	}
	return Stopped, nil
}
