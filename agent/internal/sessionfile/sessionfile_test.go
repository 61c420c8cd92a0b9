//go:build unix

package sessionfile

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pierrec/lz4/v4"
)

// snss returns a session file of these records.
func snss(version uint32, records ...[]byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte("SNSS"), version)
	for _, r := range records {
		out = append(binary.LittleEndian.AppendUint16(out, uint16(len(r))), r...)
	}
	return out
}

func words(command byte, ws ...int32) []byte {
	out := []byte{command}
	for _, w := range ws {
		out = binary.LittleEndian.AppendUint32(out, uint32(w))
	}
	return out
}

func shows(tab, index int32, address string) []byte {
	return append(words(snssNavigation, 0, tab, index, int32(len(address))), address...)
}

func TestChromium(t *testing.T) {
	for name, c := range map[string]struct {
		records [][]byte
		want    []string
	}{
		"two tabs":               {[][]byte{shows(1, 0, "https://a.test/secret?token=x"), shows(2, 0, "http://B.test:8080/")}, []string{"a.test", "b.test"}},
		"one twice":              {[][]byte{shows(1, 0, "https://a.test/1"), shows(2, 0, "https://a.test/2")}, []string{"a.test"}},
		"moved on":               {[][]byte{shows(1, 0, "https://a.test/"), shows(1, 1, "https://b.test/")}, []string{"b.test"}},
		"went back":              {[][]byte{shows(1, 0, "https://a.test/"), shows(1, 1, "https://b.test/"), words(snssSelected, 1, 0)}, []string{"a.test"}},
		"closed":                 {[][]byte{shows(1, 0, "https://a.test/"), words(snssTabClosed, 1, 0, 0)}, nil},
		"the front of it pruned": {[][]byte{shows(1, 0, "https://a.test/"), shows(1, 1, "https://b.test/"), words(snssPruned, 1, 0, 1)}, []string{"b.test"}},
		"the end of it pruned":   {[][]byte{shows(1, 0, "https://a.test/"), shows(1, 1, "https://b.test/"), words(snssPruned, 1, 1, 1)}, []string{"a.test"}},
		"no pages of the web":    {[][]byte{shows(1, 0, "chrome://settings/"), shows(2, 0, "file:///home/ada/x"), shows(3, 0, "javascript:alert(1)")}, nil},
		"hostile":                {[][]byte{shows(1, 0, "https://$(touch x)/"), shows(2, 0, "https://"+strings.Repeat("a", 300)+".test"), shows(3, 0, "https://\u202etset.a")}, nil},
		"too short":              {[][]byte{{snssNavigation}, words(snssNavigation, 0, 1), words(snssNavigation, 0, 1, 0, 99), words(snssNavigation, 0, 1, 0, -1), {snssTabClosed}, {snssSelected, 1}}, nil},
		"a marker":               {[][]byte{shows(1, 0, "https://a.test/"), {255}}, []string{"a.test"}},
	} {
		got, err := chromiumHosts(snss(snssWithMarkers, c.records...))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	whole := snss(snssPlain, shows(1, 0, "https://a.test/"), shows(2, 0, "https://b.test/"))
	if got, err := chromiumHosts(whole[:len(whole)-3]); err != nil || !slices.Equal(got, []string{"a.test"}) {
		t.Errorf("a truncated file: %v, %v", got, err)
	}
	for _, bad := range [][]byte{nil, []byte("SNSS"), []byte("SNSX\x01\x00\x00\x00"), snss(2), snss(4), snss(99)} {
		if _, err := chromiumHosts(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// packed returns a session as Firefox packs it.
func packed(tb testing.TB, text []byte) []byte {
	tb.Helper()
	block := make([]byte, lz4.CompressBlockBound(len(text)))
	n, err := lz4.CompressBlock(text, block, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if n == 0 {
		tb.Fatal("the text is too short to be packed")
	}
	return append(binary.LittleEndian.AppendUint32([]byte(mozLz4), uint32(len(text))), block[:n]...)
}

func TestFirefox(t *testing.T) {
	entry := func(address string) map[string]any {
		return map[string]any{"url": address, "title": "a private title", "filler": strings.Repeat("x", 200)}
	}
	tab := func(index int, addresses ...string) map[string]any {
		var entries []any
		for _, a := range addresses {
			entries = append(entries, entry(a))
		}
		return map[string]any{"index": index, "entries": entries}
	}
	text, err := json.Marshal(map[string]any{"windows": []any{
		map[string]any{"tabs": []any{tab(2, "https://old.test/", "https://a.test/secret?token=x", "https://forward.test/")}},
		map[string]any{"tabs": []any{
			tab(9, "https://b.test/"), tab(0, "https://none.test/"), tab(-3, "https://none.test/"), tab(1), tab(1, "about:config"),
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := firefoxHosts(packed(t, text))
	if diff := cmp.Diff([]string{"a.test", "b.test"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	bomb := binary.LittleEndian.AppendUint32([]byte(mozLz4), 1<<31)
	for _, bad := range [][]byte{nil, []byte(mozLz4), bomb, append(bomb, 1, 2, 3), packed(t, []byte(strings.Repeat("[", 10_000))), text} {
		if _, err := firefoxHosts(bad); err == nil {
			t.Errorf("%.40q was read", bad)
		}
	}
}

func TestHosts(t *testing.T) {
	home := t.TempDir()
	put := func(path string, data []byte) {
		t.Helper()
		path = filepath.Join(home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, unread := Hosts(home, ""); len(got)+unread > 0 {
		t.Errorf("no browser: %v, %d", got, unread)
	}
	put(".config/chromium/Default/Sessions/Session_13440051299797868", snss(3, shows(1, 0, "https://older.test/")))
	put(".config/chromium/Default/Sessions/Session_13440051299797869", snss(3, shows(1, 0, "https://a.test/")))
	put(".config/chromium/Default/Sessions/Tabs_13440051299797869", snss(3, shows(1, 0, "https://closed.test/")))
	put(".config/vivaldi/Profile 1/Sessions/Session_1", snss(1, shows(1, 0, "https://v.test/")))
	put(".config/opera/Sessions/Session_1", snss(1, shows(1, 0, "https://o.test/")))
	put(".config/google-chrome/Default/Sessions/Session_1", []byte("nonsense"))
	text := `{"windows":[{"tabs":[{"index":1,"entries":[{"url":"https://f.test/","x":"` + strings.Repeat("y", 500) + `"}]}]}]}`
	put(".mozilla/firefox/abc.default/sessionstore-backups/recovery.jsonlz4", packed(t, []byte(text)))
	put(".config/mozilla/firefox/abc.new/sessionstore-backups/recovery.jsonlz4", packed(t, []byte(strings.Replace(text, "f.test", "n.test", 1))))
	pipe := filepath.Join(home, ".config/chromium/Second/Sessions/Session_1")
	if err := os.MkdirAll(filepath.Dir(pipe), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	got, unread := Hosts(home, "")
	if diff := cmp.Diff([]string{"a.test", "f.test", "n.test", "o.test", "v.test"}, got); diff != "" || unread != 2 {
		t.Errorf("%d unread (-want +got):\n%s", unread, diff)
	}
	many := make([][]byte, 0, 200)
	for i := range int32(200) {
		many = append(many, shows(i, 0, "https://n"+strings.Repeat("x", int(i)/4)+string('a'+i%26)+".test/"))
	}
	put(".config/chromium/Default/Sessions/Session_9", snss(3, many...))
	if got, _ := Hosts(home, ""); len(got) != maxHosts {
		t.Errorf("%d hosts were said", len(got))
	}
}

// Files that the browsers themselves wrote, with pages of this machine.
func TestRealFiles(t *testing.T) {
	for name, c := range map[string]struct {
		parse func([]byte) ([]string, error)
		want  []string
	}{
		"chromium-156":    {chromiumHosts, []string{"one.test", "sub.three.test", "two.test"}},
		"firefox-esr-153": {firefoxHosts, []string{"a.test"}},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.parse(data)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func clean(t *testing.T, hosts []string) {
	t.Helper()
	if !slices.IsSorted(hosts) || len(hosts) > maxTabs {
		t.Errorf("%d hosts, or out of order", len(hosts))
	}
	for _, h := range hosts {
		if h == "" || len(h) > maxHost || strings.ContainsAny(h, "/?#@<>&\"' \n\x00") {
			t.Errorf("the host %q", h)
		}
	}
}

func FuzzChromium(f *testing.F) {
	f.Add(snss(3, shows(1, 0, "https://a.test/x"), words(snssSelected, 1, 0), words(snssPruned, 1, 0, 1), words(snssTabClosed, 1, 0, 0)))
	if real, err := os.ReadFile("testdata/chromium-156"); err == nil {
		f.Add(real)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		hosts, _ := chromiumHosts(data)
		clean(t, hosts)
	})
}

func FuzzFirefox(f *testing.F) {
	f.Add(packed(f, []byte(`{"windows":[{"tabs":[{"index":1,"entries":[{"url":"https://a.test/"},{"url":"https://a.test/"},{"url":"https://a.test/"}]}]}]}`)))
	if real, err := os.ReadFile("testdata/firefox-esr-153"); err == nil {
		f.Add(real)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		hosts, _ := firefoxHosts(data)
		clean(t, hosts)
	})
}
