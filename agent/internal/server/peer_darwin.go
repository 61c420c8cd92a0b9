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
		cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		if err != nil {
			return err
		}
		c = Caller{User: strconv.FormatUint(uint64(cred.Uid), 10), Admin: cred.Uid == 0}
		if pid, err := unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID); err == nil {
			c.PID = int32(pid)
		}
		return nil
	})
	return c, err
}
