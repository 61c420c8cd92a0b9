package api

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/Microsoft/go-winio"
)

// SystemSocket is the pipe of the machine's agent.
const SystemSocket = `\\.\pipe\ProtectedPrefix\LocalService\minewatch`

// RuntimeDir returns the name under which this user's pipe stands.
func RuntimeDir() (string, error) { return `\\.\pipe\minewatch-` + os.Getenv("USERNAME"), nil }

// StateDir returns the folder of this user's own state: %LOCALAPPDATA%\minewatch.
func StateDir() (string, error) {
	d := os.Getenv("LOCALAPPDATA")
	if !filepath.IsAbs(d) {
		return "", fmt.Errorf("LOCALAPPDATA is %q, which is no absolute path: set it to one, or name folders with --state and --socket", d)
	}
	return filepath.Join(d, "minewatch"), nil
}

// readWrite lets a client read and write the pipe but not make another instance of it (FILE_GENERIC_READ and
// FILE_GENERIC_WRITE without FILE_CREATE_PIPE_INSTANCE).
const readWrite = 0x12019b

// dial connects to the pipe anonymously, so that whoever listens cannot act as the caller.
func dial(ctx context.Context, socket string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return winio.DialPipeAccess(ctx, socket, readWrite)
}
