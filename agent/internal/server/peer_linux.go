package server

import (
	"net"
	"strconv"

	"golang.org/x/sys/unix"
)

// identify returns the process at the other end of a unix socket, as it was when it connected or began to listen.
func identify(conn net.Conn) (Caller, error) {
	var c Caller
	err := control(conn, func(fd int) error {
		cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err != nil {
			return err
		}
		c = Caller{User: strconv.FormatUint(uint64(cred.Uid), 10), PID: cred.Pid, Admin: cred.Uid == 0}
		return nil
	})
	return c, err
}
