//go:build linux

package main

import (
	"context"
	"errors"
)

// installers builds the MSI for Windows.
func (b *build) installers(context.Context) ([]string, error) {
	return nil, errors.New("not written yet")
}
