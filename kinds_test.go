package minewatch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// definitions are the files in which the words of the local API and of the detector are defined. Elsewhere their types
// and constants stand, so that a slip is the compiler's to find.
func definitions() []string {
	return []string{"agent/api/kinds.go", "heuristics/verdict.go"}
}

// words are those of api/kinds.go that mean nothing else in this program.
func words() []string {
	return []string{"browser_tab", "mining_like", "load_ended", "process_ended", "tab_closed", "agent_stopped"}
}

func TestWordsOfTheWireAreTyped(t *testing.T) {
	seen := map[string]bool{}
	for _, root := range []string{"agent", "heuristics", "tray"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			defined := slices.Contains(definitions(), filepath.ToSlash(path))
			for word, at := range bareWords(t, path) {
				seen[word] = seen[word] || defined
				if !defined {
					t.Errorf("%s: %q is a bare string; use the constant of agent/api (or of heuristics in the detector)", at, word)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range words() {
		if !seen[w] {
			t.Errorf("%q is defined nowhere", w)
		}
	}
}

// bareWords returns the words that stand as string literals in a file, with their places. Tags of fields are names of
// keys and do not count.
func bareWords(t *testing.T, path string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		if text, err := strconv.Unquote(lit.Value); err == nil && slices.Contains(words(), text) {
			out[text] = files.Position(lit.Pos()).String()
		}
		return true
	})
	return out
}
