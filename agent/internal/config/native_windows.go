package config

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/windows/registry"
)

const nativeName = `HKLM\SOFTWARE\Policies\minewatch`

// nativePolicy reads what Group Policy or Intune wrote. Only administrators can write there.
func nativePolicy() (source string, raw map[string]any, err error) {
	const path = `SOFTWARE\Policies\minewatch`
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.READ)
	if errors.Is(err, registry.ErrNotExist) {
		return nativeName, nil, fs.ErrNotExist
	}
	if err != nil {
		return nativeName, nil, err
	}
	defer k.Close()
	raw = map[string]any{}
	names, err := k.ReadValueNames(maxKeys)
	if err != nil && len(names) == 0 {
		names = nil // it has no value, only lists
	}
	for _, name := range names {
		raw[name] = registryValue(k, name)
	}
	lists, err := k.ReadSubKeyNames(maxKeys)
	if err != nil {
		lists = nil
	}
	for _, name := range lists {
		raw[name] = registryList(path + `\` + name)
	}
	return nativeName, raw, nil
}

// registryValue returns a value in the form that Key.Check takes.
func registryValue(k registry.Key, name string) any {
	if n, _, err := k.GetIntegerValue(name); err == nil {
		return n
	}
	if s, _, err := k.GetStringValue(name); err == nil && len(s) <= maxFile {
		return s
	}
	if all, _, err := k.GetStringsValue(name); err == nil {
		return all
	}
	return nil // Check says that it is of the wrong kind
}

// registryList returns the texts of a subkey, as a list of Group Policy is kept: names 1, 2, 3 with a text each.
func registryList(path string) any {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.READ)
	if err != nil {
		return nil
	}
	defer k.Close()
	names, err := k.ReadValueNames(maxItems + 1)
	if err != nil && len(names) == 0 {
		return []string{}
	}
	out := []string{}
	for _, name := range names {
		if s, _, err := k.GetStringValue(name); err == nil {
			out = append(out, s)
		}
	}
	return out
}
