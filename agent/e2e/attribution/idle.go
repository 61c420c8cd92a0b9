//go:build linux

package attribution

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minewatch/minewatch/agent/extension"
	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/firefox"
	"github.com/minewatch/minewatch/agent/testkit/proc"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// Waking is a way for the agent to reach the extension in a browser.
type Waking string

// The ways. Only Open is what minewatch does; the others are what it was chosen from.
const (
	None   Waking = "none"   // there is no extension
	Open   Waking = "open"   // a line that is always open, so that the extension never sleeps
	Asleep Waking = "asleep" // no line: the extension sleeps, and nobody can wake it
	Alarms Waking = "alarms" // the extension opens a line every 30 s, the most often that browsers allow, for a second
)

// Idling is what a browser with 20 idle tabs cost.
type Idling struct {
	Type    string `json:"type"` // "idle"
	Browser string `json:"browser"`
	Waking  Waking `json:"waking"`
	// CPU is the time on a processor of those of its processes that hold no page, the extension's and the host among them,
	// in seconds a minute. An idle extension does nothing in pages, and those of 20 tabs differ from browser to browser
	// by more than it costs. Pages is that of the others. Both are medians of windows of half a minute: a browser's own
	// chores (saving, updates) come in bursts of a second and more. Memory is what all hold, in bytes, shared memory being
	// shared out; HostRSS the memory of the host among them.
	CPU     float64 `json:"cpu_s_per_min"`
	Pages   float64 `json:"pages_cpu_s_per_min"`
	Memory  uint64  `json:"pss_bytes"`
	HostRSS uint64  `json:"host_rss_bytes,omitzero"`
}

// IdleTabs is how many tabs are open.
const IdleTabs = 20

// window is over how long the use of the processor is summed up.
const window = 30 * time.Second

// settle is how long they have to come to rest: a fresh browser tidies up for a while, and sleeps only after that.
const settle = 75 * time.Second

// Idle measures browsers of a family, one a way of waking, at the same time, so that what else goes on touches all alike.
// length is rounded down to whole windows of half a minute.
func Idle(ctx context.Context, family string, o Options, length time.Duration, ways ...Waking) (out []Idling, err error) {
	r := &run{Options: o, tally: newTally(), result: Result{Browser: family}}
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.close())
	}
	defer func() { err = errors.Join(err, r.close()) }()
	roots := make([]int, len(ways))
	for i, way := range ways {
		r.say("%s: %d tabs", way, IdleTabs)
		if roots[i], err = r.startIdle(ctx, family, way, i); err != nil {
			return nil, fmt.Errorf("%s: %w", way, err)
		}
	}
	if err := wait.Pause(ctx, settle); err != nil {
		return nil, err
	}
	r.say("resting for %v", length)
	seen := make([][]use, 0, 1+length/window)
	for range cap(seen) {
		if len(seen) > 0 {
			if err := wait.Pause(ctx, window); err != nil {
				return nil, err
			}
		}
		u, err := useOf(roots)
		if err != nil {
			return nil, err
		}
		seen = append(seen, u)
	}
	for i, way := range ways {
		var own, pages []float64
		for n := 1; n < len(seen); n++ {
			own = append(own, (seen[n][i].own-seen[n-1][i].own).Seconds()/window.Minutes())
			pages = append(pages, (seen[n][i].pages-seen[n-1][i].pages).Seconds()/window.Minutes())
		}
		last := seen[len(seen)-1][i]
		out = append(out, Idling{
			Type: "idle", Browser: family, Waking: way, CPU: median(own), Pages: median(pages), Memory: last.memory, HostRSS: last.host,
		})
	}
	return out, nil
}

// median returns the middle of some numbers, 0 of none.
func median(all []float64) float64 {
	slices.Sort(all)
	n := len(all)
	if n == 0 {
		return 0
	}
	return math.Round(1000*(all[(n-1)/2]+all[n/2])/2) / 1000
}

// startIdle starts a browser and opens its tabs. n tells it from its like.
func (r *run) startIdle(ctx context.Context, family string, way Waking, n int) (root int, err error) {
	var urls []string
	for i := range IdleTabs {
		urls = append(urls, onPort(hosts()[i]+" /", r.port))
	}
	name := fmt.Sprintf("idle-%d", n)
	profile := filepath.Join(r.desktop.Home(), name)
	if _, err := r.product.ConnectChromium(ctx, profile); err != nil {
		return 0, err
	}
	if family == extension.Firefox {
		if err := r.desktop.WriteFile(".mozilla/firefox/profiles.ini", []byte("[General]\n")); err != nil {
			return 0, err
		}
		if _, err := r.product.Connect(ctx); err != nil { // without the extension in the profile: which one goes there is measured
			return 0, err
		}
		if way != None {
			xpi, err := packed(way)
			if err != nil {
				return 0, err
			}
			if err := r.desktop.WriteFile(name+"/extensions/"+extension.FirefoxID+".xpi", xpi); err != nil {
				return 0, err
			}
		}
		b, err := firefox.Start(ctx, r.desktop, firefox.Options{
			Profile: profile, Hosts: hosts(), URLs: urls, Port: firefox.Port + n, Env: r.agent.env(),
		})
		if err != nil {
			return 0, err
		}
		return b.PID(), nil
	}
	options := chromium.Options{
		ResolverRules: "MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
		UserDataDir:   profile, URLs: urls, Env: r.agent.env(), Flags: []string{"--enable-remote-extensions"},
	}
	if way != None {
		options.Extension = filepath.Join(r.desktop.Dir(), "extension-"+name)
		if err := extension.WriteTo(options.Extension, extension.Chromium); err != nil {
			return 0, err
		}
		if err := alter(way, func(name string, change func(string) string) error {
			path := filepath.Join(options.Extension, name)
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, []byte(change(string(text))), 0o644) // another user's browser reads it
		}); err != nil {
			return 0, err
		}
	}
	b, err := chromium.Start(ctx, r.desktop, options)
	if err != nil {
		return 0, err
	}
	return b.PID(), nil
}

var errSource = errors.New("the extension's source is no longer as this measurement expects")

// alter makes of the extension one that is reached in another way; edit changes one of its files.
func alter(way Waking, edit func(name string, change func(string) string) error) error {
	if way == Open {
		return nil
	}
	var missing error
	replace := func(name, old, with string) error {
		return errors.Join(edit(name, func(text string) string {
			if !strings.Contains(text, old) {
				missing = fmt.Errorf("%w: %s lacks %q", errSource, name, old)
			}
			return strings.Replace(text, old, with, 1)
		}), missing)
	}
	err := replace("port.js", "\n  open();\n  return {", "\n  return {")
	if way != Alarms {
		return err
	}
	return errors.Join(err, replace("manifest.json", `"permissions": [`, `"permissions": ["alarms", `), edit("background.js", func(text string) string {
		return text + `
chrome.alarms.create("look", { periodInMinutes: 0.5 });
chrome.alarms.onAlarm.addListener(() => {
  const port = chrome.runtime.connectNative("` + extension.Host + `");
  port.onMessage.addListener((found) => {
    if (found.method === "agent.state") port.postMessage({ id: 1, method: "hello", params: { protocol: 2, extension: "0.1.0" } });
  });
  setTimeout(() => port.disconnect(), 1000);
});
`
	}))
}

// packed returns the altered extension for Firefox.
func packed(way Waking) ([]byte, error) {
	archive, err := extension.Archive(extension.Firefox)
	if err != nil || way == Open {
		return archive, err
	}
	in, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, f := range in.File {
		data, err := in.Open(f.Name)
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		_, err = text.ReadFrom(data)
		if err := errors.Join(err, data.Close()); err != nil {
			return nil, err
		}
		files[f.Name] = text.String()
	}
	err = alter(way, func(name string, change func(string) string) error {
		files[name] = change(files[name])
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), w.Close()
}

// use is what the processes of one browser have used and hold.
type use struct {
	own, pages   time.Duration // of those without and with pages
	memory, host uint64        // bytes
}

// useOf sums up the processes below each root, and the root.
func useOf(roots []int) ([]use, error) {
	all, err := proc.All()
	if err != nil {
		return nil, err
	}
	children := map[int][]proc.Stat{}
	for _, s := range all {
		children[s.Parent] = append(children[s.Parent], s)
	}
	out := make([]use, len(roots))
	for i, root := range roots {
		top, err := proc.Read(root)
		if err != nil {
			return nil, fmt.Errorf("a browser ended: %w", err)
		}
		for queue := []proc.Stat{top}; len(queue) > 0; queue = queue[1:] {
			s := queue[0]
			queue = append(queue, children[s.PID]...)
			if holdsPages(s.PID) {
				out[i].pages += cpuClock(s.PID)
			} else {
				out[i].own += cpuClock(s.PID)
			}
			out[i].memory += inMemory(s.PID, "smaps_rollup", "Pss:")
			if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", s.PID)); err == nil && filepath.Base(exe) == "minewatch-host" {
				out[i].host = inMemory(s.PID, "status", "VmRSS:")
			}
		}
	}
	return out, nil
}

// inMemory reads a line "KEY n kB" of a process's file and returns bytes, 0 if the process is gone.
func inMemory(pid int, file, key string) uint64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, key); ok {
			n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 10, 64)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}

// holdsPages reports whether a browser's process is one for pages: a renderer, and not that of extensions.
func holdsPages(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	text := strings.TrimRight(strings.ReplaceAll(string(line), "\x00", " "), " ")
	if strings.Contains(text, " --type=renderer") {
		return !strings.Contains(text, " --extension-process")
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && strings.Contains(text, " -contentproc ") && strings.HasSuffix(text, " tab") && strings.TrimSpace(string(name)) != "WebExtensions"
}

// cpuClock returns the time of a process on a processor to the nanosecond, 0 if it is gone: what is measured here is
// less than the ticks of /proc/PID/stat.
func cpuClock(pid int) time.Duration {
	// clock_getcpuclockid(3): the complement of the pid, and 2 for what the scheduler counts.
	var t unix.Timespec
	if unix.ClockGettime(int32(^pid)<<3|2, &t) != nil { //nolint:gosec // pids fit
		return 0
	}
	return time.Duration(t.Nano())
}
