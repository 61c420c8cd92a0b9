package words

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// JSON returns v as one line of JSON that is safe on a terminal, also for a program that prints what it finds in it:
// every string in it, keys too, is without the characters that Clean leaves out, with a space in place of each line
// break, and of at most 4,096 characters. Nothing else is changed: spaces stay as they are.
func JSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return cleanStrings(out.Bytes()), nil
}

// cleanStrings cleans the strings of valid JSON.
func cleanStrings(in []byte) []byte {
	out := make([]byte, 0, len(in))
	for {
		begin := bytes.IndexByte(in, '"')
		if begin < 0 {
			return append(out, in...)
		}
		out, in = append(out, in[:begin]...), in[begin:]
		end, plain := 1, true
		for ; in[end] != '"'; end++ {
			if in[end] == '\\' {
				end++
				plain = false
			} else if in[end] >= 0x7F {
				plain = false
			}
		}
		literal := in[:end+1]
		in = in[end+1:]
		if !plain || len(literal) > maxValue {
			literal = cleanLiteral(literal)
		}
		out = append(out, literal...)
	}
}

// cleanLiteral cleans one string, quotation marks and escapes included.
func cleanLiteral(literal []byte) []byte {
	var s string
	if json.Unmarshal(literal, &s) != nil {
		return []byte(`""`) // cannot be: the encoder wrote it
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(value(s)) != nil {
		return []byte(`""`)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// value cleans a string in JSON.
func value(s string) string {
	n, marks := 0, 0
	return strings.Map(func(r rune) rune {
		switch {
		case n >= maxValue:
			return -1
		case unicode.IsSpace(r) || unicode.Is(unicode.Z, r):
			r = ' '
		case !shows(r):
			return -1
		}
		if !unicode.Is(unicode.M, r) {
			marks = 0
		} else if marks++; marks > maxMarks {
			return -1
		}
		if n++; n == maxValue {
			return '…'
		}
		return r
	}, s)
}

// Writer passes text on to a terminal, a file or a journal without the characters that Clean leaves out; line breaks and
// tabs stay. It is the last line of defence: whoever prints a name cleans it first, and shortens it.
type Writer struct {
	to   io.Writer
	rest []byte // the beginning of a character whose end was not written yet
}

// NewWriter returns a Writer to a writer. It must not be used by two goroutines at once.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Unwrap returns the writer below, for asking what it is.
func (w *Writer) Unwrap() io.Writer { return w.to }

// Write writes text. Errors are those of the writer below; it says that all or nothing was written.
func (w *Writer) Write(text []byte) (int, error) {
	in := append(w.rest, text...)
	out := make([]byte, 0, len(in))
	for utf8.FullRune(in) {
		r, size := utf8.DecodeRune(in)
		if r == '\n' || r == '\t' || unicode.Is(unicode.Zs, r) || shows(r) {
			out = utf8.AppendRune(out, r) // a broken byte arrives as U+FFFD, which is shown
		}
		in = in[size:]
	}
	w.rest = bytes.Clone(in)
	if _, err := w.to.Write(out); err != nil {
		return 0, err
	}
	return len(text), nil
}
