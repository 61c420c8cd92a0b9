package browser

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/minewatch/minewatch/agent/api"
)

// TestMain lets a browser start the test program as its native messaging host, as it would start minewatch.
func TestMain(m *testing.M) {
	if !IsHostCall(os.Args[1:]) {
		os.Exit(m.Run())
	}
	var in io.Reader = os.Stdin
	if os.Getenv("PANIC") == "true" {
		in = panicky{}
	}
	client := api.New(os.Getenv("MINEWATCH_SOCKET"))
	if err := RunHost(context.Background(), os.Args[1:], in, os.Stdout, client); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

type panicky struct{}

func (panicky) Read([]byte) (int, error) { panic("as a test") }
