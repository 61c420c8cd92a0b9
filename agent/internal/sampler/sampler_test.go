package sampler

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/heuristics"
)

// loadTime is set when the test program is started again as a load: it computes that long and then sleeps.
const loadTime = "MINEWATCH_TEST_LOAD"

func TestMain(m *testing.M) {
	if d, err := time.ParseDuration(os.Getenv(loadTime)); err == nil {
		compute(min(d, 90*time.Second))
		return
	}
	if mib, err := strconv.Atoi(os.Getenv(hugeLine)); err == nil {
		pretendHugeLine(mib)
		return
	}
	os.Exit(m.Run())
}

func compute(d time.Duration) {
	runtime.LockOSThread()
	x := uint64(1)
	for end := time.Now().Add(d); time.Now().Before(end); {
		for range 100_000 {
			x = x*6364136223846793005 + 1
		}
	}
	if x == 0 {
		panic("impossible")
	}
}

// startLoad starts a process that computes for d.
func startLoad(t *testing.T, d time.Duration) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), loadTime+"="+d.String())
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	return c
}

// follow reads n snapshots.
func follow(t *testing.T, s *Sampler, n int, each func(int, heuristics.Snapshot)) {
	t.Helper()
	followUntil(t, s, n, func(i int, snapshot heuristics.Snapshot) bool {
		each(i, snapshot)
		return false
	})
}

// followUntil reads snapshots until one was the last, at most n.
func followUntil(t *testing.T, s *Sampler, n int, each func(int, heuristics.Snapshot) (done bool)) {
	t.Helper()
	i := 0
	for snapshot, err := range s.Source(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		done := each(i, snapshot)
		if i++; done || i == n {
			return
		}
	}
}

func TestLiveProcess(t *testing.T) {
	s := New(Options{Interval: 250 * time.Millisecond})
	var load *exec.Cmd
	var id heuristics.ProcessID
	var info *heuristics.ProcessInfo
	var first, last time.Duration
	var threads, sawSelf, exited, ended int
	// However crowded the machine is: until the load has been seen at work, and three ticks after its end.
	const enough = 400 * time.Millisecond
	followUntil(t, s, 240, func(i int, snapshot heuristics.Snapshot) (done bool) {
		if i == 0 {
			load = startLoad(t, time.Minute)
			for _, p := range snapshot.Processes {
				if p.ID.PID == int32(os.Getpid()) {
					sawSelf++
				}
			}
			return false
		}
		for _, p := range snapshot.Processes {
			if p.ID.PID != int32(load.Process.Pid) {
				continue
			}
			if id == (heuristics.ProcessID{}) {
				id, first = p.ID, p.CPU()
			}
			if p.ID != id {
				t.Errorf("identity changed from %v to %v", id, p.ID)
			}
			if p.CPU() < last {
				t.Errorf("CPU time went back from %v to %v", last, p.CPU())
			}
			last = p.CPU()
			threads = max(threads, len(p.Threads))
			if p.Info != nil {
				info = p.Info
			}
		}
		for _, gone := range snapshot.Exited {
			if gone == id {
				exited++
			}
		}
		seen := last-first >= enough && (threads > 0 || runtime.GOOS != "linux")
		if ended == 0 && (seen || i >= 230) {
			ended = i
			_ = load.Process.Kill()
			_ = load.Wait()
		}
		return ended > 0 && i >= ended+3
	})
	if sawSelf != 1 {
		t.Errorf("the first snapshot lists this process %d times", sawSelf)
	}
	if used := last - first; used < enough || last > time.Minute {
		t.Errorf("the load was seen to use %v, in all %v", used, last)
	}
	if info == nil || info.Exe == "" || info.Parent.PID != int32(os.Getpid()) || info.User != strconv.Itoa(os.Getuid()) {
		t.Errorf("info %+v", info)
	}
	if runtime.GOOS == "linux" && threads == 0 {
		t.Error("a hot process was never looked at thread by thread")
	}
	if exited != 1 {
		t.Errorf("its end was told %d times", exited)
	}
	if s.Alive(id) {
		t.Error("it counts as alive after its end")
	}
}

func TestQuietProcessesAreLeftOut(t *testing.T) {
	s := New(Options{Interval: 200 * time.Millisecond})
	var first, later int
	follow(t, s, 4, func(i int, snapshot heuristics.Snapshot) {
		if i == 0 {
			first = len(snapshot.Processes)
			return
		}
		later = max(later, len(snapshot.Processes))
		for _, p := range snapshot.Processes {
			if p.CPU() == 0 && p.Info == nil {
				t.Errorf("a process that never ran is listed again: %+v", p)
			}
		}
	})
	if s.Processes() < first-5 || first < 3 {
		t.Errorf("the first snapshot lists %d processes, alive are %d", first, s.Processes())
	}
	if later >= first && first > 30 {
		t.Errorf("a later snapshot lists %d of %d processes", later, first)
	}
}

// Command lines of Firefox ESR 153 on Debian 12: with the fork server one string, without it one word after another.
const (
	geckoJoined = "/usr/lib/firefox-esr/firefox-esr -contentproc -isForBrowser -prefsHandle 0:26817 -prefMapHandle 1:288969 " +
		"-parentBuildID 20261103151912 -initialChannelId {3119db59-cbe5-4972-a5b3-fb62bb17bb2d} -parentPid 11 -crashHelper 6 " +
		"-greomni /usr/lib/firefox-esr/omni.ja -appDir /usr/lib/firefox-esr/browser 5 tab\x00"
	geckoServer = "/usr/lib/firefox-esr/firefox-esr\x00-contentproc\x00-ipcHandle\x000\x00-parentPid\x0011\x00-appDir\x00/usr/lib\x001\x00forkserver\x00"
)

func TestParseCommandLine(t *testing.T) {
	chromium := func(program, role string, renderer int) commandLine {
		return commandLine{program: program, role: role, renderer: renderer}
	}
	tests := map[string]commandLine{
		"/usr/lib/chromium/chromium --type=renderer --lang=en --renderer-client-id=17 --x": chromium("chromium", "renderer", 17),
		"/usr/lib/chromium/chromium\x00--type=gpu-process\x00--renderer-client-id=x":       chromium("chromium", "gpu-process", 0),
		"/opt/google/chrome/chrome": chromium("chrome", "", 0),
		"sh -c --type=renderer":     chromium("sh", "renderer", 0),
		"":                          chromium(".", "", 0),
		"chromium --user-data-dir=/x--type=renderer":                         chromium("chromium", "", 0),
		"chromium --renderer-client-id=99999999999999999999 --type=renderer": chromium("chromium", "renderer", 0),
		"chromium --type=renderer --renderer-client-id=12\n":                 chromium("chromium", "renderer", 0),

		geckoJoined: {program: "firefox-esr", role: "renderer", renderer: 5, gecko: true, parent: 11},
		strings.ReplaceAll(geckoJoined, " ", "\x00"): {program: "firefox-esr", role: "renderer", renderer: 5, gecko: true, parent: 11},
		geckoServer:                                                    {program: "firefox-esr", role: "forkserver", gecko: true, parent: 11},
		"firefox -contentproc -appDir /x 4 rdd":                        {program: "firefox", role: "rdd", gecko: true},
		"firefox -contentproc 999999999999 tab":                        chromium("firefox", "", 0),
		"firefox -contentproc -parentPid 99999999999 5 tab":            {program: "firefox", role: "renderer", renderer: 5, gecko: true},
		"firefox https://news.test/?-contentproc 5 tab":                chromium("firefox", "", 0),
		"/usr/lib/firefox-esr/firefox-esr --profile /tmp/-contentproc": chromium("firefox-esr", "", 0),
	}
	for line, want := range tests {
		if got := parseCommandLine(line); got != want {
			t.Errorf("parseCommandLine(%q) = %+v, want %+v", line, got, want)
		}
	}
}

func FuzzParseCommandLine(f *testing.F) {
	f.Add("/usr/lib/chromium/chromium --type=renderer --renderer-client-id=17")
	f.Add(geckoJoined)
	f.Add(geckoServer)
	f.Fuzz(func(t *testing.T, line string) {
		if c := parseCommandLine(line); c.renderer < 0 || c.renderer > 999_999_999 || len(c.role) > 40 || c.parent < 0 {
			t.Errorf("%+v", c)
		}
	})
}

// placed builds a table of processes and returns where the last one stands in its browser.
func placed(chain ...known) *heuristics.BrowserProcess {
	s := &Sampler{byPID: map[int32]*known{}}
	for i := range chain {
		k := &chain[i]
		k.id = heuristics.ProcessID{PID: int32(i + 10), StartTime: int64(i)}
		k.info.Parent.PID = int32(i + 9)
		s.byPID[k.id.PID] = k
	}
	return s.place(&chain[len(chain)-1]).in
}

func TestPlaceInBrowser(t *testing.T) {
	process := func(name, line string) known {
		return known{info: heuristics.ProcessInfo{Name: name, User: "1000"}, command: parseCommandLine(line)}
	}
	const renderer = "/usr/lib/chromium/chromium --type=renderer --renderer-client-id=5"
	shell := process("bash", "bash")
	browser := process("chromium", "/usr/lib/chromium/chromium --flag")
	zygote := process("chromium", "/usr/lib/chromium/chromium --type=zygote")
	page := process("chromium", renderer)
	root := heuristics.ProcessID{PID: 11, StartTime: 1}

	if got := placed(shell, browser, zygote, zygote, page); got == nil || got.Root != root || got.Role != "renderer" || got.Renderer != 5 || got.Family != "chromium" {
		t.Errorf("renderer: %+v", got)
	}
	if got := placed(shell, browser); got == nil || got.Role != "browser" || got.Root != root {
		t.Errorf("browser: %+v", got)
	}
	if got := placed(shell, browser, process("chromium", "chromium --type=gpu-process")); got == nil || got.Role != "gpu" {
		t.Errorf("gpu: %+v", got)
	}
	if got := placed(shell, process("code", "/usr/share/code/code"), page); got == nil || got.Family != "electron" {
		t.Errorf("electron: %+v", got)
	}
	other := page
	other.info.User = "1001"
	if got := placed(shell, browser, other); got != nil {
		t.Errorf("another user's process that calls itself a renderer: %+v", got)
	}
	if got := placed(page); got != nil {
		t.Errorf("an orphan that calls itself a renderer: %+v", got)
	}
	if got := placed(shell, shell); got != nil {
		t.Errorf("a shell: %+v", got)
	}
}

func TestPlaceInFirefox(t *testing.T) {
	process := func(name, line string) known {
		return known{info: heuristics.ProcessInfo{Name: name, User: "1000"}, command: parseCommandLine(line)}
	}
	shell, server := process("bash", "bash"), process("forkserver", geckoServer)
	firefox, page := process("firefox-esr", "firefox-esr https://news.test/"), process("Isolated Web Co", geckoJoined)
	want := heuristics.BrowserProcess{
		Family: "firefox", Role: "renderer", Root: heuristics.ProcessID{PID: 11, StartTime: 1}, Renderer: 5,
	}
	for name, chain := range map[string][]known{"fork server": {shell, firefox, server, page}, "none": {shell, firefox, page}} {
		if got := placed(chain...); got == nil || *got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := placed(shell, firefox); got == nil || got.Family != "firefox" || got.Role != "browser" {
		t.Errorf("browser: %+v", got)
	}
	if got := placed(shell, firefox, process("WebExtensions", geckoJoined)); got == nil || got.Role != "extension" {
		t.Errorf("extensions: %+v", got)
	}
	if got := placed(shell, firefox, server); got == nil || got.Role != "forkserver" || got.Renderer != 0 {
		t.Errorf("fork server: %+v", got)
	}
	if got := placed(shell, process("thunderbird", "thunderbird"), page); got == nil || got.Family != "electron" {
		t.Errorf("a mail program: %+v", got)
	}
	if got := placed(shell, process("chromium", "chromium"), page); got == nil || got.Family != "electron" {
		t.Errorf("a child of Firefox below Chromium: %+v", got)
	}
	if got := placed(firefox, page); got != nil { // -parentPid is 11, the parent 10
		t.Errorf("a child of another Firefox: %+v", got)
	}
	other := page
	other.info.User = "1001"
	if got := placed(shell, firefox, other); got != nil {
		t.Errorf("another user's process that calls itself a child: %+v", got)
	}
}

func TestRenderers(t *testing.T) {
	s := &Sampler{table: map[heuristics.ProcessID]*known{}}
	root := heuristics.ProcessID{PID: 10, StartTime: 1}
	add := func(pid int32, role heuristics.Role, number int, of heuristics.ProcessID) heuristics.ProcessID {
		id := heuristics.ProcessID{PID: pid, StartTime: 1}
		s.table[id] = &known{id: id, info: heuristics.ProcessInfo{Browser: &heuristics.BrowserProcess{
			Family: "firefox", Role: role, Root: of, Renderer: number,
		}}}
		return id
	}
	if got := s.Renderers(root); got != nil {
		t.Errorf("before the first tick: %v", got)
	}
	page := add(11, "renderer", 5, root)
	add(12, "gpu", 0, root)
	add(13, "renderer", 0, root) // its number is not known
	add(14, "renderer", 5, heuristics.ProcessID{PID: 20, StartTime: 1})
	s.table[root] = &known{id: root}
	s.reindex = true
	s.indexRenderers()
	if got := s.Renderers(root); len(got) != 1 || got[5] != page {
		t.Errorf("got %v, want only %v", got, page)
	}
	if got := s.Renderers(heuristics.ProcessID{PID: 10, StartTime: 2}); len(got) > 0 {
		t.Errorf("another life of the browser has %v", got)
	}
}

func TestClockGaps(t *testing.T) {
	const interval = time.Second
	start := time.Now()
	later := func(d time.Duration) time.Time { return start.Add(d) } // moves both clocks
	tests := map[string]struct {
		now   time.Time
		slept time.Duration
		want  heuristics.GapKind
		dt    time.Duration
	}{
		"in time":  {later(time.Second), 0, "", time.Second},
		"late":     {later(4 * time.Second), 0, heuristics.GapLateTick, 4 * time.Second},
		"at once":  {start, 0, "", time.Microsecond},
		"set back": {later(time.Second).Round(0).Add(-time.Hour), 0, heuristics.GapClockJumped, time.Microsecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var c clock
			c.advance(start, 0, interval)
			dt, gaps := c.advance(test.now, test.slept, interval) // since the first, which is the last
			if dt != test.dt {
				t.Errorf("dt %v, want %v", dt, test.dt)
			}
			if test.want == "" && len(gaps) > 0 || test.want != "" && (len(gaps) != 1 || gaps[0].Kind != test.want) {
				t.Errorf("gaps %+v, want %q", gaps, test.want)
			}
		})
	}
	t.Run("slept", func(t *testing.T) {
		var c clock
		c.advance(start, time.Minute, interval)
		_, gaps := c.advance(later(time.Second), time.Hour+time.Minute, interval)
		if len(gaps) == 0 || gaps[0].Kind != heuristics.GapSlept || gaps[0].Length != time.Hour {
			t.Errorf("gaps %+v, want an hour of sleep", gaps)
		}
	})
}

// Where pids have started again from 1, a page is listed before its browser at the first tick.
func TestLinkFirstTick(t *testing.T) {
	s := &Sampler{table: map[heuristics.ProcessID]*known{}, byPID: map[int32]*known{}}
	var first []heuristics.ProcessSample
	add := func(pid, parent int32, line string) {
		k := &known{
			id: heuristics.ProcessID{PID: pid, StartTime: 7}, command: parseCommandLine(line),
			info: heuristics.ProcessInfo{Name: "chromium", User: "1000", Parent: heuristics.ProcessID{PID: parent}},
		}
		s.table[k.id], s.byPID[pid] = k, k
		info := k.info
		first = append(first, heuristics.ProcessSample{ID: k.id, Info: &info})
	}
	add(5, 900, "chromium --type=renderer --renderer-client-id=3")
	add(900, 1, "chromium")
	s.link(first)
	root := heuristics.ProcessID{PID: 900, StartTime: 7}
	got := first[0].Info
	if got.Parent != root || got.Browser == nil || got.Browser.Root != root || got.Browser.Renderer != 3 {
		t.Errorf("told is %+v, browser %+v", got, got.Browser)
	}
	if known := s.table[first[0].ID].info; known.Browser == nil {
		t.Errorf("kept is %+v", known)
	}
}

// Programs as the browsers install them on Linux, macOS and Windows.
func TestBrowsersAreRecognised(t *testing.T) {
	for family, programs := range map[heuristics.Family][]string{
		"chromium": {
			"chromium", "chromium-browser", "chrome", "google-chrome", "msedge", "brave", "vivaldi-bin", "opera",
			"Chromium", "Google Chrome", "Microsoft Edge", "Brave Browser", "Vivaldi", "Opera",
			"chromium.exe", "chrome.exe", "msedge.exe", "brave.exe", "vivaldi.exe", "opera.exe", "CHROME.EXE",
		},
		"firefox": {"firefox", "firefox-esr", "firefox-bin", "Firefox", "firefox.exe", "librewolf"},
		"": {
			"", "code", "chrome-sandbox", "chrome_crashpad_handler", "Google Chrome Helper (Renderer)", "crashreporter",
			"thunderbird", "chromedriver", "my-firefox", "operations", ".exe",
		},
	} {
		for _, program := range programs {
			// Either tells: a thread's name may stand where the program's should.
			named := known{info: heuristics.ProcessInfo{Name: program}}
			called := known{info: heuristics.ProcessInfo{Name: "exe"}, command: commandLine{program: program}}
			if a, b := named.namedFamily(), called.namedFamily(); a != family || b != family {
				t.Errorf("%q is of the family %q by its name and %q by its command line, want %q", program, a, b, family)
			}
		}
	}
}
