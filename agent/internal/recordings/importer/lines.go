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
			return nil, fmt.Errorf("%s:1: the compressed file is damaged (%w); copy it again", name, err)
		}
		b = bufio.NewReaderSize(z, 64<<10)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
		if err != nil {
			return nil, fmt.Errorf("%s:1: the compressed file is damaged (%w); copy it again", name, err)
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
			return "", l.fail("the line is longer than 1 MiB; this is no such log, or it lost its line ends")
		}
		l.buf = append(l.buf, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(l.buf) == 0:
			return "", io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			l.n++
			return "", l.fail("the file ends early (%v); copy it again, or go on with what was read", err)
		case err == nil && l.wide != nil && !l.wideEnd():
			continue
		}
		l.n++
		return strings.TrimRight(string(l.decode(l.buf)), "\r\n\x00"), nil
	}
}

// wideEnd reports whether the byte 10 at the end of buf belongs to the end of a line in UTF-16, where it can be half of
// another character too.
func (l *lines) wideEnd() bool {
	n := len(l.buf)
	if l.wide == binary.BigEndian {
		return n%2 == 0 && l.buf[n-2] == 0
	}
	if n%2 == 0 {
		return false
	}
	b, err := l.in.ReadByte()
	if err != nil {
		return true // the file ends in the middle of a character
	}
	l.buf = append(l.buf, b)
	return b == 0
}

// fail returns an error about the line read last: what is wrong, and what to do.
func (l *lines) fail(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", l.name, l.n, fmt.Sprintf(format, args...))
}
