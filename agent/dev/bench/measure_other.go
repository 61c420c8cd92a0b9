//go:build !linux

package main

import (
	"context"
	"errors"
)

// measure needs pid namespaces and /proc.
func measure(context.Context, options) error {
	return errors.New("the benchmarks need Linux; -make-day works everywhere")
}
