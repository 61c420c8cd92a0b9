package devtools

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// account is whom the browser runs as: on Windows always the caller.
type account struct{}

func unprivileged() (*account, error) { return nil, nil } //nolint:nilnil // nil is the caller

func (*account) give(string) error { return nil }

// spawn starts the browser with the two pipes as inherited handles.
func (b *Browser) spawn(*account) (io.ReadCloser, io.WriteCloser, error) {
	theirIn, out, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	in, theirOut, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, theirIn.Close(), out.Close())
	}
	handles := []syscall.Handle{syscall.Handle(theirIn.Fd()), syscall.Handle(theirOut.Fd())}
	for _, h := range handles {
		if err := syscall.SetHandleInformation(h, syscall.HANDLE_FLAG_INHERIT, 1); err != nil {
			return nil, nil, errors.Join(err, theirIn.Close(), out.Close(), in.Close(), theirOut.Close())
		}
	}
	b.command.Args = append(b.command.Args, "--remote-debugging-pipe", fmt.Sprintf("--remote-debugging-io-pipes=%d,%d", handles[0], handles[1]))
	b.command.SysProcAttr = &syscall.SysProcAttr{AdditionalInheritedHandles: handles, HideWindow: true}
	err = b.command.Start()
	err = errors.Join(err, theirIn.Close(), theirOut.Close())
	if err != nil {
		return nil, nil, errors.Join(err, in.Close(), out.Close())
	}
	return in, out, nil
}

func (b *Browser) killRest() { _ = b.command.Process.Kill() }
