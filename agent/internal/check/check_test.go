package check

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/internal/devtools"
	"github.com/minewatch/minewatch/heuristics"
)

func TestAllowed(t *testing.T) {
	for address, want := range map[string]string{
		"https://shop.example/": "", "http://shop.example:8080/a?b": "", "http://[2001:db8::1]/": "",
		"": "only http", "shop.example": "only http", "file:///etc/passwd": "only http", "javascript:alert(1)": "only http", "chrome://settings": "only http", "data:text/html,x": "only http",
		"http://": "no host", "http:///x": "no host", "http://a\nb/": "no address", "http://%zz/": "no address", "http://x/" + strings.Repeat("a", 5000): "longer",
	} {
		err := Allowed(address)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", address, err, want)
		}
	}
}

func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34": true, "2606:4700::1111": true, "1.1.1.1": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "0.1.2.3": false,
		"224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false, "::1": false, "::": false, "fe80::1": false, "fc00::1": false, "::ffff:127.0.0.1": false,
		"::ffff:10.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false, "fec0::1": false, "ff02::1": false,
	} {
		if got := Public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is public: %v", address, got)
		}
	}
}

// ask asks for an address through a relay.
func ask(t *testing.T, r *webRelay, address string) (int, string) {
	t.Helper()
	transport := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(r.Address()) }}
	defer transport.CloseIdleConnections()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := transport.RoundTrip(q)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestRelay(t *testing.T) {
	var asked atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Proxy-Connection") != "" {
			t.Error("what was for the proxy went on")
		}
		fmt.Fprint(w, "hello "+r.Host)
	}))
	defer web.Close()
	port := web.Listener.Addr().(*net.TCPAddr).Port
	closed, err := newRelay(&Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed.Close()
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "2130706433", "127.1", "[::ffff:127.0.0.1]"} {
		code, body := ask(t, closed, fmt.Sprintf("http://%s:%d/", host, port))
		if code == http.StatusOK || asked.Load() != 0 {
			t.Errorf("%s: %d %s", host, code, body)
		}
	}
	if code, _ := ask(t, closed, fmt.Sprintf("http://127.0.0.1:%d/", port)); code != http.StatusForbidden || !strings.Contains(closed.Refusal(), "not public") || closed.Refusal() != "" {
		t.Errorf("%d, and the refusal is told once", code)
	}
	if code, body := ask(t, closed, fmt.Sprintf("https://127.0.0.1:%d/", port)); code == http.StatusOK || asked.Load() != 0 {
		t.Errorf("a tunnel: %d %s", code, body)
	}
	open, err := newRelay(&Options{AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if code, body := ask(t, open, fmt.Sprintf("http://localhost:%d/", port)); code != http.StatusOK || !strings.HasPrefix(body, "hello localhost") {
		t.Errorf("allowed: %d %s", code, body)
	}
	// Through a proxy further on, which is on this computer itself.
	chained, err := newRelay(&Options{Proxy: open.Address(), AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer chained.Close()
	if code, body := ask(t, chained, fmt.Sprintf("http://127.0.0.1:%d/", port)); code != http.StatusOK {
		t.Errorf("through a proxy: %d %s", code, body)
	}
	direct, err := http.Get(open.Address() + "/") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	direct.Body.Close()
	if direct.StatusCode != http.StatusBadRequest {
		t.Errorf("asked for a page of its own: %d", direct.StatusCode)
	}
	if _, err := newRelay(&Options{Proxy: "socks5://x"}); err == nil {
		t.Error("any proxy is taken")
	}
}

const wasmProfile = `{"startTime":1000000,"endTime":3000000,"nodes":[
 {"id":1,"callFrame":{"functionName":"(root)","scriptId":"0","url":""},"children":[2,5]},
 {"id":2,"callFrame":{"functionName":"start","scriptId":"7","url":"http://a.test/start.js"},"children":[3]},
 {"id":3,"callFrame":{"functionName":"t","scriptId":"8","url":"http://cdn.test/lib.js"},"children":[4]},
 {"id":4,"callFrame":{"functionName":"wasm-function[3]","scriptId":"9","url":"wasm://wasm/19f3490a"}},
 {"id":5,"callFrame":{"functionName":"(idle)","scriptId":"0","url":""}}],
 "samples":[4,4,3,5,99],"timeDeltas":[600000,600000,100000,700000,5]}`

func TestAProfileNamesTheScriptThatCalls(t *testing.T) {
	p, ok := parseProfile([]byte(wasmProfile))
	if !ok {
		t.Fatal("it is no profile")
	}
	tb := newTab(nil)
	got := tb.ranIn(&place{kind: "worker", url: "http://a.test/start.js", scripts: map[string]*script{"8": {url: "http://cdn.test/lib.js", hash: "ab", bytes: 12}, "9": {url: "wasm://wasm/19f3490a", wasm: true}}}, p)
	if len(got) != 1 {
		t.Fatalf("%+v, want one script", got)
	}
	r := got[0]
	if r.url != "http://cdn.test/lib.js" || r.module != "wasm://wasm/19f3490a" || r.function != "wasm-function[3]" || r.text() == nil || r.text().hash != "ab" || r.text().bytes != 12 ||
		strings.Join(r.calls, " ") != "http://a.test/start.js http://cdn.test/lib.js" {
		t.Errorf("%+v", r)
	}
	if d := r.duty(); d < 0.649 || d > 0.651 {
		t.Errorf("duty %v, want 0.65", d)
	}
	for _, bad := range []string{"", "{}", `{"startTime":5,"endTime":5}`, `{"startTime":1,"endTime":5,"samples":[1],"timeDeltas":[]}`} {
		if _, ok := parseProfile([]byte(bad)); ok {
			t.Errorf("%q passes for a profile", bad)
		}
	}
}

func TestTheMakerOfAWorkerIsFoundByWhatItCarries(t *testing.T) {
	worker := "onmessage = () => { while (performance.now() < end) sum += mix(n++); };\nfunction mix(n) { return Math.imul(n ^ 7, 0x5bd1e995) }\n"
	pieces := piece.FindAllString(worker, maxPieces)
	texts := map[string]string{
		"http://a.test/other.js": "const x = 1; function other() { return Math.imul(1, 2) }",
		"http://cdn.test/all.js": `const text = ` + fmt.Sprintf("%q", worker) + `; new Worker(URL.createObjectURL(new Blob([text])))`,
	}
	if got := find(pieces, texts); len(pieces) != 2 || got != "http://cdn.test/all.js" {
		t.Errorf("%q by %d pieces", got, len(pieces))
	}
	delete(texts, "http://cdn.test/all.js")
	if got := find(pieces, texts); got != "" {
		t.Errorf("nobody carries it, and %q is named", got)
	}
	if got := find(nil, texts); got != "" {
		t.Errorf("of no pieces %q is named", got)
	}
}

func FuzzProfile(f *testing.F) {
	f.Add([]byte(wasmProfile))
	f.Add([]byte(`{"startTime":1,"endTime":9,"nodes":[{"id":1,"children":[1]}],"samples":[1],"timeDeltas":[4]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, ok := parseProfile(data)
		if !ok {
			return
		}
		for _, r := range newTab(nil).ranIn(&place{kind: "page", url: "http://a.test/", scripts: map[string]*script{}}, p) {
			if d := r.duty(); !(d >= 0 && d <= 1) || len(r.url) > maxText || len(r.calls) > maxDepth {
				t.Errorf("duty %v, %d bytes, %d calls", d, len(r.url), len(r.calls))
			}
		}
	})
}

// silent is a line that nobody answers on.
func silent(t *testing.T) *devtools.Browser {
	t.Helper()
	in, _ := io.Pipe()
	out, w := io.Pipe()
	go func() { _, _ = io.Copy(io.Discard, out) }()
	t.Cleanup(func() { in.Close(); out.Close() })
	return &devtools.Browser{Line: devtools.NewLine(in, w, nil)}
}

// TestALoadWithoutABusyScript: a load was called mining, and each script that the profiler saw is too faint for a line.
func TestALoadWithoutABusyScript(t *testing.T) {
	faint := ran{place: &place{kind: "worker", url: "http://a.test/w.js"}, url: "http://a.test/w.js", self: 20 * time.Millisecond, of: time.Second}
	v := &visit{tab: newTab(nil), ran: []ran{faint}, loads: map[heuristics.ProcessID]*load{{PID: 1}: {severity: heuristics.MiningLike}}}
	out := Visit{FinalURL: "http://a.test/"}
	v.conclude(&out)
	if len(out.Findings) != 1 || out.Findings[0].Script != "" || len(out.Findings[0].Chain) != 1 || out.Verdict != MiningLike {
		t.Errorf("%+v", out)
	}
}

func FuzzEvents(f *testing.F) {
	attached := `{"sessionId":"S","targetInfo":{"targetId":"T","type":"worker","url":"blob:x","browserContextId":"C","parentFrameId":"F"}}`
	f.Add("Target.attachedToTarget", attached, "Debugger.paused", `{"asyncStackTrace":{"callFrames":[{"url":"http://a.test/s.js"}]}}`)
	f.Add("Target.attachedToTarget", attached, "Debugger.scriptParsed", `{"scriptId":"1","url":"wasm://wasm/1","scriptLanguage":"WebAssembly","length":-4}`)
	f.Add("Page.frameAttached", `{"frameId":"A","parentFrameId":"A"}`, "Page.frameNavigated", `{"frame":{"id":"A","parentId":"A","url":"http://a.test/"}}`)
	f.Add("Network.requestWillBeSent", `{"requestId":"1","loaderId":"1","frameId":"T","type":"Document","request":{"url":"http://u:p@a.test/x?q#f"}}`, "Network.dataReceived", `{"requestId":"1","encodedDataLength":-9}`)
	f.Add("Network.webSocketCreated", `{"url":"ws://a.test/"}`, "Tracing.dataCollected", `{"value":[{"name":"TracingStartedInBrowser","args":{}}]}`)
	f.Add("Target.targetCreated", `{"targetInfo":{"type":"page","openerId":"x","browserContextId":"C"}}`, "Browser.downloadWillBegin", `{}`)
	f.Fuzz(func(t *testing.T, m1, p1, m2, p2 string) {
		tb := newTab(silent(t))
		tb.context, tb.target, tb.session = "C", "T", "S"
		for _, e := range []devtools.Event{{Session: "S", Method: m1, Params: json.RawMessage(p1)}, {Session: "S", Method: m2, Params: json.RawMessage(p2)}} {
			tb.hear(e)
		}
		v := &visit{tab: tb, how: How{}, checker: &Checker{relay: &webRelay{}}}
		v.ran = []ran{{place: &place{kind: "worker", url: "blob:x", frame: "A"}, url: "blob:x", self: time.Second, of: 2 * time.Second}}
		v.loads = map[heuristics.ProcessID]*load{{PID: 1}: {severity: heuristics.MiningLike}}
		out := Visit{}
		v.how.Quick = true // no module is read
		v.fill(t.Context(), &out)
		v.how.Quick = false
		v.conclude(&out)
		for _, r := range out.Requests {
			if strings.ContainsAny(r.URL, "?#") && !strings.HasPrefix(r.URL, "data:") && strings.HasPrefix(r.URL, "http") {
				t.Errorf("a query was kept: %q", r.URL)
			}
		}
	})
}

func TestBudget(t *testing.T) {
	b, err := ReadBudget(strings.NewReader("fail-on: heavy\nmax-cores: 0.5\npages:\n  - url: https://shop.example/play/*\n    max-cores: 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	p := &Page{URL: "https://shop.example/", Verdict: Heavy, Sentence: "It is busy.", Visits: []Visit{{Phases: []Phase{{Cores: 0.9}}}}}
	if got := b.Over(p); len(got) != 2 || !strings.Contains(got[1], "0.90 cores") {
		t.Errorf("over budget: %q", got)
	}
	p.URL = "https://shop.example/play/chess"
	if got := b.Over(p); len(got) != 0 {
		t.Errorf("with a budget of its own: %q", got)
	}
	p.Verdict = Unknown
	if got := b.Over(p); len(got) != 1 {
		t.Errorf("unknown passes: %q", got)
	}
	for _, bad := range []string{"fail-on: mining", "max-cores: -1", "max-duty: 1.5", "typo: 1", "pages: [{url: x}]", "max-bytes: -1", "[", "pages: [{url: 'http://a.test/[', max-cores: 1}]", strings.Repeat("#", maxBudget+1)} {
		if _, err := ReadBudget(strings.NewReader(bad)); err == nil {
			t.Errorf("%.40q passes for a budget", bad)
		}
	}
}

func FuzzBudget(f *testing.F) {
	f.Add("fail-on: heavy\npages:\n  - url: https://a.example/*\n    max-duty: .3\n")
	f.Add("&a [*a]")
	f.Fuzz(func(_ *testing.T, text string) {
		b, err := ReadBudget(strings.NewReader(text))
		if err == nil {
			b.Over(&Page{URL: "https://a.example/"})
		}
	})
}

// TestBadPages opens pages that do what they can to spoil a check. Each is answered, none takes the checker with it.
func TestBadPages(t *testing.T) {
	if testing.Short() {
		t.Skip("a real browser is not short")
	}
	if _, err := devtools.Find(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	web := httptest.NewServer(http.HandlerFunc(badPage))
	defer web.Close()
	w := NewWatcher()
	defer w.Close()
	c, err := Open(t.Context(), w, Options{AllowPrivate: true, MaxBytes: 20 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, one := range []struct {
		path    string
		verdict Verdict
		reason  Reason
		look    func(*Visit) bool
	}{
		{"/hangs", Unknown, TimedOut, nil},
		{"/slow", NothingFound, "", nil},
		{"/redirects", Unknown, NotLoaded, nil},
		{"/moves", Unknown, TooMuch, nil},
		{"/login", Unknown, AsksToLogIn, nil},
		{"/forbidden", Unknown, Blocked, nil},
		{"/broken", Unknown, Blocked, nil},
		{"/none", Unknown, NotLoaded, nil},
		{"/file", Unknown, NotLoaded, nil},
		{"/big", Unknown, TooMuch, nil},
		{"/dialogs", NothingFound, "", func(v *Visit) bool { return v.Dialogs > 0 && v.Popups+v.Downloads >= 0 }},
		{"/debugger", NothingFound, "", nil},
		{"/title", NothingFound, "", nil},
		{"/blocks", NothingFound, "", nil},
		{"/quiet", NothingFound, "", func(v *Visit) bool {
			return strings.HasSuffix(v.FinalURL, "/quiet") && v.Frames == 1 && v.Status == 200
		}},
	} {
		began := time.Now()
		v := c.Visit(t.Context(), web.URL+one.path+"?secret=1", How{Front: 1500 * time.Millisecond, Hidden: -1, Load: 2 * time.Second})
		if v.Verdict != one.verdict || v.Reason != one.reason || one.look != nil && !one.look(&v) {
			v.Load = nil
			t.Errorf("%s: %+v", one.path, v)
		}
		if strings.Contains(fmt.Sprintf("%+v", v), "secret") && !strings.Contains(v.Title, "secret") {
			t.Errorf("%s: the query was kept: %+v", one.path, v)
		}
		if took := time.Since(began); took > 40*time.Second {
			t.Errorf("%s took %v", one.path, took)
		}
		if c.Ended() {
			t.Fatalf("%s took the browser with it", one.path)
		}
	}
	// A host that leads nowhere, a port that nobody listens at, an address that is none.
	for _, address := range []string{"http://nowhere.invalid/", "http://127.0.0.1:9/", "ftp://x/"} {
		if v := c.Visit(t.Context(), address, How{Front: time.Second, Hidden: -1, Load: 5 * time.Second}); v.Verdict != Unknown || v.Detail == "" {
			t.Errorf("%s: %+v", address, v)
		}
	}
	private, err := Open(t.Context(), w, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer private.Close()
	if v := private.Visit(t.Context(), web.URL+"/quiet", How{Front: time.Second, Hidden: -1}); v.Reason != Refused || !strings.Contains(v.Detail, "--allow-private") {
		t.Errorf("a private address: %+v", v)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if v := private.Visit(ctx, web.URL+"/quiet", How{}); v.Verdict != Unknown {
		t.Errorf("a visit that was stopped: %+v", v)
	}
}

func badPage(w http.ResponseWriter, r *http.Request) {
	html := func(text string) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>x</title>"+text)
	}
	pause := func(d time.Duration) {
		select {
		case <-r.Context().Done():
		case <-time.After(d):
		}
	}
	switch r.URL.Path {
	case "/hangs":
		pause(time.Minute)
	case "/slow":
		html(`<p>There is a picture that never comes.<img src="/hangs">`)
	case "/redirects":
		http.Redirect(w, r, "/redirects?"+r.URL.RawQuery+"x", http.StatusFound)
	case "/moves":
		html(`<script>location = "/moves?" + Math.random()</script>`)
	case "/login":
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	case "/forbidden":
		http.Error(w, "no", http.StatusForbidden)
	case "/broken":
		http.Error(w, "no", http.StatusServiceUnavailable)
	case "/file":
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", "attachment; filename=x.exe")
		fmt.Fprint(w, "MZ")
	case "/big":
		html(`<script>fetch("/endless").then((r) => r.blob())</script>`)
	case "/endless":
		chunk := make([]byte, 1<<20)
		for range 10 << 10 { // 10 GB
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	case "/dialogs":
		html(`<script>alert(1); confirm(2); onbeforeunload = (e) => e.preventDefault(); for (let i = 0; i < 50; i++) open("/quiet"); print();
			for (let i = 0; i < 5; i++) { const a = document.createElement("a"); a.href = "/file"; a.download = "x"; a.click(); }</script>`)
	case "/debugger":
		html(`<script>setInterval(() => { debugger; }, 10); debugger;</script>`)
	case "/title":
		html("<script>document.title = \"\\u202e\\u0007\\u001b[31mowned\\n\" + \"x\".repeat(100000)</script>")
	case "/blocks":
		html(`<script>onload = () => setTimeout(() => { const end = Date.now() + 8000; while (Date.now() < end); }, 100)</script>`)
	case "/quiet":
		html("<p>quiet")
	default:
		http.NotFound(w, r)
	}
}
