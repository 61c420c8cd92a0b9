package install

import (
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// systemRegistry is the registry of this computer.
type systemRegistry struct{}

func newRegistry() values { return systemRegistry{} }

// root takes a key apart into its root and the rest.
func root(key string) (registry.Key, string, error) {
	name, rest, _ := strings.Cut(key, `\`)
	switch name {
	case "HKCU":
		return registry.CURRENT_USER, rest, nil
	case "HKLM":
		return registry.LOCAL_MACHINE, rest, nil
	}
	return 0, "", fmt.Errorf("the registry has no root %q: %w", name, fs.ErrInvalid)
}

// get implements values. An error of the registry that nothing is there is fs.ErrNotExist.
func (systemRegistry) get(key string) (string, error) {
	in, path, err := root(key)
	if err != nil {
		return "", err
	}
	k, err := registry.OpenKey(in, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return "", err
	}
	defer k.Close()
	v, _, err := k.GetStringValue("")
	return v, err
}

func (systemRegistry) set(key, value string) error {
	in, path, err := root(key)
	if err != nil {
		return err
	}
	k, _, err := registry.CreateKey(in, path, registry.SET_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return err
	}
	defer k.Close()
	return k.SetStringValue("", value)
}

func (systemRegistry) remove(key string) error {
	in, path, err := root(key)
	if err != nil {
		return err
	}
	return registry.DeleteKey(in, path)
}
