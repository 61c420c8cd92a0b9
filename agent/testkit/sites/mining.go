package sites

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// duties and threads are the three sizes in which every way of mining is tried.
func sizes() []order {
	return []order{
		{workers: 2, duty: 0.7, seconds: 80},
		{workers: 1, duty: 0.5, seconds: 80},
		{workers: 2, duty: 1, seconds: 80},
	}
}

// Mining returns sixty sites that mine, three of each of twenty kinds. All loops end by themselves within 90 s.
func Mining() []*Site {
	kinds := []struct {
		name   string
		host   string // behind the name
		script string // its address: HOST stands for the page's, CDN and AD for the others
		click  string
		visits int
		change func(*order)
		page   func(*Site, *http.Request, int) string
	}{
		{name: "worker", script: "http://HOST/s/core.js", page: starts("worker.js")},
		{name: "blob-import", script: "http://cdn-HOST/s/core.js", page: startsFrom("cdn-", "import.js")},
		{name: "blob-inline", script: "http://cdn-HOST/s/inline.js", page: startsFrom("cdn-", "inline.js")},
		{name: "data-url", script: "http://cdn-HOST/s/data.js", page: startsFrom("cdn-", "data.js")},
		{name: "shared", script: "http://HOST/s/core.js", page: starts("shared.js")},
		{name: "service", host: ".localhost", script: "http://HOST/s/core.js", page: starts("service.js")},
		{name: "main", script: "http://cdn-HOST/s/core.js", page: startsFrom("cdn-", "core.js")},
		{name: "frame", script: "http://ad-HOST/s/core.js", page: framed("ad-")},
		{name: "frame-in-frame", script: "http://ad2-HOST/s/core.js", page: framed("ad-", "ad2-")},
		{name: "wasm-blob", script: "http://cdn-HOST/s/wasm-blob.js", page: startsFrom("cdn-", "wasm-blob.js")},
		{name: "wasm-worker", script: "http://HOST/s/wasm.js", page: starts("wasm-worker.js")},
		{name: "late", script: "http://cdn-HOST/s/inline.js", change: func(o *order) { o.delay = 8 }, page: startsFrom("cdn-", "inline.js")},
		{name: "only-hidden", script: "http://HOST/s/core.js", change: func(o *order) { o.hidden = true }, page: starts("worker.js")},
		{name: "after-click", script: "http://HOST/s/core.js", click: "#agree", page: clicked("worker.js")},
		{name: "third-visitor", script: "http://HOST/s/core.js", visits: 3, page: third("worker.js")},
		{name: "module-worker", script: "http://HOST/s/core.js", page: starts("module.js")},
		{name: "nested-worker", script: "http://HOST/s/core.js", page: starts("nested.js")},
		{name: "injected", script: "http://cdn-HOST/s/core.js", page: startsFrom("ad-", "inject.js")},
		{name: "srcdoc", script: "http://cdn-HOST/s/core.js", page: srcdoc},
		{name: "random", script: "http://HOST/s/core.js", change: func(o *order) { o.random = true }, page: starts("worker.js")},
	}
	var out []*Site
	for _, k := range kinds {
		for i, o := range sizes() {
			if k.change != nil {
				k.change(&o)
			}
			end := k.host
			if end == "" {
				end = ".test"
			}
			host := fmt.Sprintf("%s-%d%s", k.name, i+1, end)
			out = append(out, &Site{
				Name: fmt.Sprintf("%s-%d", k.name, i+1), Kind: k.name, URL: "http://" + host + "/", Mines: true, host: host, order: o,
				Script: strings.ReplaceAll(k.script, "HOST", host), Click: k.click, Visits: max(1, k.visits), page: k.page,
			})
		}
	}
	return out
}

const head = `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%s</title>
<body style="font:16px sans-serif;margin:2em"><h1>%s</h1><p>Welcome. Today's offers are below.</p>`

func titled(s *Site) string { return fmt.Sprintf(head, s.Name, s.Name) }

func starts(file string) func(*Site, *http.Request, int) string {
	return func(s *Site, _ *http.Request, _ int) string {
		return titled(s) + `<script src="/s/` + file + `"></script>`
	}
}

func startsFrom(prefix, file string) func(*Site, *http.Request, int) string {
	return func(s *Site, _ *http.Request, _ int) string {
		return titled(s) + `<script src="http://` + prefix + s.host + `/s/` + file + `"></script>`
	}
}

// framed puts a frame of another host into the page, and so on; the last of them begins.
func framed(prefixes ...string) func(*Site, *http.Request, int) string {
	return func(s *Site, r *http.Request, _ int) string {
		depth := strings.Count(r.URL.Path, "/in")
		if depth < len(prefixes) {
			return titled(s) + `<iframe src="http://` + prefixes[depth] + s.host + strings.Repeat("/in", depth+1) + `/" width="300" height="200"></iframe>`
		}
		return titled(s) + `<script src="/s/worker.js"></script>`
	}
}

func clicked(file string) func(*Site, *http.Request, int) string {
	return func(s *Site, _ *http.Request, _ int) string {
		return titled(s) + `<button id="agree">I agree</button><script>agree.onclick = () => { const s = document.createElement("script"); s.src = "/s/` + file +
			`"; document.body.append(s); agree.remove(); }</script>`
	}
}

func third(file string) func(*Site, *http.Request, int) string {
	return func(s *Site, _ *http.Request, visit int) string {
		if visit%3 != 0 {
			return titled(s)
		}
		return titled(s) + `<script src="/s/` + file + `"></script>`
	}
}

func srcdoc(s *Site, _ *http.Request, _ int) string {
	return titled(s) + `<iframe srcdoc="<p>advert</p><script src='http://cdn-` + s.host + `/s/core.js'></script>"></iframe>`
}

// file returns the text of one of a site's scripts.
func (s *Site) file(host, file string) string {
	// What begins the workers on a page: the address of the worker is W.
	begin := func(make string) string {
		o := s.order
		return fmt.Sprintf(`"use strict";
(() => {
  const begin = () => { for (let i = 0; i < %d; i++) { %s } };
  const when = () => setTimeout(begin, %g);
  if (%v) {
    let begun = false;
    document.addEventListener("visibilitychange", () => { if (document.hidden && !begun) { begun = true; begin(); } });
  } else if (document.readyState === "complete") when(); else addEventListener("load", when);
})();
`, o.workers, make, 1000*o.delay, o.hidden)
	}
	quoted := func(text string) string { return fmt.Sprintf("%q", text) }
	switch file {
	case "core.js":
		return s.core(false)
	case "wasm.js":
		return s.core(true)
	case "worker.js":
		return begin(`new Worker("/s/core.js");`)
	case "wasm-worker.js":
		return begin(`new Worker("/s/wasm.js");`)
	case "module.js":
		return begin(`new Worker("/s/core.js", { type: "module" });`)
	case "shared.js":
		return begin(`new SharedWorker("/s/core.js", { name: "part" + i });`)
	case "service.js":
		return begin(`navigator.serviceWorker.register("/s/core.js", { scope: "/s/part" + i + "/" });`)
	case "nested.js":
		return begin(`new Worker("/s/outer.js");`)
	case "outer.js":
		return `new Worker("/s/core.js");`
	case "import.js":
		return begin("new Worker(URL.createObjectURL(new Blob([" + quoted(`importScripts("http://`+host+`/s/core.js")`) + "])));")
	case "inline.js":
		return begin("new Worker(URL.createObjectURL(new Blob([" + quoted(s.core(false)) + "])));")
	case "wasm-blob.js":
		return begin("new Worker(URL.createObjectURL(new Blob([" + quoted(s.core(true)) + "])));")
	case "data.js":
		return begin(`new Worker("data:text/javascript;base64,` + base64.StdEncoding.EncodeToString([]byte(s.core(false))) + `");`)
	case "inject.js": // an advert's script that brings another
		return `const s = document.createElement("script"); s.src = "http://cdn-` + s.host + `/s/core.js"; document.head.append(s);`
	}
	return ""
}

// core is the loop: arithmetic at a duty, which ends by itself. With module it is in WebAssembly.
func (s *Site) core(module bool) string {
	o := s.order
	work := `(n) => { let a = 0x6a09e667, b = n | 1; for (let i = 0; i < 20000; i++) { a = (a + Math.imul(b ^ (a >>> 13), 0x5bd1e995)) | 0; b = ((b << 5) | (b >>> 27)) ^ a; } return a ^ b; }`
	if module {
		work = `(() => { const code = Uint8Array.from(atob("` + base64.StdEncoding.EncodeToString(loopModule()) + `"), (c) => c.charCodeAt(0));
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(code)).exports; return (n) => f(20000 + (n & 1)); })()`
	}
	return fmt.Sprintf(`"use strict";
// Simulated mining: arithmetic at a duty, which ends by itself.
(() => {
  const hash = %s;
  const end = performance.now() + 1000 * Math.min(%d, 90);
  let duty = %g, turn = %s, sum = 0, n = 0;
  function round() {
    const from = performance.now();
    if (from >= end) return;
    if (from >= turn) { duty = 0.3 + 0.7 * Math.random(); turn = from + 3000 + 5000 * Math.random(); }
    do { sum ^= hash(n++); } while (performance.now() - from < 60 * duty);
    setTimeout(round, 60 * (1 - duty));
  }
  round();
})();
`, work, o.seconds, o.duty, map[bool]string{true: "0", false: "Infinity"}[o.random])
}

// loopModule is a WebAssembly module with one function f(n): n steps of a linear congruence.
func loopModule() []byte {
	body := []byte{
		1, 1, 0x7f, // one local, i32
		0x03, 0x40, // loop
		0x20, 1, // local.get 1
		0x41, 0xcd, 0x9b, 0x04, // i32.const 69069
		0x6c,    // i32.mul
		0x41, 1, // i32.const 1
		0x6a,    // i32.add
		0x21, 1, // local.set 1
		0x20, 0, 0x41, 1, 0x6b, 0x22, 0, // n - 1, kept
		0x0d, 0, // br_if 0
		0x0b,    // end
		0x20, 1, // local.get 1
		0x0b, // end
	}
	out := []byte{0, 'a', 's', 'm', 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 2, 1, 0, 7, 5, 1, 1, 'f', 0, 0}
	out = append(out, 0x0a, byte(len(body)+2), 1, byte(len(body)))
	return append(out, body...)
}
