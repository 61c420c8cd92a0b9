package api

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/Microsoft/go-winio"
)

// SystemSocket is the pipe of the machine's agent.
const SystemSocket = `\\.\pipe\ProtectedPrefix\LocalService\minewatch`

// RuntimeDir returns the name under which this user's pipe stands.
func RuntimeDir() string { return `\\.\pipe\minewatch-` + os.Getenv("USERNAME") }

// StateDir returns the folder of this user's own state: %LOCALAPPDATA%\minewatch.
func StateDir() string { return filepath.Join(os.Getenv("LOCALAPPDATA"), "minewatch") }

// dialDoor connects to the pipe at identification level, so that whoever listens cannot act as the caller.
func dialDoor(ctx context.Context, socket string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return winio.DialPipeContext(ctx, socket)
}
