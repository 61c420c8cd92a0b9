package nativemessaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// framed returns a native message.
func framed(body string) []byte {
	return append(binary.NativeEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func TestReadFrame(t *testing.T) {
	huge := binary.NativeEndian.AppendUint32(nil, 1<<32-1)
	for name, c := range map[string]struct {
		in      []byte
		want    string
		wantErr string
	}{
		"one":        {in: framed("{}"), want: "{}"},
		"closed":     {in: nil, wantErr: "EOF"},
		"half head":  {in: []byte{1, 0}, wantErr: "unexpected EOF"},
		"half body":  {in: framed("{}")[:5], wantErr: "broke off"},
		"no body":    {in: framed("x")[:4], wantErr: "broke off"},
		"empty":      {in: framed(""), wantErr: "0 bytes"},
		"four GB":    {in: huge, wantErr: "4294967295 bytes"},
		"one more":   {in: framed(strings.Repeat("x", MaxFromExtension+1)), wantErr: "allowed"},
		"as allowed": {in: framed(strings.Repeat("x", MaxFromExtension)), want: strings.Repeat("x", MaxFromExtension)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadFrame(bytes.NewReader(c.in), MaxFromExtension)
			if string(got) != c.want || (err == nil) != (c.wantErr == "") || (err != nil && !strings.Contains(err.Error(), c.wantErr)) {
				t.Errorf("got %.20q, %v; want %.20q, %q", got, err, c.want, c.wantErr)
			}
		})
	}
	if _, err := ReadFrame(bytes.NewReader(nil), MaxFromExtension); !errors.Is(err, io.EOF) {
		t.Errorf("a closed line gives %v, want io.EOF", err)
	}
}

// FuzzReadFrame reads any bytes as a stream of native messages: what comes out is within the limit and in the stream,
// and the stream ends without an error only between two messages.
func FuzzReadFrame(f *testing.F) {
	whole := framed(`{"id":1,"method":"hello"}`)
	for _, seed := range [][]byte{nil, whole, whole[:7], whole[:2], append(slices.Clone(whole), whole...), {0, 0, 0, 64, '{'}, {0, 0, 0, 0}, []byte("GET / HTTP/1.1\r\n\r\n")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := bytes.NewReader(data)
		for {
			at := len(data) - in.Len()
			body, err := ReadFrame(in, MaxFromExtension)
			if err != nil {
				if errors.Is(err, io.EOF) && at != len(data) {
					t.Errorf("%d bytes are left, but the stream ends well", len(data)-at)
				}
				return
			}
			if n := len(body); n == 0 || n > MaxFromExtension || !bytes.Equal(body, data[at+4:at+4+n]) {
				t.Errorf("a message of %d bytes that are not those of the stream", n)
			}
		}
	})
}
