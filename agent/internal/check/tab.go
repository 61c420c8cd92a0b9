package check

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/internal/devtools"
)

// What one visit remembers at most; a page can claim any number of each.
const (
	maxPlaces    = 512
	maxScripts   = 4096
	maxFrames    = 2048
	maxRequests  = 4096
	maxHosts     = 512
	maxRedirects = 20
	maxModules   = 256
	// maxText is the longest address or name that is kept, in bytes.
	maxText = 2048
	// maxMoves is how often a page may go elsewhere by itself before it is left alone.
	maxMoves = 20
)

// tab is what the debugging protocol tells of one page: its frames, its workers of every kind, their scripts and modules,
// what it asked the network for. It is built from events and never waits.
type tab struct {
	line    *devtools.Browser
	context string
	began   time.Time

	mu       sync.Mutex
	target   string // the page's
	session  string
	changed  chan struct{} // receives when something happened that a waiting visit looks at
	places   map[string]*place
	order    []*place
	frames   map[string]*frame
	scripts  int
	modules  []*Module
	requests map[string]*Request
	listed   []*Request
	loadedBy map[string]string // a script's address -> the address of what loaded it
	hosts    []string
	sockets  []string
	redirect []string
	moves    int
	status   int
	document string // the request of the page's document
	title    string
	loaded   bool
	failed   string
	crashed  bool
	tooMuch  string
	popups   int
	dialogs  int
	download int
	decoys   map[string]bool // targets of ours: the tab in front of the page
	hidden   bool
	traces   bool // new places are told of with who began them
	eye      *eye
	traced   func(json.RawMessage) // receives the first event of a trace
}

// frame is one document in the page.
type frame struct {
	id, parent, url string
	by              string // the script that put it there
	gone            bool
}

// place is where scripts run: the page or a frame that is a process of its own, or a worker.
type place struct {
	session, target, kind, url string
	// frame is the id of the frame around a worker, or of the frame itself.
	frame    string
	parent   string // session
	scripts  map[string]*script
	gone     bool
	held     bool // until its first statement
	debugged bool
}

// script is one that a place has compiled.
type script struct {
	id, url string
	wasm    bool
	bytes   int
	hash    string
	by      string // the script at the top of the stack that compiled it
	module  *Module
}

func newTab(line *devtools.Browser) *tab {
	return &tab{
		line: line, began: time.Now(), changed: make(chan struct{}, 1), places: map[string]*place{}, frames: map[string]*frame{},
		requests: map[string]*Request{}, loadedBy: map[string]string{}, decoys: map[string]bool{},
	}
}

// wake tells a waiting visit that something happened.
func (t *tab) wake() {
	select {
	case t.changed <- struct{}{}:
	default:
	}
}

// hear takes one event. It runs in the line's own goroutine and must not wait for an answer.
func (t *tab) hear(e devtools.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch domain, _, _ := strings.Cut(e.Method, "."); domain {
	case "Target", "Inspector":
		t.hearTarget(e)
	case "Page", "Browser":
		t.hearPage(e)
	case "Network":
		t.hearNetwork(e)
	case "Tracing":
		t.hearTrace(e)
	case "Debugger":
		switch e.Method {
		case "Debugger.scriptParsed":
			t.hearScript(e)
		case "Debugger.paused":
			t.hearPause(e)
		}
	}
	t.wake()
}

// targetInfo is what the browser tells of a page, frame or worker.
type targetInfo struct {
	ID       string `json:"targetId"`
	Type     string `json:"type"`
	Title    string `json:"title"`
	URL      string `json:"url"`
	Opener   string `json:"openerId"`
	Frame    string `json:"parentFrameId"`
	Context  string `json:"browserContextId"`
	Attached bool   `json:"attached"`
}

func (t *tab) hearTarget(e devtools.Event) {
	var p struct {
		Session string     `json:"sessionId"`
		Target  string     `json:"targetId"`
		Info    targetInfo `json:"targetInfo"`
		Waits   bool       `json:"waitingForDebugger"`
	}
	if json.Unmarshal(e.Params, &p) != nil {
		return
	}
	switch e.Method {
	case "Target.attachedToTarget":
		if p.Info.Context == t.context && !t.decoys[p.Info.ID] {
			t.attached(e.Session, p.Session, &p.Info)
		}
	case "Target.detachedFromTarget":
		if pl := t.places[p.Session]; pl != nil {
			pl.gone = true
		}
	case "Target.targetCreated":
		if p.Info.Context != t.context || t.decoys[p.Info.ID] {
			return
		}
		switch p.Info.Type {
		case "shared_worker", "service_worker":
			if len(t.order) < maxPlaces {
				t.line.Post("", "Target.attachToTarget", map[string]any{"targetId": p.Info.ID, "flatten": true})
			}
		case "page":
			if p.Info.Opener != "" && t.target != "" && p.Info.ID != t.target { // a window that the page opened
				t.popups++
				t.line.Post("", "Target.closeTarget", map[string]any{"targetId": p.Info.ID})
			}
		}
	case "Target.targetInfoChanged":
		for _, pl := range t.order {
			if pl.target == p.Info.ID {
				pl.url = clip(p.Info.URL)
			}
		}
		if p.Info.ID == t.target {
			t.title = clip(p.Info.Title)
		}
	case "Target.targetCrashed":
		t.crash(p.Target)
	case "Inspector.targetCrashed":
		if pl := t.places[e.Session]; pl != nil {
			t.crash(pl.target)
		}
	}
}

func (t *tab) crash(target string) {
	if target == t.target {
		t.crashed = true
	}
}

// attached makes a place ready as soon as it is there: what it compiles and asks for is told from the beginning.
func (t *tab) attached(parent, session string, info *targetInfo) {
	if len(t.order) >= maxPlaces {
		t.tooMuch = "it has more than 512 frames and workers"
		t.line.Post(session, "Runtime.runIfWaitingForDebugger", nil)
		return
	}
	pl := &place{
		session: session, target: info.ID, kind: kindOf(info.Type), url: clip(info.URL), frame: info.Frame, parent: parent, scripts: map[string]*script{},
	}
	if info.Type == "iframe" {
		pl.frame = info.ID // the id of a frame and that of its target are one
	}
	t.places[session] = pl
	t.order = append(t.order, pl)
	t.ready(pl)
}

// ready turns on what is listened to in a place.
func (t *tab) ready(pl *place) {
	post := func(method string, params any) { t.line.Post(pl.session, method, params) }
	if pl.kind == "page" || pl.kind == "frame" {
		post("Page.enable", nil)
	}
	post("Target.setAutoAttach", map[string]any{"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true})
	// Who made a worker out of text is told by the stack of its first statement alone: there it is held for a moment.
	pl.held = t.traces && pl.kind == "worker" && madeOfText(pl.url)
	if t.traces && (pl.held || pl.kind == "page" || pl.kind == "frame") {
		t.debug(pl)
	}
	// No bodies are kept.
	post("Network.enable", map[string]any{"maxTotalBufferSize": 1, "maxResourceBufferSize": 1, "maxPostDataSize": 0})
	post("Profiler.enable", nil)
	post("Profiler.setSamplingInterval", map[string]any{"interval": profileEvery.Microseconds()})
	post("Runtime.runIfWaitingForDebugger", nil)
}

// debug turns the debugger on in a place, so that stacks reach through what was waited for. It makes WebAssembly many times
// slower (a query of 1 s took 20), so it is turned off again by rest.
func (t *tab) debug(pl *place) {
	t.line.Post(pl.session, "Debugger.enable", map[string]any{"maxScriptsCacheSize": 10_000_000})
	if pl.held {
		t.line.Post(pl.session, "EventBreakpoints.setInstrumentationBreakpoint", map[string]any{"eventName": "scriptFirstStatement"})
	} else { // a page may hold a `debugger` statement, to notice a debugger or to stop it
		t.line.Post(pl.session, "Debugger.setSkipAllPauses", map[string]any{"skip": true})
	}
	t.line.Post(pl.session, "Debugger.setAsyncCallStackDepth", map[string]any{"maxDepth": 8})
	pl.debugged = true
}

// wakeDebugger turns the debugger on in pages and frames: what they begin from now on is told with who began it.
func (t *tab) wakeDebugger() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.traces = true
	for _, pl := range t.order {
		if !pl.gone && !pl.debugged && (pl.kind == "page" || pl.kind == "frame") {
			t.debug(pl)
		}
	}
}

// restDebugger turns it off everywhere, also in what comes later.
func (t *tab) restDebugger() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.traces = false
	for _, pl := range t.order {
		if pl.debugged && !pl.held {
			t.line.Post(pl.session, "Debugger.disable", nil)
			pl.debugged = false
		}
	}
}

// collectScripts has every place that runs tell all its scripts: the debugger does that when it is turned on.
func (t *tab) collectScripts(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	places := t.living()
	for _, pl := range places[max(0, len(places)-maxProfiled):] {
		wg.Go(func() {
			t.line.Post(pl.session, "Debugger.setSkipAllPauses", map[string]any{"skip": true})
			_ = t.line.Call(ctx, pl.session, "Debugger.enable", map[string]any{"maxScriptsCacheSize": 10_000_000}, nil) // who does not answer has told nothing
			t.line.Post(pl.session, "Debugger.setSkipAllPauses", map[string]any{"skip": true})
		})
	}
	wg.Wait()
}

// kindOf returns our word for the browser's.
func kindOf(target string) string {
	switch target {
	case "iframe":
		return "frame"
	case "page", "worker", "shared_worker", "service_worker":
		return target
	}
	return "worker" // worklets and what is yet to come
}

// frameInfo is what the browser tells of a frame's document.
type frameInfo struct {
	ID     string `json:"id"`
	Parent string `json:"parentId"`
	URL    string `json:"url"`
}

func (t *tab) hearPage(e devtools.Event) {
	switch e.Method {
	case "Page.frameAttached":
		var p struct {
			Frame  string `json:"frameId"`
			Parent string `json:"parentFrameId"`
			Stack  stack  `json:"stack"`
		}
		if json.Unmarshal(e.Params, &p) == nil && len(t.frames) < maxFrames {
			f := t.frame(p.Frame)
			f.parent, f.by = p.Parent, clip(p.Stack.top())
		}
	case "Page.frameNavigated":
		var p struct {
			Frame frameInfo `json:"frame"`
		}
		if json.Unmarshal(e.Params, &p) != nil || len(t.frames) >= maxFrames {
			return
		}
		f := t.frame(p.Frame.ID)
		f.url, f.gone = clip(p.Frame.URL), false
		if p.Frame.Parent != "" {
			f.parent = p.Frame.Parent
		}
		if p.Frame.ID == t.target {
			t.moves++
			if t.moves > maxMoves {
				t.tooMuch = "it goes from address to address without end"
				t.line.Post(t.session, "Page.stopLoading", nil)
			}
		}
	case "Page.frameDetached":
		var p struct {
			Frame  string `json:"frameId"`
			Reason string `json:"reason"`
		}
		if json.Unmarshal(e.Params, &p) == nil && p.Reason == "remove" {
			if f := t.frames[p.Frame]; f != nil {
				f.gone = true
			}
		}
	case "Page.loadEventFired":
		if e.Session == t.session {
			t.loaded = true
		}
	case "Page.javascriptDialogOpening":
		t.dialogs++
		t.line.Post(e.Session, "Page.handleJavaScriptDialog", map[string]any{"accept": false})
	case "Browser.downloadWillBegin":
		t.download++
	}
}

// frameTree is a frame with those below it.
type frameTree struct {
	Frame    frameInfo   `json:"frame"`
	Children []frameTree `json:"childFrames"`
}

// readFrames asks for the frames: the event that tells of the page's own document may be lost while the page moves from
// one process to another.
func (t *tab) readFrames(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var answer struct {
		Tree frameTree `json:"frameTree"`
	}
	if t.line.Call(ctx, t.session, "Page.getFrameTree", nil, &answer) != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.learn(&answer.Tree, 0)
}

func (t *tab) learn(tree *frameTree, depth int) {
	if depth > 64 || len(t.frames) >= maxFrames || tree.Frame.ID == "" {
		return
	}
	f := t.frame(tree.Frame.ID)
	f.url, f.parent = clip(tree.Frame.URL), cmp.Or(tree.Frame.Parent, f.parent)
	for i := range tree.Children {
		t.learn(&tree.Children[i], depth+1)
	}
}

func (t *tab) frame(id string) *frame {
	f := t.frames[id]
	if f == nil {
		f = &frame{id: id}
		t.frames[id] = f
	}
	return f
}

// stack is a stack of calls, as the browser tells it.
type stack struct {
	Frames []struct {
		URL string `json:"url"`
	} `json:"callFrames"`
	Parent   *stack   `json:"parent"`
	ParentID *stackID `json:"parentId"`
}

// stackID names a stack that another place keeps.
type stackID struct {
	ID       string `json:"id"`
	Debugger string `json:"debuggerId,omitempty"`
}

// farther returns the name of the stack in another place that led to this one, nil if there is none.
func (s *stack) farther() *stackID {
	for depth := 0; s != nil && depth < 32; s, depth = s.Parent, depth+1 {
		if s.ParentID != nil {
			return s.ParentID
		}
	}
	return nil
}

// top returns the address of the innermost call that has one, through what was waited for.
func (s *stack) top() string {
	for depth := 0; s != nil && depth < 32; s, depth = s.Parent, depth+1 {
		for _, f := range s.Frames {
			if f.URL != "" {
				return f.URL
			}
		}
	}
	return ""
}

func (t *tab) hearScript(e devtools.Event) {
	var p struct {
		ID       string `json:"scriptId"`
		URL      string `json:"url"`
		Hash     string `json:"hash"`
		Length   int    `json:"length"`
		Language string `json:"scriptLanguage"`
		Stack    stack  `json:"stackTrace"`
	}
	pl := t.places[e.Session]
	if pl == nil || json.Unmarshal(e.Params, &p) != nil || t.scripts >= maxScripts || pl.scripts[p.ID] != nil {
		return
	}
	t.scripts++
	s := &script{id: p.ID, url: clip(p.URL), bytes: p.Length, hash: p.Hash, wasm: p.Language == "WebAssembly", by: clip(p.Stack.top())}
	pl.scripts[p.ID] = s
	if s.wasm && len(t.modules) < maxModules {
		s.module = &Module{Name: s.url, By: s.by, In: pl.url, Bytes: s.bytes}
		t.modules = append(t.modules, s.module)
	}
}

// hearPause lets a place go on at once. At the first statement of a worker that was made of text the stack says, through
// what was waited for, which script of its maker's began it.
func (t *tab) hearPause(e devtools.Event) {
	t.line.Post(e.Session, "Debugger.setSkipAllPauses", map[string]any{"skip": true})
	t.line.Post(e.Session, "Debugger.resume", nil)
	pl := t.places[e.Session]
	var p struct {
		Async   *stack   `json:"asyncStackTrace"`
		AsyncID *stackID `json:"asyncStackTraceId"`
	}
	if pl == nil || !pl.held || json.Unmarshal(e.Params, &p) != nil {
		return
	}
	pl.held = false
	t.line.Post(e.Session, "EventBreakpoints.removeInstrumentationBreakpoint", map[string]any{"eventName": "scriptFirstStatement"})
	t.line.Post(e.Session, "Debugger.disable", nil)
	pl.debugged = false
	id := p.AsyncID
	if p.Async != nil {
		if by := p.Async.top(); by != "" && by != pl.url {
			t.loadedBy[pl.url] = clip(by)
			return
		}
		id = p.Async.farther()
	}
	if id == nil {
		return
	}
	go func() { // this goroutine of the line's must not wait for the answer
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		var answer struct {
			Stack stack `json:"stackTrace"`
		}
		if t.line.Call(ctx, pl.parent, "Debugger.getStackTrace", map[string]any{"stackTraceId": id}, &answer) != nil {
			return
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if by := answer.Stack.top(); by != "" {
			t.loadedBy[pl.url] = clip(by)
		}
	}()
}

func (t *tab) hearNetwork(e devtools.Event) {
	var p struct {
		ID        string `json:"requestId"`
		Loader    string `json:"loaderId"`
		Frame     string `json:"frameId"`
		Type      string `json:"type"`
		URL       string `json:"url"` // of a WebSocket
		Data      int64  `json:"encodedDataLength"`
		ErrorText string `json:"errorText"`
		Request   struct {
			URL    string `json:"url"`
			Method string `json:"method"`
		} `json:"request"`
		Redirect *struct {
			Status int `json:"status"`
		} `json:"redirectResponse"`
		Initiator struct {
			URL   string `json:"url"`
			Stack stack  `json:"stack"`
		} `json:"initiator"`
		Response struct {
			Status int    `json:"status"`
			MIME   string `json:"mimeType"`
		} `json:"response"`
	}
	if json.Unmarshal(e.Params, &p) != nil {
		return
	}
	r := t.requests[p.ID]
	switch e.Method {
	case "Network.requestWillBeSent":
		document := p.Type == "Document" && p.Frame == t.target && p.ID == p.Loader
		if r != nil && p.Redirect != nil {
			r.Status = p.Redirect.Status
			if document && len(t.redirect) < maxRedirects {
				t.redirect = append(t.redirect, bare(r.URL))
			}
		}
		if document {
			t.document = p.ID
		}
		t.asked(p.Request.URL)
		by := p.Initiator.Stack.top()
		if by == "" {
			by = p.Initiator.URL
		}
		if to := clip(p.Request.URL); by != "" && t.loadedBy[to] == "" && len(t.loadedBy) < maxRequests {
			t.loadedBy[to] = clip(by)
		}
		if len(t.listed) < maxRequests {
			r = &Request{Started: time.Now(), Method: clip(p.Request.Method), URL: bare(p.Request.URL), Kind: p.Type}
			t.listed = append(t.listed, r)
			t.requests[p.ID] = r
		}
	case "Network.responseReceived":
		if r != nil {
			r.Status, r.MIME = p.Response.Status, clip(p.Response.MIME)
		}
		if p.ID == t.document && t.document != "" {
			t.status = p.Response.Status
		}
	case "Network.dataReceived":
		if r != nil && p.Data > 0 {
			r.Received += p.Data
		}
	case "Network.loadingFinished":
		if r != nil {
			r.Received, r.Took = max(p.Data, r.Received), time.Since(r.Started)
		}
	case "Network.loadingFailed":
		if r != nil {
			r.Failed, r.Took = clip(p.ErrorText), time.Since(r.Started)
		}
		if p.ID == t.document && t.document != "" && t.status == 0 {
			t.failed = clip(p.ErrorText)
		}
	case "Network.webSocketCreated":
		t.asked(p.URL)
		if h := HostOf(p.URL); h != "" && !slices.Contains(t.sockets, h) && len(t.sockets) < maxHosts {
			t.sockets = append(t.sockets, h)
		}
	}
}

// hearTrace looks for the event that names the frames.
func (t *tab) hearTrace(e devtools.Event) {
	if e.Method == "Tracing.tracingComplete" && t.traced != nil {
		t.traced(nil)
		return
	}
	var p struct {
		Value []struct {
			Name string          `json:"name"`
			Args json.RawMessage `json:"args"`
		} `json:"value"`
	}
	if e.Method != "Tracing.dataCollected" || t.traced == nil || json.Unmarshal(e.Params, &p) != nil {
		return
	}
	for _, v := range p.Value {
		if v.Name == "TracingStartedInBrowser" {
			t.traced(v.Args)
		}
	}
}

func (t *tab) asked(address string) {
	if h := HostOf(address); h != "" && !slices.Contains(t.hosts, h) && len(t.hosts) < maxHosts {
		t.hosts = append(t.hosts, h)
	}
}

// await waits until done says so, which is called with the tab locked; it reports false where ctx ended before.
func (t *tab) await(ctx context.Context, done func() bool) bool {
	for {
		t.mu.Lock()
		ok := done()
		t.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-t.line.Closed():
			return false
		case <-t.changed:
		}
	}
}

// lost reports why nothing more can come of the page, "" while something can.
func (t *tab) lost() (Reason, string) {
	switch {
	case t.crashed:
		return EndedEarly, "the tab crashed"
	case t.tooMuch != "":
		return TooMuch, t.tooMuch
	}
	return "", ""
}

// living returns the places that still run.
func (t *tab) living() []*place {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []*place
	for _, pl := range t.order {
		if !pl.gone {
			out = append(out, pl)
		}
	}
	return out
}

func clip(s string) string {
	if len(s) > maxText {
		return strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// HostOf returns the host of an address of the web, without its port; "" for addresses that lead to no host.
func HostOf(address string) string {
	if u := webAddress(address); u != nil {
		return strings.ToLower(u.Hostname())
	}
	return ""
}

// webAddress returns an address of the web, nil for any other.
func webAddress(address string) *url.URL {
	u, err := url.Parse(clip(address))
	if err != nil || !slices.Contains([]string{"http", "https", "ws", "wss"}, u.Scheme) {
		return nil
	}
	return u
}

// bare returns an address without its query and fragment, which hold what is private; of text that is its own address only
// the kind is left.
func bare(address string) string {
	if u := webAddress(address); u != nil {
		u.RawQuery, u.Fragment, u.User = "", "", nil
		u.ForceQuery = false
		return u.String()
	}
	u, err := url.Parse(clip(address))
	switch {
	case err != nil:
		return ""
	case u.Scheme == "data":
		return "data:"
	}
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		address = address[:i]
	}
	return clip(address)
}
