package heuristics

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAddingARuleIsAsWritten does what docs/adding-a-rule.md tells a newcomer to do, in an overlay of this folder.
func TestAddingARuleIsAsWritten(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the package once more")
	}
	doc, err := os.ReadFile("../docs/adding-a-rule.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for i, part := range strings.Split(string(doc), "```") {
		if i%2 == 1 {
			_, code, _ := strings.Cut(part, "\n")
			blocks = append(blocks, code)
		}
	}
	if len(blocks) != 4 {
		t.Fatalf("%d blocks of code, want the rule, its test, its line and its weight", len(blocks))
	}
	list, weights := read(t, "rule.go"), read(t, "weights.json")
	files := map[string]string{
		"rule_whole_cores.go":      blocks[0],
		"rule_whole_cores_test.go": blocks[1],
		"rule.go":                  strings.Replace(list, "\t\tsustainedLoad{},\n", "\t\tsustainedLoad{},\n"+blocks[2], 1),
		"weights.json":             strings.Replace(weights, `"rules": {`, `"rules": {`+"\n"+blocks[3], 1),
	}
	dir, overlay := t.TempDir(), map[string]map[string]string{"Replace": {}}
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		here, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		overlay["Replace"][here] = at
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-overlay", file, "-v", "-run", "TestWholeCores|TestWeightsNameEveryRule", ".").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestWholeCores/two_cores") || !strings.Contains(string(out), "--- PASS: TestWeightsNameEveryRule") {
		t.Errorf("%v\n%s", err, out)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
