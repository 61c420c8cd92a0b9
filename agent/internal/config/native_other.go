//go:build !windows

package config

import "io/fs"

// nativePolicy: the files are the policy here. macOS' managed preferences are binary property lists, which are not read yet.
func nativePolicy() (source string, raw map[string]any, err error) { return "", nil, fs.ErrNotExist }
