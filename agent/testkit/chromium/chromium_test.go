//go:build linux

package chromium_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/testkit/chromium"
	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/pages"
	"github.com/minewatch/minewatch/agent/testkit/wait"
)

// start brings up a desktop, the pages and a browser that shows the addresses.
func start(t *testing.T, urls ...string) (*chromium.Browser, *pages.Server) {
	t.Helper()
	if testing.Short() {
		t.Skip("a real browser is not short")
	}
	desktop.Need(t, append(append(desktop.Missing(), chromium.Missing()...), pages.Missing()...))
	d, err := desktop.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if left := d.Leftovers(); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
	})
	web, err := pages.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { web.Close() })
	b, err := chromium.Start(t.Context(), d, chromium.Options{ResolverRules: web.ResolverRules(), URLs: urls})
	if err != nil {
		t.Fatal(err)
	}
	return b, web
}

// awaitTabs waits at most a minute for exactly these hosts.
func awaitTabs(t *testing.T, b *chromium.Browser, hosts ...string) []chromium.Tab {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tabs, err := b.AwaitTabs(ctx, hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return tabs
}

func TestTabsAndSandbox(t *testing.T) {
	b, web := start(t, pages.URL(pages.News), pages.URL(pages.Mail))
	awaitTabs(t, b, pages.News, pages.Mail)
	if _, err := b.Open(t.Context(), pages.URL(pages.Shop)); err != nil {
		t.Fatal(err)
	}
	if err := b.OpenWindow(t.Context(), pages.URL(pages.Video)); err != nil {
		t.Fatal(err)
	}
	tabs := awaitTabs(t, b, pages.News, pages.Mail, pages.Shop, pages.Video)
	for _, h := range []string{pages.News, pages.Mail, pages.Shop, pages.Video} {
		if web.Visits(h) != 1 {
			t.Errorf("%s was loaded %d times", h, web.Visits(h))
		}
	}

	processes, err := b.Processes()
	if err != nil {
		t.Fatal(err)
	}
	renderers := map[int]bool{}
	for _, p := range processes {
		if p.Role != "renderer" {
			continue
		}
		renderers[p.Renderer] = true
		if ok, err := chromium.Sandboxed(p.PID); err != nil || !ok {
			t.Errorf("renderer %+v runs without the sandbox (%v)", p, err)
		}
	}
	if len(renderers) < len(tabs) || renderers[0] {
		t.Errorf("renderers %v for %d tabs, want one each with a number", slices.Sorted(maps.Keys(renderers)), len(tabs))
	}
	if ok, err := chromium.Sandboxed(b.PID()); err != nil || ok {
		t.Errorf("Sandboxed cannot tell: the browser's root process passes for a renderer (%v)", err)
	}

	// A name that is not ours leads nowhere.
	if _, err := b.Open(t.Context(), "http://elsewhere.example/"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := b.AwaitTabs(ctx, pages.News, pages.Mail, pages.Shop, pages.Video); err == nil {
		t.Error("AwaitTabs overlooks a fifth tab")
	}
}

// TestLoadPage checks the simulated mining against the kernel's figures: two worker threads at the duty that was asked
// for, next to nothing else in the process, and an end by itself.
func TestLoadPage(t *testing.T) {
	const (
		duty   = 0.7
		length = 14 * time.Second
	)
	b, web := start(t, pages.URL(pages.News), pages.LoadURL(pages.Films, 2, duty, time.Second, length))
	awaitTabs(t, b, pages.News, pages.Films)
	wait.For(t, 30*time.Second, "the load to begin", func() bool { return !web.Load(pages.Films).Started.IsZero() })

	began := time.Now()
	before := threads(t, b)
	time.Sleep(8 * time.Second)
	wall := time.Since(began)
	after := threads(t, b)
	if stopped := web.Load(pages.Films).Stopped; !stopped.IsZero() {
		t.Fatal("the machine is too slow: the load ended while it was measured")
	}
	var workers int
	var worked, all time.Duration
	busy := 0 // the process of the workers
	for key, now := range after {
		if now.Name == "DedicatedWorker" {
			busy = key.pid
		}
	}
	for key, now := range after {
		if key.pid != busy {
			continue
		}
		run, demand := now.Run-before[key].Run, now.Run+now.Wait-before[key].Run-before[key].Wait
		all += run
		if now.Name != "DedicatedWorker" {
			continue
		}
		workers++
		worked += run
		// On a full machine a thread waits before each round as well, so the demand comes out above the duty.
		if d := demand.Seconds() / wall.Seconds(); d < duty-0.12 || d > duty+0.2 {
			t.Errorf("a worker's demand is %.2f, want about %.2f", d, duty)
		}
	}
	if workers != 2 {
		t.Errorf("%d worker threads, want 2", workers)
	}
	if share := worked.Seconds() / all.Seconds(); share < 0.9 {
		t.Errorf("the workers hold %.2f of their process's CPU time, want nearly all", share)
	}

	wait.For(t, 60*time.Second, "the load to end", func() bool { return !web.Load(pages.Films).Stopped.IsZero() })
	l := web.Load(pages.Films)
	if took := l.Stopped.Sub(l.Started); took < length-2*time.Second {
		t.Errorf("the load ended after %v, want %v", took, length)
	}
	if l.Hashes < 1000 {
		t.Errorf("%d hashes in all", l.Hashes)
	}
	wait.For(t, 10*time.Second, "the workers to end", func() bool {
		for _, th := range threads(t, b) {
			if th.Name == "DedicatedWorker" {
				return false
			}
		}
		return true
	})
}

// key names one thread of one process.
type key struct{ pid, tid int }

// threads returns the threads of all renderers.
func threads(t *testing.T, b *chromium.Browser) map[key]chromium.Thread {
	t.Helper()
	processes, err := b.Processes()
	if err != nil {
		t.Fatal(err)
	}
	out := map[key]chromium.Thread{}
	for _, p := range processes {
		if p.Role != "renderer" {
			continue
		}
		list, err := chromium.Threads(p.PID)
		if err != nil {
			continue // it ended meanwhile
		}
		for _, th := range list {
			out[key{p.PID, th.TID}] = th
		}
	}
	return out
}
