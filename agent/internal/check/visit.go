package check

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/agent/internal/attribution"
	"github.com/minewatch/minewatch/agent/internal/buildinfo"
	"github.com/minewatch/minewatch/agent/internal/devtools"
	"github.com/minewatch/minewatch/agent/internal/pipeline"
	"github.com/minewatch/minewatch/agent/internal/trace"
	"github.com/minewatch/minewatch/heuristics"
)

// The names of phases.
const (
	phaseFront   = "front"
	phaseClicked = "clicked"
	phaseHidden  = "hidden"
)

const (
	// profileFrom is the demand of the page's processes, in cores, from which the profiler is asked who it is, and
	// profileAgain the least time between two questions.
	profileFrom  = 0.04
	profileAgain = 6 * time.Second
	// suspectFrom is the demand of a quick visit's workers, or of the page's own thread less its drawing, from which it
	// deserves a long one; below it no load of the recordings was called anything.
	suspectFrom = 0.08
	// begins is the time of a phase in which most of what it brings has begun: then the debugger is turned off.
	begins = 4 * time.Second
	// settle is the time after loading that says nothing: every page is busy then.
	settle = 2 * time.Second
	// maxFindings bounds the findings of a visit.
	maxFindings = 16
)

// visit is one opening of a page.
type visit struct {
	checker *Checker
	how     How
	tab     *tab
	began   time.Time

	mu      sync.Mutex
	phase   string
	phases  []Phase
	points  []Point
	loads   map[heuristics.ProcessID]*load
	asked   map[heuristics.ProcessID]time.Time
	ask     chan heuristics.ProcessID
	news    chan struct{}
	tracing sync.Mutex
	frames  map[heuristics.ProcessID][]heuristics.Frame // of the processes that were asked about
	ran     []ran
	drew    map[heuristics.ProcessID]int // ticks in front in which a page's own thread drew what it worked on
	memory  uint64
	at      time.Duration // of the snapshot before
	threads threadUse
	sum     phaseSum
	quick   quickSum
	shot    []byte
	refusal string
}

// load is what the detector says of one process of the page.
type load struct {
	finding  Finding
	severity heuristics.Severity
	site     string
	full     bool    // it does not throttle itself, as a proof of work does that somebody waits for
	began    float64 // when the load began, and when it was last seen, in seconds since the address was opened
	last     float64
}

// phaseSum adds up the load of a phase.
type phaseSum struct {
	from          float64
	cores, demand float64
	n             int
}

// quickSum is what a quick visit looks at.
type quickSum struct {
	workers, main float64 // cores, the highest mean of any process
	confidence    float64
}

func (v *visit) run(ctx context.Context, address string) Visit {
	v.began = time.Now()
	v.loads, v.asked, v.drew = map[heuristics.ProcessID]*load{}, map[heuristics.ProcessID]time.Time{}, map[heuristics.ProcessID]int{}
	v.frames = map[heuristics.ProcessID][]heuristics.Frame{}
	v.ask, v.news = make(chan heuristics.ProcessID, 8), make(chan struct{}, 1)
	b := v.checker.browser
	b.Hear(v.tab.hear)
	defer b.Hear(nil)
	if err := v.open(ctx); err != nil {
		return unknown(NoBrowser, err.Error())
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if b.Call(ctx, "", "Target.disposeBrowserContext", map[string]any{"browserContextId": v.tab.context}, nil) != nil {
			b.Kill() // it hangs: whoever comes next needs another
		}
	}()
	stop := v.watch(ctx)
	out := v.look(ctx, address)
	stop()
	v.fill(ctx, &out)
	return out
}

// open makes a context and an empty page in it.
func (v *visit) open(ctx context.Context) error {
	b, t := v.checker.browser, v.tab
	var made struct {
		Context string `json:"browserContextId"`
		Target  string `json:"targetId"`
		Session string `json:"sessionId"`
	}
	if err := b.Call(ctx, "", "Target.createBrowserContext", map[string]any{"disposeOnDetach": true}, &made); err != nil {
		return err
	}
	t.mu.Lock()
	t.context = made.Context
	t.mu.Unlock()
	err := b.Call(ctx, "", "Browser.setDownloadBehavior", map[string]any{"behavior": "deny", "browserContextId": made.Context, "eventsEnabled": true}, nil)
	if err != nil {
		return err
	}
	err = b.Call(ctx, "", "Target.createTarget", map[string]any{
		"url": "about:blank", "browserContextId": made.Context, "width": v.checker.options.Width, "height": v.checker.options.Height, "newWindow": true,
	}, &made)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.target = made.Target
	t.mu.Unlock()
	if err := b.Call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": made.Target, "flatten": true}, &made); err != nil {
		return err
	}
	t.mu.Lock()
	t.session = made.Session
	t.mu.Unlock()
	if ua := v.checker.options.UserAgent; ua != "" {
		b.Post(made.Session, "Emulation.setUserAgentOverride", map[string]any{"userAgent": ua})
	}
	return nil
}

// look leads the page through the phases.
func (v *visit) look(ctx context.Context, address string) Visit {
	t := v.tab
	if out, ok := v.load(ctx, address); !ok {
		return out
	}
	if v.how.WaitFor != "" {
		limit, cancel := context.WithTimeout(ctx, v.how.Load)
		found := v.untilThere(limit, v.how.WaitFor)
		cancel()
		if !found {
			return unknown(NotSeen, fmt.Sprintf("nothing on the page matches %q", v.how.WaitFor))
		}
	}
	v.begin(phaseFront)
	v.dwell(ctx, v.how.Front)
	if v.how.Screenshot {
		v.shoot(ctx)
	}
	if v.how.Click != "" && !v.done() {
		if !v.how.Quick {
			v.tab.wakeDebugger()
		}
		switch err := v.click(ctx); {
		case err == nil:
			v.begin(phaseClicked)
			v.dwell(ctx, v.how.Front)
		case !v.how.ClickIfThere:
			return unknown(NotSeen, err.Error())
		}
	}
	if v.how.Hidden > 0 && !v.done() && ctx.Err() == nil {
		if !v.how.Quick {
			v.tab.wakeDebugger()
		}
		if err := v.hide(ctx); err == nil {
			v.begin(phaseHidden)
			v.dwell(ctx, v.how.Hidden)
		}
	}
	v.begin("")
	t.mu.Lock()
	defer t.mu.Unlock()
	reason, detail := t.lost()
	switch {
	case reason != "":
		return unknown(reason, detail)
	case v.checker.Ended():
		return unknown(NoBrowser, "the browser ended while the page was open")
	case ctx.Err() != nil:
		return unknown(EndedEarly, "it was stopped before its time")
	}
	return Visit{Verdict: NothingFound}
}

// load opens the address and waits until it has loaded.
func (v *visit) load(ctx context.Context, address string) (Visit, bool) {
	t := v.tab
	limit, cancel := context.WithTimeout(ctx, v.how.Load)
	defer cancel()
	var answer struct {
		Error    string `json:"errorText"`
		Download bool   `json:"isDownload"`
	}
	err := t.line.Call(limit, t.session, "Page.navigate", map[string]any{"url": address}, &answer)
	switch {
	case err != nil && v.checker.Ended():
		return unknown(NoBrowser, "the browser ended"), false
	case err != nil && limit.Err() != nil:
		return unknown(TimedOut, fmt.Sprintf("nothing came within %v", v.how.Load)), false
	case err != nil:
		return unknown(NotLoaded, err.Error()), false
	case answer.Download:
		return unknown(NotLoaded, "the address is a download, not a page"), false
	case answer.Error != "":
		return v.notLoaded(answer.Error), false
	}
	t.await(limit, func() bool {
		reason, _ := t.lost()
		return t.loaded || reason != "" || t.failed != ""
	})
	t.readFrames(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if reason, detail := t.lost(); reason != "" {
		return unknown(reason, detail), false
	}
	switch {
	case t.failed != "" && t.status == 0:
		return v.notLoaded(t.failed), false
	case t.status == 403 && v.refused() != "":
		return unknown(Refused, v.refusal), false
	case t.status == 401, t.status == 407:
		return unknown(AsksToLogIn, fmt.Sprintf("the server answered %d", t.status)), false
	case t.status == 403, t.status == 429, t.status == 451, t.status >= 500:
		return unknown(Blocked, fmt.Sprintf("the server answered %d", t.status)), false
	case t.status >= 400:
		return unknown(NotLoaded, fmt.Sprintf("the server answered %d", t.status)), false
	}
	// A page that loads for ever is still a page: it is watched, and what keeps it loading is no reason to say nothing.
	return Visit{}, true
}

// notLoaded puts the browser's word for an error of the network into a sentence.
func (v *visit) notLoaded(word string) Visit {
	switch {
	case v.refused() != "":
		return unknown(Refused, v.refusal)
	case strings.Contains(word, "INVALID_AUTH"), strings.Contains(word, "PROXY_AUTH"):
		return unknown(AsksToLogIn, "the proxy asks for a password")
	case strings.Contains(word, "TOO_MANY_REDIRECTS"):
		return unknown(NotLoaded, "it redirects without end")
	case strings.Contains(word, "ABORTED"):
		return unknown(NotLoaded, "it is no page that a browser shows")
	}
	return unknown(NotLoaded, "the browser says "+word)
}

// refused returns why the relay let the page's address through to nobody, "" if it did.
func (v *visit) refused() string {
	if said := v.checker.relay.Refusal(); said != "" {
		v.refusal = said
	}
	return v.refusal
}

// begin ends the present phase and begins the next; "" for none.
func (v *visit) begin(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.since()
	if v.phase != "" {
		p := Phase{Name: v.phase, FromS: round(v.sum.from), ToS: round(now)}
		if n := float64(v.sum.n); n > 0 {
			p.Cores, p.Demand = round(v.sum.cores/n), round(v.sum.demand/n)
		}
		v.phases = append(v.phases, p)
	}
	v.phase, v.sum = name, phaseSum{from: now}
	for id := range v.asked { // the answers must say anew what is in front
		delete(v.asked, id)
	}
}

func (v *visit) since() float64 { return time.Since(v.began).Seconds() }

// dwell waits while the page is watched, until a clear case is proven, or nothing more can be seen. While the page is busy
// the profiler is asked who it is.
func (v *visit) dwell(ctx context.Context, length time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, length)
	var (
		profiled time.Time
		asks     sync.WaitGroup
	)
	defer asks.Wait()
	defer cancel() // before it is waited for them
	began := time.Now()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-v.checker.browser.Closed():
			return
		case id := <-v.ask:
			asks.Go(func() { v.askFrames(ctx, id) }) // the profiler may be at work meanwhile
		case <-v.news:
		case <-tick.C:
		}
		if v.over() || v.done() {
			return
		}
		if time.Since(began) >= begins {
			v.tab.restDebugger()
		}
		if !v.how.Quick && v.demand() >= profileFrom && time.Since(profiled) >= profileAgain {
			found := v.tab.profile(ctx, profileFor)
			profiled = time.Now()
			v.keep(found)
		}
	}
}

// over reports whether nothing more can be seen of the page.
func (v *visit) over() bool {
	v.tab.mu.Lock()
	if v.checker.relay.over() && v.tab.tooMuch == "" {
		v.tab.tooMuch = "it loads more than " + size(v.checker.options.MaxBytes)
	}
	reason, _ := v.tab.lost()
	v.tab.mu.Unlock()
	if reason != "" {
		return true
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.memory > uint64(v.checker.options.MaxMemory) { //nolint:gosec // it is positive
		v.tab.mu.Lock()
		v.tab.tooMuch = "it uses more than " + size(v.checker.options.MaxMemory) + " of memory"
		v.tab.mu.Unlock()
		return true
	}
	return false
}

// done reports whether it is clear already: a load that looks like mining whose script is known.
func (v *visit) done() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.how.Quick {
		return v.quick.confidence >= 0.9
	}
	for _, l := range v.loads {
		if l.severity == heuristics.MiningLike && !v.mayBeGate(l) && v.named(l) && len(v.ran) > 0 && v.ran[0].duty() >= busyDuty {
			return true
		}
	}
	return false
}

// named reports whether it is known whose process a load is in, or the browser had time enough to tell.
func (v *visit) named(l *load) bool { return l.site != "" || l.last-l.finding.AtS > 5 }

// mayBeGate reports whether a load may yet turn out to be a proof of work that lets visitors in when it is done: it takes
// all it can get, and has not lasted longer than the slowest of them did (public reports: 4 to 12 s, on slow computers
// longer). It is one if it ended by itself, not because the page was hidden.
func (v *visit) mayBeGate(l *load) bool { return l.full && l.last-l.began < gateLasts }

// endedByItself reports whether a load ended before the visit did, and not at the turn of a phase.
func (v *visit) endedByItself(l *load) bool {
	if len(v.phases) == 0 || v.phases[len(v.phases)-1].ToS-l.last < 4 {
		return false
	}
	for _, p := range v.phases {
		if l.last >= p.FromS-1.5 && l.last <= p.FromS+3.5 && p.Name != phaseFront {
			return false
		}
	}
	return true
}

// demand is the load of the page's processes at the last tick.
func (v *visit) demand() float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.points) == 0 {
		return 0
	}
	p := v.points[len(v.points)-1]
	return max(p.Cores, p.Demand)
}

// keep adds the findings of a profile to those before: of one script in one place the busiest counts.
func (v *visit) keep(found []ran) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range found {
		if r.duty() < busyDuty/3 {
			continue
		}
		i := slices.IndexFunc(v.ran, func(o ran) bool { return o.place == r.place && o.url == r.url })
		switch {
		case i < 0 && len(v.ran) < maxScripts:
			v.ran = append(v.ran, r)
		case i >= 0 && r.duty() > v.ran[i].duty():
			v.ran[i] = r
		}
	}
	slices.SortStableFunc(v.ran, func(a, b ran) int { return cmp.Compare(b.duty(), a.duty()) })
}

// watch judges the browser's processes until the returned function is called.
func (v *visit) watch(ctx context.Context) (stop func()) {
	w := v.checker.watcher
	e := w.open(v.checker.browser.PID(), func(id heuristics.ProcessID) {
		select {
		case v.ask <- id:
		default: // it asks again
		}
	})
	source := e.source()
	if v.how.Record != nil {
		source = trace.Record(source, v.how.Record, trace.Header{
			Started: v.began.UTC().Truncate(time.Millisecond), Cores: runtime.NumCPU(), IntervalMS: w.interval.Milliseconds(), OS: runtime.GOOS, Agent: buildinfo.Version,
		})
	}
	v.tab.mu.Lock()
	v.tab.eye = e
	v.tab.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// A recording that cannot be written ends the judging; the visit's end says so by its empty load.
		_ = pipeline.Run(context.WithoutCancel(ctx), source, heuristics.NewDetector(heuristics.Config{}), alert.NewManager("check", nil, nil), v.observe)
	}()
	return func() {
		w.close(e)
		<-ended
	}
}

// observe takes one tick of the pipeline.
func (v *visit) observe(tick pipeline.Tick) {
	v.mu.Lock()
	defer v.mu.Unlock()
	at := v.since()
	p := Point{AtS: round(at), Threads: map[string]float64{}}
	page := map[heuristics.ProcessID]bool{}
	for i := range tick.Findings {
		f := &tick.Findings[i].Verdict
		in := f.Subject.Info.Browser
		if in == nil || f.Subject.Kind != heuristics.SubjectProcess || in.Role != heuristics.RoleRenderer {
			continue
		}
		p.Cores += f.Now
		p.Demand += orZero(f.Features.Demand)
		if v.phase != "" {
			v.judge(f, tick.Findings[i].Owner, at)
		}
		page[f.Subject.Process] = true
	}
	dt := (tick.Snapshot.At - v.at).Seconds()
	v.at = tick.Snapshot.At
	for i := range tick.Snapshot.Processes {
		one := &tick.Snapshot.Processes[i]
		v.memory = max(v.memory, one.Resident)
		if page[one.ID] {
			v.threads.add(p.Threads, one, dt)
		}
	}
	p.Cores, p.Demand = round(p.Cores), round(max(p.Cores, p.Demand))
	if len(p.Threads) == 0 {
		p.Threads = nil
	}
	v.points = append(v.points, p)
	v.sum.cores += p.Cores
	v.sum.demand += p.Demand
	v.sum.n++
	select {
	case v.news <- struct{}{}:
	default:
	}
}

// judge remembers what the detector says of a process of the page.
func (v *visit) judge(f *heuristics.Verdict, owner attribution.Owner, at float64) {
	if at >= v.sum.from+settle.Seconds() || v.phase != phaseFront {
		v.quick.workers = max(v.quick.workers, orZero(f.Features.WorkerCores))
		if !(f.Features.DrawShare > 0.01) {
			v.quick.main = max(v.quick.main, orZero(f.Features.MainShare)*f.Features.Cores)
		}
	}
	l := v.loads[f.Subject.Process]
	if v.phase != phaseHidden && f.Features.MainShare >= 0.5 && f.Features.DrawShare >= drawsFrom && f.Features.DrawCores >= drawsFrom/2 {
		v.drew[f.Subject.Process]++
	}
	if l != nil && f.Now >= max(0.03, l.finding.Cores/4) {
		l.last = at
	}
	if f.State != heuristics.Suspected {
		return
	}
	if l == nil {
		if len(v.loads) >= maxFindings {
			return
		}
		l = &load{}
		v.loads[f.Subject.Process] = l
	}
	better := l.severity == heuristics.SeverityNone || l.severity != heuristics.MiningLike && f.Severity == heuristics.MiningLike
	if better {
		l.severity = f.Severity
		l.finding = Finding{AtS: round(at), Phase: v.phase}
		l.began, l.last, l.full = at-f.Features.Busy.Seconds(), at, f.Features.Unthrottled()
	}
	if f.Severity == l.severity && (better || f.Confidence > l.finding.Confidence) {
		l.finding.Confidence, l.finding.Cores = round(f.Confidence), round(max(f.Features.Cores, orZero(f.Features.Demand)))
		l.finding.Evidence = nil
		for _, e := range f.Evidence {
			l.finding.Evidence = append(l.finding.Evidence, Evidence{Rule: string(e.Rule), Text: e.Text, Weight: round(e.Weight)})
		}
	}
	l.site = cmp.Or(owner.Site, l.site)
	v.quick.confidence = max(v.quick.confidence, f.Confidence)
}

// hide puts another tab in front of the page.
func (v *visit) hide(ctx context.Context) error {
	t := v.tab
	var made struct {
		Target string `json:"targetId"`
	}
	err := t.line.Call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": t.context}, &made)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.decoys[made.Target], t.hidden = true, true
	t.mu.Unlock()
	return t.line.Call(ctx, "", "Target.activateTarget", map[string]any{"targetId": made.Target}, nil)
}

// untilThere waits until something on the page matches a selector.
func (v *visit) untilThere(ctx context.Context, selector string) bool {
	for ctx.Err() == nil {
		if _, err := v.find(ctx, selector); err == nil {
			return true
		}
		if !sleep(ctx, 250*time.Millisecond) {
			return false
		}
	}
	return false
}

// find returns the middle of what matches a selector, after scrolling it into view, without running any script in the
// page.
func (v *visit) find(ctx context.Context, selector string) (at [2]float64, err error) {
	t := v.tab
	var root struct {
		Root struct {
			ID int `json:"nodeId"`
		} `json:"root"`
		ID int `json:"nodeId"`
	}
	if err := t.line.Call(ctx, t.session, "DOM.getDocument", map[string]any{"depth": 0}, &root); err != nil {
		return at, err
	}
	err = t.line.Call(ctx, t.session, "DOM.querySelector", map[string]any{"nodeId": root.Root.ID, "selector": selector}, &root)
	if err != nil {
		return at, fmt.Errorf("%q is no selector that the browser knows: %w", selector, err)
	}
	if root.ID == 0 {
		return at, fmt.Errorf("nothing on the page matches %q", selector)
	}
	t.line.Post(t.session, "DOM.scrollIntoViewIfNeeded", map[string]any{"nodeId": root.ID})
	var box struct {
		Quads [][]float64 `json:"quads"`
	}
	err = t.line.Call(ctx, t.session, "DOM.getContentQuads", map[string]any{"nodeId": root.ID}, &box)
	if err != nil || len(box.Quads) == 0 || len(box.Quads[0]) < 8 {
		return at, fmt.Errorf("what matches %q is not shown", selector)
	}
	q := box.Quads[0]
	return [2]float64{(q[0] + q[2] + q[4] + q[6]) / 4, (q[1] + q[3] + q[5] + q[7]) / 4}, nil
}

// click clicks as a person would: with the mouse.
func (v *visit) click(ctx context.Context) error {
	limit, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	at, err := v.find(limit, v.how.Click)
	if err != nil {
		return err
	}
	for _, kind := range []string{"mouseMoved", "mousePressed", "mouseReleased"} {
		p := map[string]any{"type": kind, "x": at[0], "y": at[1]}
		if kind != "mouseMoved" {
			p["button"], p["clickCount"] = "left", 1
		}
		if err := v.tab.line.Call(limit, v.tab.session, "Input.dispatchMouseEvent", p, nil); err != nil {
			return err
		}
	}
	return nil
}

// shoot takes a screenshot.
func (v *visit) shoot(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var answer struct {
		Data string `json:"data"`
	}
	if v.tab.line.Call(ctx, v.tab.session, "Page.captureScreenshot", map[string]any{"format": "png"}, &answer) != nil {
		return
	}
	picture, err := base64.StdEncoding.DecodeString(answer.Data)
	if err != nil || len(picture) > 8<<20 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shot = picture
}

// askFrames asks the browser which frames and workers live in a process, and tells the detector.
func (v *visit) askFrames(ctx context.Context, id heuristics.ProcessID) {
	v.tracing.Lock() // one question at a time
	defer v.tracing.Unlock()
	v.mu.Lock()
	fresh := time.Since(v.asked[id]) < 8*time.Second
	v.asked[id] = time.Now()
	v.mu.Unlock()
	if fresh {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	in, err := v.tab.framesByProcess(ctx)
	if err != nil {
		in = map[int32][]heuristics.Frame{} // the page itself is still known
	}
	frames := in[id.PID]
	if len(frames) == 0 {
		frames = v.tab.framesAtLarge()
	}
	v.tab.mu.Lock()
	e := v.tab.eye
	v.tab.mu.Unlock()
	// Whether somebody is there is not said, nor that the page has the keyboard: nobody uses this browser, and what a page
	// does for somebody who waits for it is told apart in mayBeGate.
	e.answer(heuristics.Renderer{Process: id, Frames: frames})
	v.mu.Lock()
	defer v.mu.Unlock()
	v.frames[id] = frames
}

// drawsFrom is the share of its work from which a page's own thread draws, and drewLong the ticks of drawing in front after
// which the same work is explained where it goes on out of sight: somebody left it to its end.
const (
	drawsFrom = 0.01
	drewLong  = 6
)

// gateLasts is the time, in seconds, after which what does not throttle itself is no gate that anybody would wait for.
const gateLasts = 28

// round rounds a figure, which may be unknown, for an answer.
func round(x float64) float64 { return alert.Round(orZero(x), 1000) }

func orZero(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

// errNoFrames is the error of a browser that tells nothing of its frames.
var errNoFrames = errors.New("the browser did not tell which process runs which frame")

// framesByProcess asks the browser which process runs which frame: its tracing says so at the beginning.
func (t *tab) framesByProcess(ctx context.Context) (map[int32][]heuristics.Frame, error) {
	got := make(chan json.RawMessage, 1)
	t.mu.Lock()
	t.traced = func(data json.RawMessage) {
		select {
		case got <- data:
		default:
		}
	}
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		t.traced = nil
		t.mu.Unlock()
	}()
	err := t.line.Call(ctx, t.session, "Tracing.start", map[string]any{
		"transferMode": "ReportEvents",
		"traceConfig": map[string]any{
			"recordMode": "recordUntilFull", "traceBufferSizeInKb": 512, "includedCategories": []string{"disabled-by-default-devtools.timeline"}, "excludedCategories": []string{"*"},
		},
	}, nil)
	if err != nil {
		return nil, err
	}
	if err := t.line.Call(ctx, t.session, "Tracing.end", nil, nil); err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-t.line.Closed():
		return nil, devtools.ErrClosed
	case data := <-got:
		return t.framesIn(data)
	}
}

// framesIn reads the frames of a trace's first event.
func (t *tab) framesIn(data json.RawMessage) (map[int32][]heuristics.Frame, error) {
	var event struct {
		Data struct {
			Frames []struct {
				Process int32  `json:"processId"`
				Main    bool   `json:"isOutermostMainFrame"`
				URL     string `json:"url"`
			} `json:"frames"`
		} `json:"data"`
	}
	if json.Unmarshal(data, &event) != nil || len(event.Data.Frames) == 0 {
		return nil, errNoFrames
	}
	top := ""
	for _, f := range event.Data.Frames {
		if f.Main {
			top = originOf(f.URL)
		}
	}
	out := map[int32][]heuristics.Frame{}
	t.mu.Lock()
	hidden := t.hidden
	t.mu.Unlock()
	for i, f := range event.Data.Frames {
		if i >= maxFrames {
			break
		}
		out[f.Process] = append(out[f.Process], heuristics.Frame{Tab: 1, Frame: int64(i), Origin: originOf(f.URL), TopOrigin: top, Hidden: hidden})
	}
	return out, nil
}

// framesAtLarge are the page's frames where it is not known which process runs them: of a worker that pages share for one.
func (t *tab) framesAtLarge() []heuristics.Frame {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.frames[t.target]; f != nil {
		o := originOf(f.url)
		return []heuristics.Frame{{Tab: 1, Origin: o, TopOrigin: o, Hidden: t.hidden}}
	}
	return nil
}
