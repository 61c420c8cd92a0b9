package words_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/testkit/hostile"
)

// TestJSONIsClean: neither the line itself nor any string in it may hold what a terminal would obey, and it is the same
// JSON otherwise.
func TestJSONIsClean(t *testing.T) {
	t.Parallel()
	for _, name := range hostile.Names() {
		line, err := words.JSON(map[string]any{"name": name, "n": 1.5, "list": []string{name, name}, name: true})
		if err != nil {
			t.Fatal(err)
		}
		text := strings.TrimSuffix(string(line), "\n")
		fit(t, "the line", text)
		if !utf8.Valid(line) || len(line) > 8*4096*4 {
			t.Errorf("%.40q: %d bytes", name, len(line))
		}
		var back struct {
			Name string
			N    float64
			List []string
		}
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatalf("%.40q: %v: %s", name, err, text)
		}
		fit(t, "a value", back.Name)
		if back.N != 1.5 || len(back.List) != 2 || back.List[1] != back.Name {
			t.Errorf("%.40q became %+v", name, back)
		}
		for field := range strings.FieldsSeq(words.Clean(name)) {
			if field = strings.TrimSuffix(field, "…"); !strings.Contains(back.Name, field) {
				t.Errorf("%.40q lost %.40q: %.100q", name, field, back.Name)
			}
		}
	}
	plain := `C:\dir  two\film "x" <b>&é映`
	line, err := words.JSON(struct{ A, B string }{plain, strings.Repeat("x", 5000)})
	if want := `{"A":"C:\\dir  two\\film \"x\" <b>&é映","B":"` + strings.Repeat("x", 4095) + "…\"}\n"; err != nil || string(line) != want {
		t.Errorf("%v\n%.200s\nwant\n%.200s", err, line, want)
	}
	if _, err := words.JSON(func() {}); err == nil {
		t.Error("a function became JSON")
	}
}

// TestWriter splits hostile text at every byte: what comes out must not depend on it.
func TestWriter(t *testing.T) {
	t.Parallel()
	for _, name := range hostile.Names() {
		name += "\nend\t映\u3000.\n"
		var whole bytes.Buffer
		if n, err := words.NewWriter(&whole).Write([]byte(name)); n != len(name) || err != nil {
			t.Errorf("%d of %d, %v", n, len(name), err)
		}
		if err := hostile.Check(strings.ReplaceAll(whole.String(), "\t", "")); err != nil {
			t.Error(err)
		}
		if !strings.HasSuffix(whole.String(), "\nend\t映\u3000.\n") {
			t.Errorf("%.40q lost its end: %q", name, whole.String())
		}
		var parts bytes.Buffer
		w := words.NewWriter(&parts)
		for i := range min(len(name), 300) {
			if _, err := w.Write([]byte(name[i : i+1])); err != nil {
				t.Fatal(err)
			}
		}
		if len(name) <= 300 && parts.String() != whole.String() {
			t.Errorf("in parts %q, as a whole %q", parts.String(), whole.String())
		}
	}
	if _, err := words.NewWriter(full{}).Write([]byte("x")); !errors.Is(err, errFull) {
		t.Errorf("a full disk: %v", err)
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func FuzzJSON(f *testing.F) {
	for _, name := range hostile.Names() {
		f.Add(name, "x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		line, err := words.JSON(map[string]any{a: b, "of": []any{a, nil, map[string]string{b: a}}})
		if err != nil {
			t.Fatal(err)
		}
		fit(t, "the line", strings.TrimSuffix(string(line), "\n"))
		if !json.Valid(line) {
			t.Errorf("no JSON: %q", line)
		}
	})
}
