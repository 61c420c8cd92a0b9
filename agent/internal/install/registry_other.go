//go:build !windows

package install

import "errors"

// noRegistry stands for the registry where there is none; no plan for such a system names a key.
type noRegistry struct{}

var errNoRegistry = errors.New("only Windows has a registry")

func newRegistry() values { return noRegistry{} }

func (noRegistry) get(string) (string, error) { return "", errNoRegistry }
func (noRegistry) set(string, string) error   { return errNoRegistry }
func (noRegistry) remove(string) error        { return errNoRegistry }
