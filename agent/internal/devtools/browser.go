package devtools

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Options say how a browser is started.
type Options struct {
	// Program is the browser's file.
	Program string
	// Flags follow those that every browser here is started with.
	Flags []string
	// Hear receives the events; it must not block.
	Hear func(Event)
}

// Browser is a running browser with a profile of its own, without a window.
type Browser struct {
	*Line

	command *exec.Cmd
	profile string
	words   *tail
	done    chan struct{}
	once    sync.Once
}

// flags are what every browser is started with: no window, none of the person's own data, nothing sent that the page did
// not ask for. The sandbox is never switched off.
func flags(profile string) []string {
	return []string{
		"--headless=new", "--user-data-dir=" + profile,
		"--no-first-run", "--no-default-browser-check", "--no-startup-window", "--disable-background-networking", "--disable-component-update",
		"--disable-component-extensions-with-background-pages", "--disable-default-apps", "--disable-extensions", "--disable-sync",
		"--disable-breakpad", "--disable-crash-reporter", "--disable-client-side-phishing-detection", "--disable-domain-reliability",
		"--disable-print-preview", "--disable-search-engine-choice-screen", "--metrics-recording-only", "--no-pings", "--mute-audio", "--password-store=basic", "--use-mock-keychain",
		// The browser's own pages behind its address bar, which nobody sees here, took 2 s of the processor at each start.
		"--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,MediaRouter,OptimizationHints,Translate," +
			"AutofillServerCommunication,InterestFeedContentSuggestions,CertificateTransparencyComponentUpdater",
		"--webrtc-ip-handling-policy=disable_non_proxied_udp", "--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--disable-quic",
	}
}

// Start starts a browser and waits until it answers. As root the browser runs as the user who called sudo, or as nobody:
// as root it would have no sandbox.
func Start(ctx context.Context, o Options) (*Browser, error) {
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "minewatch-browser-")
	if err != nil {
		return nil, fmt.Errorf("there is no place for the browser's profile: %w", err)
	}
	b := &Browser{profile: profile, words: &tail{}, done: make(chan struct{})}
	if err := as.give(profile); err != nil {
		return nil, errors.Join(err, os.RemoveAll(profile))
	}
	b.command = exec.Command(o.Program, append(flags(profile), o.Flags...)...) //nolint:forbidigo,noctx // it ends with Close, in order
	b.command.Env = environment(profile)
	b.command.Dir = profile
	b.command.Stderr = b.words
	in, out, err := b.spawn(as)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not start: %w", o.Program, err), os.RemoveAll(profile))
	}
	b.Line = NewLine(in, out, o.Hear)
	go func() {
		_ = b.command.Wait() // how it ended is not asked
		in.Close()
		close(b.done)
	}()
	if err := b.greet(ctx); err != nil {
		said := b.words.String()
		b.Close()
		if said != "" {
			return nil, fmt.Errorf("%s does not answer (%w); it said: %s", o.Program, err, said)
		}
		return nil, fmt.Errorf("%s does not answer: %w", o.Program, err)
	}
	return b, nil
}

// greet waits for the first answer.
func (b *Browser) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return b.Call(ctx, "", "Browser.getVersion", nil, nil)
}

// Version returns the browser's name and version, such as "Chrome/156.0.1.2", and the user agent that it tells pages.
func (b *Browser) Version(ctx context.Context) (product, userAgent string, err error) {
	var v struct {
		Product   string `json:"product"`
		UserAgent string `json:"userAgent"`
	}
	err = b.Call(ctx, "", "Browser.getVersion", nil, &v)
	return v.Product, v.UserAgent, err
}

// PID returns the pid of the browser's main process.
func (b *Browser) PID() int32 { return int32(b.command.Process.Pid) } //nolint:gosec // a pid

// Profile returns the folder of the browser's profile.
func (b *Browser) Profile() string { return b.profile }

// Close ends the browser and all its processes and removes its profile. It may be called more than once.
func (b *Browser) Close() {
	b.once.Do(func() {
		b.Post("", "Browser.close", nil)
		if !b.ended(3 * time.Second) {
			b.Kill()
			b.ended(5 * time.Second)
		}
		b.end(ErrClosed)
		b.killRest()
		// Its last processes may still write for a moment.
		for range 20 {
			if os.RemoveAll(b.profile) == nil {
				return
			}
			b.ended(100 * time.Millisecond)
			wait(100 * time.Millisecond)
		}
	})
}

// Kill ends the browser at once.
func (b *Browser) Kill() { b.killRest() }

func (b *Browser) ended(within time.Duration) bool {
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-b.done:
		return true
	case <-t.C:
		return false
	}
}

func wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	<-t.C
}

// environment holds nothing of the person's own but what finds programs and the language.
func environment(profile string) []string {
	env := []string{"HOME=" + profile, "XDG_RUNTIME_DIR=" + profile, "TMPDIR=" + profile}
	for _, key := range []string{"PATH", "LANG", "LC_ALL", "SYSTEMROOT", "WINDIR", "PROGRAMFILES", "LOCALAPPDATA"} {
		if v, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+v)
		}
	}
	return env
}

// tail keeps the last words of a program, for an error message.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxTail = 600

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p[max(0, len(p)-maxTail):]...)
	t.text = t.text[max(0, len(t.text)-maxTail):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.FieldsFunc(string(t.text), func(r rune) bool { return r == '\n' || r == '\r' })
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

// ErrNoBrowser is the error of Find where there is no browser.
var ErrNoBrowser = errors.New("no browser of the Chromium family was found: install one (on Debian: apt install chromium) or name its file with --browser")

// Find returns the file of the first browser of the Chromium family on this system.
func Find() (string, error) {
	for _, name := range []string{
		"chromium", "google-chrome-stable", "google-chrome", "chromium-browser", "microsoft-edge-stable", "microsoft-edge", "brave-browser", "vivaldi-stable",
	} {
		if file, err := exec.LookPath(name); err == nil {
			return file, nil
		}
	}
	for _, file := range places() {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file, nil
		}
	}
	return "", ErrNoBrowser
}

// places are where browsers lie that are on no search path.
func places() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{
			"/Applications/Chromium.app/Contents/MacOS/Chromium",
			"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
			"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
			"/Applications/Brave Browser.app/Contents/MacOS/Brave Browser",
		}
	case "windows":
		var all []string
		for _, base := range []string{os.Getenv("PROGRAMFILES"), os.Getenv("PROGRAMFILES(X86)"), os.Getenv("LOCALAPPDATA")} {
			if base != "" {
				all = append(all, filepath.Join(base, `Google\Chrome\Application\chrome.exe`), filepath.Join(base, `Microsoft\Edge\Application\msedge.exe`),
					filepath.Join(base, `Chromium\Application\chrome.exe`))
			}
		}
		return all
	}
	return nil
}
