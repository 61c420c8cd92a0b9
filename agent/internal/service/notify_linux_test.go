package service

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// The heartbeat speaks systemd's own protocol, over a real socket.
func TestHeartbeatReachesSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "30000000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	h := NewHeartbeat()
	if h.every != 10*time.Second {
		t.Errorf("a sign of life every %v, want a third of 30 s", h.every)
	}
	h.Ready()
	h.Beat(time.Now())
	for _, want := range []string{"READY=1", "WATCHDOG=1"} {
		buf := make([]byte, 64)
		n, err := socket.Read(buf)
		if err != nil || string(buf[:n]) != want {
			t.Errorf("got %q, %v; want %q", buf[:n], err, want)
		}
	}
}
