package list_test

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/minewatch/minewatch/agent/internal/patrol/list"
	"github.com/minewatch/minewatch/agent/testkit/hostile"
)

func TestCanonical(t *testing.T) {
	public := list.Options{}
	for _, c := range []struct {
		in, want string
		kind     list.Kind
	}{
		{"https://shop.example/", "https://shop.example/", ""},
		{"shop.example", "https://shop.example/", ""},
		{"shop.example/a?b=c", "https://shop.example/a?b=c", ""},
		{"shop.example:8080/a", "https://shop.example:8080/a", ""},
		{"HTTP://Shop.Example:80", "http://shop.example/", ""},
		{"https://shop.example:0443/", "https://shop.example/", ""},
		{"https://shop.example./a", "https://shop.example/a", ""},
		{"https://映画.テスト/あ", "https://xn--liv394a.xn--zckzah/%E3%81%82", ""},
		{"https://BÜCHER.example/#/room", "https://xn--bcher-kva.example/#/room", ""},
		{"http://8.8.8.8/", "http://8.8.8.8/", ""},
		{"http://[2606:4700::1]:81/", "http://[2606:4700::1]:81/", ""},
		{"ftp://shop.example/", "", list.OtherScheme},
		{"javascript:alert(1)", "", list.OtherScheme},
		{"data:text/html,x", "", list.OtherScheme},
		{"mailto:a@shop.example", "", list.OtherScheme},
		{"file:///etc/passwd", "", list.OtherScheme},
		{"https://user:secret@shop.example/", "", list.Password},
		{"https:///a", "", list.BadHost},
		{"https://-.example/", "", list.BadHost},
		{"https://a..example/", "", list.BadHost},
		{"https://shop.example:0/", "", list.BadHost},
		{"https://shop.example:99999/", "", list.BadHost},
		{"http://0x7f.1/", "", list.BadHost},
		{"http://2130706433/", "", list.BadHost},
		{"http://127.1/", "", list.BadHost},
		{"http://127.0.0.1/", "", list.NotPublic},
		{"http://[::ffff:10.0.0.1]/", "", list.NotPublic},
		{"http://169.254.169.254/latest/meta-data", "", list.NotPublic},
		{"http://localhost:8080/", "", list.NotPublic},
		{"http://printer/", "", list.NotPublic},
		{"http://nas.local/", "", list.NotPublic},
		{"two words", "", list.NoAddress},
		{"https://shop.example/\x00", "", list.NoAddress},
		{`https:\\shop.example`, "", list.NoAddress},
		{"https://%zz/", "", list.NoAddress},
		{"https://shop.example/" + strings.Repeat("a", 2048), "", list.TooLong},
		{"https://shop.example/" + strings.Repeat("ü", 700), "", list.TooLong}, // three times as long when escaped
	} {
		got, _, kind := list.Canonical(c.in, public)
		if got != c.want || kind != c.kind {
			t.Errorf("%.60q is %q, %q; want %q, %q", c.in, got, kind, c.want, c.kind)
		}
	}
	if got, _, kind := list.Canonical("http://127.0.0.1:8080/a", list.Options{AllowPrivate: true}); got != "http://127.0.0.1:8080/a" {
		t.Errorf("an address of this computer is %q, %q although private ones are allowed", got, kind)
	}
}

func TestReadIsNotDeceived(t *testing.T) {
	text := "\xef\xbb\xbf# pages\r\n\r\nhttps://a.example/1\r\nhttps://a.example/2\nb.example\n  https://A.example/1  \nftp://a.example\n\x00\n" +
		strings.Repeat("x", 100_000) + "\nhttps://c.example/\n" + strings.Repeat("y", 5000)
	got, err := list.Read(strings.NewReader(text), list.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := &list.List{
		// The second page of a host comes after the first of all others.
		Pages: []string{"https://a.example/1", "https://b.example/", "https://c.example/", "https://a.example/2"},
		Refused: []list.Refusal{
			{Kind: list.TooLong, Lines: 2, First: 9},
			{Kind: list.NoAddress, Lines: 1, First: 8},
			{Kind: list.OtherScheme, Lines: 1, First: 7},
			{Kind: list.Duplicate, Lines: 1, First: 6},
		},
	}
	want.ID = got.ID
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	again, err := list.Read(iotest.OneByteReader(strings.NewReader(text)), list.Options{})
	if err != nil || again.ID != got.ID {
		t.Errorf("the same list, a byte at a time, is %q (%v), not %q", again.ID, err, got.ID)
	}
}

func TestReadSaysWhatItCannotRead(t *testing.T) {
	if _, err := list.Read(strings.NewReader("\xff\xfeh\x00"), list.Options{}); err == nil || !strings.Contains(err.Error(), "UTF-16") {
		t.Errorf("a list in UTF-16: %v", err)
	}
	broken := io.MultiReader(strings.NewReader("a.example\n"), iotest.ErrReader(errors.New("gone")))
	if _, err := list.Read(broken, list.Options{}); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a disk that fails: %v", err)
	}
}

func TestHostileNames(t *testing.T) {
	l, err := list.Read(strings.NewReader(strings.Join(hostile.Names(), "\n")), list.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range l.Pages {
		if strings.ContainsFunc(p, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%q holds more than plain characters", p)
		}
	}
	for _, r := range l.Refused {
		if err := hostile.Check(r.String()); err != nil {
			t.Error(err)
		}
	}
}

func TestAMillionLines(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	r, w := io.Pipe()
	go func() {
		for i := range 1_000_000 {
			fmt.Fprintf(w, "https://host%d.example/%d\n", i%1000, i)
		}
		w.Close()
	}()
	l, err := list.Read(r, list.Options{})
	if err != nil || len(l.Pages) != 1_000_000 {
		t.Fatalf("%d pages, %v", len(l.Pages), err)
	}
	if l.Pages[999] != "https://host999.example/999" || l.Pages[1000] != "https://host0.example/1000" {
		t.Errorf("the order is %s, %s", l.Pages[999], l.Pages[1000])
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"https://a.example\nb.example", "\xef\xbb\xbf#x\r\n\x00", "http://[::1]:0/", "映画.テスト", "javascript:1", "http://0x7f.1", "https://xn--a.example/"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, text string, private bool) {
		o := list.Options{AllowPrivate: private}
		l, err := list.Read(strings.NewReader(text), o)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, p := range l.Pages {
			u, err := url.Parse(p)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || len(p) > 2048 || seen[p] {
				t.Errorf("%q came out of %q", p, text)
			}
			seen[p] = true
			if again, _, kind := list.Canonical(p, o); again != p {
				t.Errorf("%q is %q when read again (%s)", p, again, kind)
			}
		}
	})
}
