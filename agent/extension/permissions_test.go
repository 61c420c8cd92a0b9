package extension

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// permissionRow matches a row of the page's table: the permission, the browsers, and a reason of some length.
func permissionRow() *regexp.Regexp {
	return regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (all|Chromium|Firefox) \\| ([^|]{20,}) \\| [^|]+ \\|$")
}

// Every permission has a written reason for the browsers that it is asked of, and no reason stands without one.
func TestPermissionsHaveReasons(t *testing.T) {
	page, err := os.ReadFile("../../docs/permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string][]string{} // family -> permissions
	asks := map[string][]string{}    // those of them that are optional
	for _, row := range permissionRow().FindAllStringSubmatch(string(page), -1) {
		for _, family := range []string{Chromium, Firefox} {
			if row[2] == "all" || strings.ToLower(row[2]) == family {
				written[family] = append(written[family], row[1])
				if strings.HasPrefix(row[3], "optional") {
					asks[family] = append(asks[family], row[1])
				}
			}
		}
	}
	for _, family := range []string{Chromium, Firefox} {
		m := readManifest(t, "manifest."+family+".json")
		asked := slices.Concat(m.Permissions, m.Optional, m.HostPermissions, m.OptionalHosts)
		for _, p := range asked {
			if !slices.Contains(written[family], p) {
				t.Errorf("manifest.%s.json asks for %q, and docs/permissions.md gives no reason for it there", family, p)
			}
		}
		optional := slices.Concat(m.Optional, m.OptionalHosts)
		if slices.Sort(optional); !slices.Equal(slices.Sorted(slices.Values(asks[family])), optional) {
			t.Errorf("docs/permissions.md calls %q optional in %s, the manifest %q", asks[family], family, optional)
		}
		for _, p := range written[family] {
			if !slices.Contains(asked, p) {
				t.Errorf("docs/permissions.md gives a reason for %q in %s, which does not ask for it", p, family)
			}
		}
	}
}
