package extensions

import (
	"context"
	"fmt"
	"os"
	"testing"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
)

// TestMain lets a browser start the test program as its native messaging host, as it would start minewatch.
func TestMain(m *testing.M) {
	if !nm.IsHostCall(os.Args[1:]) {
		os.Exit(m.Run())
	}
	if err := nm.RunHost(context.Background(), os.Args[1:], os.Stdin, os.Stdout, nm.DialAgent); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
