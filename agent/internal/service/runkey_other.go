//go:build !windows

package service

import "errors"

var errNotWindows = errors.New("the Run key is part of Windows")

func installRunKey(string) error        { return errNotWindows }
func removeRunKey() error               { return errNotWindows }
func runKeyState(string) (State, error) { return "", errNotWindows }
