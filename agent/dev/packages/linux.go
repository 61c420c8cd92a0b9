//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// architectures are the processors that Linux packages are built for.
func architectures() []string { return []string{"amd64", "arm64"} }

// nfpmFile is what nfpm reads: YAML, of which JSON is a part.
type nfpmFile struct {
	Name        string         `json:"name"`
	Arch        string         `json:"arch"`
	Platform    string         `json:"platform"`
	Version     string         `json:"version"`
	Schema      string         `json:"version_schema"`
	MTime       string         `json:"mtime"`
	Section     string         `json:"section"`
	Priority    string         `json:"priority"`
	Maintainer  string         `json:"maintainer"`
	Description string         `json:"description"`
	Homepage    string         `json:"homepage"`
	License     string         `json:"license,omitempty"`
	NoGlobs     bool           `json:"disable_globbing"` // a folder of Firefox has braces in its name
	Depends     []string       `json:"depends,omitempty"`
	Recommends  []string       `json:"recommends,omitempty"`
	Contents    []nfpmContent  `json:"contents"`
	Scripts     nfpmScripts    `json:"scripts"`
	RPM         map[string]any `json:"rpm,omitempty"`
	Deb         map[string]any `json:"deb,omitempty"`
}

type nfpmContent struct {
	Source string       `json:"src,omitempty"`
	Target string       `json:"dst"`
	Type   string       `json:"type,omitempty"`
	Info   nfpmFileInfo `json:"file_info"`
}

type nfpmFileInfo struct {
	Mode  int    `json:"mode"`
	MTime string `json:"mtime"`
	Owner string `json:"owner"`
	Group string `json:"group"`
}

type nfpmScripts struct {
	PreInstall  string `json:"preinstall"`
	PostInstall string `json:"postinstall"`
	PreRemove   string `json:"preremove"`
	PostRemove  string `json:"postremove"`
}

// linuxPackages builds the deb or rpm for each processor.
func (b *build) linuxPackages(ctx context.Context, kind string) ([]string, error) {
	var made []string
	for _, arch := range architectures() {
		if b.programs != "" && arch != "amd64" {
			continue
		}
		s, err := b.linuxStage(ctx, arch, kind == "rpm")
		if err != nil {
			return nil, err
		}
		file := fmt.Sprintf("minewatch_%s_%s.deb", b.version, arch)
		if kind == "rpm" {
			file = fmt.Sprintf("minewatch-%s-1.%s.rpm", b.version, map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch])
		}
		config, err := json.MarshalIndent(b.nfpm(s, kind, arch), "", " ")
		if err != nil {
			return nil, err
		}
		path := filepath.Join(b.work, kind+"-"+arch+".yaml")
		if err := os.WriteFile(path, config, 0o600); err != nil {
			return nil, err
		}
		env := []string{"SOURCE_DATE_EPOCH=" + strconv.FormatInt(b.at.Unix(), 10)}
		if _, err := output(ctx, env, filepath.Join(b.tools, "nfpm"), "package", "-f", path, "-p", kind, "-t", filepath.Join(b.out, file)); err != nil {
			return nil, err
		}
		made = append(made, file)
	}
	return made, nil
}

// nfpm describes a package.
func (b *build) nfpm(s *stage, kind, arch string) *nfpmFile {
	at := b.at.Format("2006-01-02T15:04:05Z")
	n := &nfpmFile{
		Name: "minewatch", Arch: arch, Platform: "linux", Version: b.version, Schema: "none", MTime: at, Section: "utils", Priority: "optional",
		Maintainer: "The minewatch authors <dev@minewatch.invalid>", Homepage: "https://github.com/minewatch/minewatch", NoGlobs: true,
		Description: "says which web site or program keeps this computer busy\n" +
			"minewatch watches the CPU use of processes and browser tabs, says when it is\n" +
			"sustained and shaped like cryptocurrency mining, and names the web site.\n" +
			"It runs as a service, shows its alerts in the tray, and sends nothing anywhere.",
		Scripts: nfpmScripts{
			PreInstall:  "installer/linux/" + kind + "/preinst.sh",
			PostInstall: "installer/linux/" + kind + "/postinst.sh",
			PreRemove:   "installer/linux/" + kind + "/prerm.sh",
			PostRemove:  "installer/linux/" + kind + "/postrm.sh",
		},
	}
	// What the tray draws with is recommended only: a server stays bare, and the tray says what it lacks.
	if kind == "deb" {
		n.Recommends = []string{"libayatana-appindicator3-1", "libgtk-3-0"}
		n.Deb = map[string]any{"compression": "xz"}
	} else {
		n.Recommends = []string{"libayatana-appindicator-gtk3", "gtk3"}
		n.License = "Apache-2.0" // a deb says it in its copyright file
		n.RPM = map[string]any{"group": "System/Monitoring", "summary": "Says which web site or program keeps this computer busy", "buildhost": "minewatch", "compression": "xz"}
	}
	var folders []string
	for _, i := range s.items {
		c := nfpmContent{Source: i.from, Target: i.to, Info: nfpmFileInfo{int(i.mode), at, "root", "root"}}
		if i.config {
			c.Type = "config"
		}
		n.Contents = append(n.Contents, c)
		if dir := filepath.Dir(i.to); strings.HasPrefix(dir, "/usr/share/chromium/extensions/minewatch") && !slices.Contains(folders, dir) {
			folders = append(folders, dir)
		}
	}
	for _, dir := range append(folders, "/usr/lib/minewatch") {
		n.Contents = append(n.Contents, nfpmContent{Target: dir, Type: "dir", Info: nfpmFileInfo{0o755, at, "root", "root"}})
	}
	return n
}

// linuxArchives builds the archive for people without root.
func (b *build) linuxArchives(ctx context.Context) ([]string, error) {
	var made []string
	for _, arch := range architectures() {
		dir := filepath.Join(b.work, "tar-"+arch)
		t := target{"linux", arch}
		if err := b.agent(ctx, t, dir); err != nil {
			return nil, err
		}
		programs := []string{"minewatch", "minewatch-host"}
		if tray, err := b.tray(ctx, t, dir); err != nil {
			return nil, err
		} else if tray {
			programs = append(programs, "minewatch-tray")
		}
		file := fmt.Sprintf("minewatch-%s-linux-%s.tar.gz", b.version, arch)
		if err := b.archive(file, dir, programs, map[string]string{"install.sh": "installer/linux/install.sh", "README.txt": "installer/linux/README.txt", "LICENSE": "LICENSE"}); err != nil {
			return nil, err
		}
		made = append(made, file)
	}
	return made, nil
}

// macArchives builds the archive for macOS. Its tray needs a Mac to build.
func (b *build) macArchives(ctx context.Context) ([]string, error) {
	var made []string
	for _, arch := range architectures() {
		dir := filepath.Join(b.work, "mac-"+arch)
		if err := b.agent(ctx, target{"darwin", arch}, dir); err != nil {
			return nil, err
		}
		file := fmt.Sprintf("minewatch-%s-macos-%s.tar.gz", b.version, arch)
		if err := b.archive(file, dir, []string{"minewatch", "minewatch-host"}, map[string]string{
			"install.sh": "installer/macos/install.sh", "minewatch.plist": "installer/macos/minewatch.plist", "README.txt": "installer/macos/README.txt", "LICENSE": "LICENSE",
		}); err != nil {
			return nil, err
		}
		made = append(made, file)
	}
	return made, nil
}

// archive writes a tar.gz of programs and files of the sources, the same at every build.
func (b *build) archive(file, dir string, programs []string, more map[string]string) error {
	top := strings.TrimSuffix(file, ".tar.gz") + "/"
	type entry struct {
		name, from string
		mode       int64
	}
	var entries []entry
	for _, p := range programs {
		entries = append(entries, entry{p, filepath.Join(dir, p), 0o755})
	}
	for name, from := range more {
		mode := int64(0o644)
		if strings.HasSuffix(name, ".sh") {
			mode = 0o755
		}
		entries = append(entries, entry{name, from, mode})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	w := tar.NewWriter(z)
	for _, e := range entries {
		data, err := os.ReadFile(e.from)
		if err != nil {
			return err
		}
		h := &tar.Header{Name: top + e.name, Mode: e.mode, Size: int64(len(data)), ModTime: b.at, Format: tar.FormatUSTAR, Typeflag: tar.TypeReg}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.out, file), out.Bytes(), 0o644) //nolint:gosec // for everybody to take
}
