package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
)

// maxLine is the longest line in bytes; a line of top with a command line takes some kilobytes, a header of Perfmon
// with thousands of counters some hundred.
const maxLine = 1 << 20

// lines reads a text line by line: plain, gzip or zstd, UTF-8 or UTF-16 as Windows writes it.
type lines struct {
	name string
	in   *bufio.Reader
	n    int // lines read
	wide binary.ByteOrder
	buf  []byte
}

func newLines(r io.Reader, name string) (*lines, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	magic, _ := b.Peek(4) // a shorter file has none
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		b = bufio.NewReaderSize(z, 64<<10)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		b = bufio.NewReaderSize(z, 64<<10)
	}
	l := &lines{name: name, in: b}
	switch mark, _ := b.Peek(3); {
	case bytes.HasPrefix(mark, []byte{0xff, 0xfe}):
		l.wide = binary.LittleEndian
		_, _ = b.Discard(2)
	case bytes.HasPrefix(mark, []byte{0xfe, 0xff}):
		l.wide = binary.BigEndian
		_, _ = b.Discard(2)
	case bytes.Equal(mark, []byte{0xef, 0xbb, 0xbf}):
		_, _ = b.Discard(3)
	}
	return l, nil
}

// head returns the first lines without reading them.
func (l *lines) head() []string {
	const most = 8 << 10
	b, _ := l.in.Peek(most) // a shorter file has less
	return strings.Split(string(l.decode(b)), "\n")
}

func (l *lines) decode(b []byte) []byte {
	if l.wide == nil {
		return b
	}
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, l.wide.Uint16(b))
	}
	return []byte(string(utf16.Decode(units)))
}

// next returns the next line without its end, and io.EOF after the last.
func (l *lines) next() (string, error) {
	l.buf = l.buf[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		if len(l.buf)+len(part) > maxLine {
			l.n++
			return "", l.fail("the line is longer than 1 MiB; this is not such a log")
		}
		l.buf = append(l.buf, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if l.wide == binary.LittleEndian && err == nil { // the second half of the line's end
			if b, err := l.in.ReadByte(); err == nil {
				l.buf = append(l.buf, b)
			}
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(l.buf) == 0) {
			if !errors.Is(err, io.EOF) {
				l.n++
				return "", l.fail("the file ends early (%v)", err)
			}
			return "", io.EOF
		}
		l.n++
		return strings.TrimRight(string(l.decode(l.buf)), "\r\n\x00"), nil
	}
}

// fail returns an error about the line read last.
func (l *lines) fail(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", l.name, l.n, fmt.Sprintf(format, args...))
}
