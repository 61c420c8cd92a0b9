//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra/doc"

	"github.com/minewatch/minewatch/agent/internal/cli"
	"github.com/minewatch/minewatch/agent/internal/install"
)

// item is one file of a package.
type item struct {
	from, to string
	mode     fs.FileMode
	config   bool // an administrator may change it, and an upgrade keeps that
}

// stage is the folder in which the files of one package are made.
type stage struct {
	dir   string
	items []item
}

func newStage(dir string) (*stage, error) { return &stage{dir: dir}, os.MkdirAll(dir, 0o755) } //nolint:gosec // thrown away

// add makes a file that is to lie at an absolute path.
func (s *stage) add(to string, data []byte, mode fs.FileMode) error {
	from := filepath.Join(s.dir, to)
	if err := os.MkdirAll(filepath.Dir(from), 0o755); err != nil { //nolint:gosec // thrown away
		return err
	}
	if err := os.WriteFile(from, data, mode); err != nil {
		return err
	}
	s.items = append(s.items, item{from: from, to: to, mode: mode, config: strings.HasPrefix(to, "/etc/")})
	return nil
}

// copy adds a file of the sources.
func (s *stage) copy(from, to string, mode fs.FileMode) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return s.add(to, data, mode)
}

// linuxStage makes all files of a package for Linux. The paths are those of Debian, with the differences of Red Hat's
// systems where rpm is set.
func (b *build) linuxStage(ctx context.Context, arch string, rpm bool) (*stage, error) {
	kind := "deb"
	if rpm {
		kind = "rpm"
	}
	s, err := newStage(filepath.Join(b.work, kind+"-"+arch))
	if err != nil {
		return nil, err
	}
	t := target{"linux", arch}
	bin := filepath.Join(s.dir, "usr", "bin")
	if err := b.agent(ctx, t, bin); err != nil {
		return nil, err
	}
	tray, err := b.tray(ctx, t, bin)
	if err != nil {
		return nil, err
	}
	programs := []string{"minewatch", "minewatch-host"}
	if tray {
		programs = append(programs, "minewatch-tray")
		if err := s.copy("installer/linux/minewatch-tray.desktop", "/etc/xdg/autostart/minewatch-tray.desktop", 0o644); err != nil {
			return nil, err
		}
		if err := s.copy("agent/extension/icons/128.png", "/usr/share/icons/hicolor/128x128/apps/minewatch.png", 0o644); err != nil {
			return nil, err
		}
	}
	for _, name := range programs {
		s.items = append(s.items, item{from: filepath.Join(bin, name), to: "/usr/bin/" + name, mode: 0o755})
	}
	for _, f := range []struct {
		from, to string
		mode     fs.FileMode
	}{
		{"installer/linux/minewatch.service", "/usr/lib/systemd/system/minewatch.service", 0o644},
		{"installer/linux/minewatch-upgrade.service", "/usr/lib/systemd/system/minewatch-upgrade.service", 0o644},
		{"installer/linux/upgrade-watch.sh", "/usr/lib/minewatch/upgrade-watch", 0o755},
		{"installer/linux/start-trays.sh", "/usr/lib/minewatch/start-trays", 0o755},
	} {
		if err := s.copy(f.from, f.to, f.mode); err != nil {
			return nil, err
		}
	}
	if err := s.browsers(rpm); err != nil {
		return nil, err
	}
	if err := b.documents(ctx, s, rpm); err != nil {
		return nil, err
	}
	slices.SortFunc(s.items, func(a, b item) int { return strings.Compare(a.to, b.to) })
	return s, nil
}

// browsers adds what connects the browsers of all users: the same files that `browser install --system` writes.
func (s *stage) browsers(rpm bool) error {
	plan, err := install.SystemPlan(&install.Setup{GOOS: "linux", Exe: "/usr/bin/minewatch-host", Debian: !rpm, Lib64: rpm})
	if err != nil {
		return err
	}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		if err := s.add("/"+strings.TrimPrefix(step.File, "/"), step.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// documents adds man pages and completions, made from the commands, and what every package has: licence, changes, and
// the list of modules.
func (b *build) documents(ctx context.Context, s *stage, rpm bool) error {
	root := cli.Root()
	root.DisableAutoGenTag = true
	man := filepath.Join(b.work, "man")
	if err := os.MkdirAll(man, 0o755); err != nil { //nolint:gosec // thrown away
		return err
	}
	at := b.at
	if err := doc.GenManTree(root, &doc.GenManHeader{Title: "MINEWATCH", Section: "1", Source: "minewatch", Manual: "minewatch", Date: &at}, man); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(man, "*.1"))
	if err != nil {
		return err
	}
	for _, name := range []string{"minewatch-host", "minewatch-tray"} {
		pages = append(pages, filepath.Join("installer", "man", name+".1"))
	}
	for _, page := range pages {
		data, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		if err := s.add("/usr/share/man/man1/"+filepath.Base(page)+".gz", compressed(data), 0o644); err != nil {
			return err
		}
	}
	if err := b.completions(s); err != nil {
		return err
	}
	docs := "/usr/share/doc/minewatch/"
	if err := s.copy("installer/linux/copyright", docs+"copyright", 0o644); err != nil {
		return err
	}
	if !rpm {
		if err := s.add(docs+"changelog.gz", compressed(b.changelog()), 0o644); err != nil {
			return err
		}
		if err := s.copy("installer/linux/lintian-overrides", "/usr/share/lintian/overrides/minewatch", 0o644); err != nil {
			return err
		}
	}
	if b.programs != "" {
		return nil // a test's programs may be no programs at all
	}
	list := filepath.Join(b.work, "sbom.json")
	if err := b.sbom(ctx, filepath.Join(s.dir, "usr", "bin", "minewatch"), list); err != nil {
		return err
	}
	return s.copy(list, docs+"sbom.cdx.json", 0o644)
}

// completions adds completion of commands and flags for three shells.
func (b *build) completions(s *stage) error {
	for _, c := range []struct {
		to    string
		write func(*bytes.Buffer) error
	}{
		{"/usr/share/bash-completion/completions/minewatch", func(w *bytes.Buffer) error { return cli.Root().GenBashCompletionV2(w, true) }},
		{"/usr/share/zsh/vendor-completions/_minewatch", func(w *bytes.Buffer) error { return cli.Root().GenZshCompletion(w) }},
		{"/usr/share/fish/vendor_completions.d/minewatch.fish", func(w *bytes.Buffer) error { return cli.Root().GenFishCompletion(w, true) }},
	} {
		var out bytes.Buffer
		if err := c.write(&out); err != nil {
			return err
		}
		if err := s.add(c.to, out.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// changelog is that of a Debian package: one entry, and where to read more.
func (b *build) changelog() []byte {
	return fmt.Appendf(nil, "minewatch (%s) unstable; urgency=medium\n\n  * What changed stands in CHANGELOG.md of the sources.\n\n -- The minewatch authors <dev@minewatch.invalid>  %s\n",
		b.version, b.at.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
}

// compressed is gzip without a name or time, so that it is the same at every build.
func compressed(data []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is one
	_, _ = z.Write(data)                                    // a buffer takes all
	_ = z.Close()
	return out.Bytes()
}

// timestamp is the time at which a CycloneDX file was made.
var timestamp = regexp.MustCompile(`"timestamp": ?"[^"]*",?\s*`)

// withoutTimes takes the time of its making out of a CycloneDX file.
func withoutTimes(data []byte) []byte {
	out := timestamp.ReplaceAll(data, nil)
	if !json.Valid(out) {
		return data
	}
	return out
}
