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
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// maxLine is the longest line in bytes; a line of top with a command line takes some kilobytes, a header of Perfmon
// with thousands of counters some hundred.
const maxLine = 1 << 20

// lines reads a text line by line: plain, gzip or zstd, UTF-8, UTF-16 as Windows writes it, or a code page. Colours and
// a prefix that all lines share (a journal's, a quotation's) are taken off.
type lines struct {
	name   string // as it may be printed
	in     *bufio.Reader
	n      int   // lines read
	left   int64 // bytes that may still be read
	wide   binary.ByteOrder
	buf    []byte
	prefix prefix
	// at and host are what the prefix of the line read last says, "" where it says nothing.
	at, host string
}

func newLines(r io.Reader, name string, maxBytes int64) (*lines, error) {
	name = strings.Trim(fmt.Sprintf("%+q", name), `"`)
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
	l := &lines{name: name, in: b, left: maxBytes}
	switch mark, _ := b.Peek(3); {
	case bytes.HasPrefix(mark, []byte{0xff, 0xfe}):
		l.wide = binary.LittleEndian
		_, _ = b.Discard(2)
	case bytes.HasPrefix(mark, []byte{0xfe, 0xff}):
		l.wide = binary.BigEndian
		_, _ = b.Discard(2)
	case bytes.Equal(mark, []byte{0xef, 0xbb, 0xbf}):
		_, _ = b.Discard(3)
	case len(mark) == 3 && mark[1] == 0: // a mark is missing where files were joined
		l.wide = binary.LittleEndian
	case len(mark) == 3 && mark[0] == 0:
		l.wide = binary.BigEndian
	}
	l.prefix = prefixOf(l.head())
	return l, nil
}

// head returns the first lines without reading them.
func (l *lines) head() []string {
	const most = 8 << 10
	b, _ := l.in.Peek(most) // a shorter file has less
	head := strings.Split(l.decode(b), "\n")
	for i := range head {
		head[i], _, _ = l.prefix.cut(withoutEscapes(strings.TrimRight(head[i], "\r\x00")))
	}
	return head
}

func (l *lines) decode(b []byte) string {
	if l.wide == nil {
		if utf8.Valid(b) || bytes.ContainsAny(b, "\x00") {
			return string(b)
		}
		runes := make([]rune, len(b)) // an old code page: Latin-1 is right in most of the West, and one character a byte everywhere
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes)
	}
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, l.wide.Uint16(b))
	}
	return string(utf16.Decode(units))
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
		if l.left -= int64(len(part)); l.left < 0 {
			l.n++
			return "", l.fail("the log is larger than what is read of one; take a part of it, or raise --max-bytes")
		}
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
		text := withoutEscapes(strings.TrimRight(l.decode(l.buf), "\r\n\x00"))
		text, l.at, l.host = l.prefix.cut(text)
		return text, nil
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
