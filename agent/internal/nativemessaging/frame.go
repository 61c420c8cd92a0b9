package nativemessaging

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The longest messages in bytes. Browsers allow 64 MiB from an extension and 1 MiB to it; an honest extension keeps to
// far less, see docs/extension-protocol.md.
const (
	MaxFromExtension = 128 << 10
	MaxToExtension   = 8 << 10
)

// ReadFrame reads one message of at most so many bytes: its length in four bytes of this machine's byte order, then the
// message. It returns io.EOF when the stream ends between two messages. After any other error the stream is unusable.
func ReadFrame(r io.Reader, most int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.NativeEndian.Uint32(head[:])
	if n == 0 || uint64(n) > uint64(most) { //nolint:gosec // a limit is positive
		return nil, fmt.Errorf("a message of %d bytes, allowed are 1 to %d", n, most)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		if errors.Is(err, io.EOF) { // which only stands between two messages
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("a message broke off: %w", err)
	}
	return body, nil
}

// WriteFrame writes one message in a single Write.
func WriteFrame(w io.Writer, body []byte) error {
	_, err := w.Write(append(binary.NativeEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body))), body...)) //nolint:gosec // far below 4 GiB
	return err
}
