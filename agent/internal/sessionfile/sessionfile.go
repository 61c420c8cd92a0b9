// Package sessionfile reads which hosts stand open in a browser's tabs from the files in which browsers keep their
// sessions: a last resort without an extension, and only where a person has allowed it.
//
// The files hold whole addresses and no processes. So only host names leave this package, sorted, and they are
// candidates: guessing the one tab among them was right 5 to 7 times in 18, so none of them is ever named alone.
package sessionfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minewatch/minewatch/agent/internal/browsers"
	"github.com/minewatch/minewatch/heuristics"
)

// Limits on files that any page can fill.
const (
	maxFile  = 32 << 20 // bytes of a file, as it lies there and unpacked
	maxTabs  = 4096
	maxHosts = 64  // said at most
	maxHost  = 253 // bytes of a host name
	maxFiles = 64  // profiles looked at
)

var errNoSession = errors.New("not a session file of a known kind")

// Hosts returns the hosts in the tabs of all browsers that a user has run, sorted, at most 64: those of the newest
// session file of each profile. home is the user's home folder, config $XDG_CONFIG_HOME. It runs with the rights of
// whoever calls, so only a user's own agent should. Files that cannot be read are left out and counted.
func Hosts(home, config string) (hosts []string, unread int) {
	if !filepath.IsAbs(config) {
		config = filepath.Join(home, ".config")
	}
	for _, f := range find(home, config) {
		found, err := read(f)
		if err != nil {
			unread++
			continue
		}
		hosts = append(hosts, found...)
	}
	slices.Sort(hosts)
	hosts = slices.Compact(hosts)
	return hosts[:min(len(hosts), maxHosts)], unread
}

// file is one session file.
type file struct {
	path  string
	parse func([]byte) ([]string, error)
}

// find returns the newest session file of every profile.
func find(home, config string) []file {
	var out []file
	for _, b := range browsers.All() {
		engine, _ := browsers.EngineOf(b.Family)
		parse := chromiumHosts
		if b.Family == heuristics.Firefox {
			parse = firefoxHosts
		}
		for _, at := range b.Linux {
			for _, folder := range profiles(&at, home, config) {
				for _, pattern := range engine.Sessions {
					for _, newest := range newestOf(folder, pattern) {
						out = append(out, file{newest, parse})
					}
				}
			}
		}
	}
	return out[:min(len(out), maxFiles)]
}

// profiles returns the folders of a user in which a browser may keep its profiles.
func profiles(at *browsers.Place, home, config string) []string {
	folders := []string{filepath.Join(config, at.Profiles)}
	if at.InHome {
		folders = []string{filepath.Join(home, at.Profiles)}
	}
	if at.Also != "" {
		folders = append(folders, filepath.Join(config, at.Also))
	}
	return folders
}

// escape keeps a folder's own name from being taken for a pattern.
func escape(folder string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(folder)
}

// newestOf returns of each folder with files of the pattern the newest. Their names end in a time of one length.
func newestOf(folder, pattern string) []string {
	found, _ := filepath.Glob(filepath.Join(escape(folder), pattern)) // in order, so those of a folder follow each other
	var newest []string
	for i, f := range found {
		if i == len(found)-1 || filepath.Dir(found[i+1]) != filepath.Dir(f) {
			newest = append(newest, f)
		}
	}
	return newest
}

func read(f file) ([]string, error) {
	fi, err := os.Lstat(f.path)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() || fi.Size() > maxFile { // a pipe would block the reader
		return nil, fmt.Errorf("%s: %w", f.path, fs.ErrInvalid)
	}
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxFile))
	if err != nil {
		return nil, err
	}
	return f.parse(data)
}

// hostOf returns the host of a page on the web, "" of anything else.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if len(host) > maxHost || strings.ContainsFunc(host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-._:", r)
	}) {
		return ""
	}
	return host
}

// unique returns the hosts of addresses, sorted, each once.
func unique(addresses []string) []string {
	var out []string
	for _, a := range addresses {
		if host := hostOf(a); host != "" {
			out = append(out, host)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
