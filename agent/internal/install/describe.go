package install

import (
	"slices"
	"strings"
)

// headings say what the steps of a kind are for.
func headings() []struct {
	what What
	text string
} {
	return []struct {
		what What
		text string
	}{
		{HostManifest, "tell browsers where minewatch is"},
		{Extension, "put the extension where browsers load it from"},
		{Policy, "have browsers install the extension by policy; they will say that they are managed"},
	}
}

// Describe returns lines for people that say what steps do. The files of one folder of the extension are one line.
func Describe(goos string, steps []Step) []string {
	var out []string
	for _, h := range headings() {
		var lines []string
		for i := range steps {
			s := &steps[i]
			if s.What != h.what {
				continue
			}
			line := "    " + s.shown(goos) + "  (" + strings.Join(unique(s.For), ", ") + ")"
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			out = append(append(out, "  "+h.text+":"), lines...)
		}
	}
	return out
}

// shown returns a step's target, or for a file of the unpacked extension the extension's folder.
func (s *Step) shown(goos string) string {
	for _, folder := range []string{debianChromium, extensionFolder} {
		if rest, ok := strings.CutPrefix(s.File, folder+"/"); ok && rest != "" {
			p := Place{Base: s.Base, Inside: s.Inside, File: folder}
			return p.target(goos) + string([]byte{separator(goos)})
		}
	}
	if s.Key != "" {
		return s.Key + " = " + string(s.Data)
	}
	return s.target(goos)
}

func separator(goos string) byte {
	if goos == win {
		return '\\'
	}
	return '/'
}

func unique(names []string) []string {
	var out []string
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
