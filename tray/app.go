package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"sync"
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

// snoozeFor is what the label of the action promises.
const snoozeFor = time.Hour

// app joins the model with the desktop, the panel and the agent. One goroutine, run, owns the model; all others post
// to it.
type app struct {
	ctx     context.Context //nolint:containedctx // the app is one run of the program, and its callbacks come from C
	quit    context.CancelFunc
	model   *model
	desktop desktop
	panel   panel
	link    *link
	stderr  io.Writer
	inbox   chan func()
	// wantMenu is closed when there is a place for icon and menu.
	wantMenu chan struct{}
	wanted   sync.Once
	busy     map[string]bool // actions under way
	shown    view
	detail   string
	again    int // the attempt number when the tray is to restart itself, 0 otherwise
}

func newApp(ctx context.Context, quit context.CancelFunc, text words.Words, d desktop, stderr io.Writer) *app {
	return &app{
		ctx: ctx, quit: quit, model: newModel(text), desktop: d, stderr: stderr,
		inbox: make(chan func(), 64), wantMenu: make(chan struct{}), busy: map[string]bool{},
	}
}

// main runs the app, and the panel as soon as there is a place for it. It must be called on the main goroutine.
// It returns 0, or the attempt number when the tray is to restart itself.
func (a *app) main() int {
	var running sync.WaitGroup
	running.Go(a.run)
	defer running.Wait()
	select {
	case <-a.ctx.Done():
		return 0
	case <-a.wantMenu:
	}
	running.Go(func() {
		<-a.ctx.Done()
		a.quit() // a second signal ends the program at once, should the panel hang
		a.panel.Quit()
	})
	a.desktop.IconStarted()
	a.panel.Run()
	a.quit()
	running.Wait()
	return a.again
}

// run does all that is posted until the context ends.
func (a *app) run() {
	a.offered(a.desktop.Offers())
	a.render()
	var linking sync.WaitGroup
	linking.Go(func() { a.link.run(a.ctx) })
	defer linking.Wait()
	events := a.desktop.Events()
	for {
		select {
		case <-a.ctx.Done():
			return
		case do := <-a.inbox:
			do()
		case e := <-events:
			a.onDesktopEvent(e)
		}
		a.render()
	}
}

// labels are the words that the menu is made with.
func (a *app) labels() (l panelLabels) {
	for v := range verbCount {
		l.Verbs[v] = a.model.label(v)
	}
	l.Quit = a.model.text.Say.Quit
	return l
}

// post has the owner of the model do something.
func (a *app) post(do func()) {
	select {
	case <-a.ctx.Done():
	case a.inbox <- do:
	}
}

// render brings menu and notifications up to date.
func (a *app) render() {
	show, withdraw := a.model.take()
	for _, key := range withdraw {
		a.desktop.Withdraw(key)
	}
	if a.model.offers.Notices {
		for _, n := range show {
			a.desktop.Notify(n)
		}
	}
	a.link.counts(len(a.model.alerts))
	if v := a.model.view(); v != a.shown {
		a.shown = v
		a.panel.Show(v)
	}
}

func (a *app) onDesktopEvent(e desktopEvent) {
	switch {
	case e.Gone:
		fmt.Fprintln(a.stderr, "minewatch-tray: the desktop session ended")
		a.quit()
	case e.Again > 0:
		fmt.Fprintln(a.stderr, "minewatch-tray: the tray of this desktop does not show the icon; restarting")
		a.again = e.Again
		a.quit()
	case e.Offers != nil:
		a.offered(*e.Offers)
	case e.Verb == verbNone:
		a.model.gone(e.Key, e.Dismissed)
	default:
		a.act(e.Key, e.Verb)
	}
}

// offered takes what the desktop can show now, and reports it to the agent and on standard error.
func (a *app) offered(o offers) {
	a.model.offer(o)
	mode := api.TrayNotifications
	if o.Menu {
		mode = api.TrayMenu
		a.wanted.Do(func() { close(a.wantMenu) })
	}
	if o.Detail != "" && o.Detail != a.detail {
		fmt.Fprintln(a.stderr, "minewatch-tray: "+o.Detail)
	}
	a.detail = o.Detail
	a.link.present(api.TrayStatus{Mode: mode, Detail: o.Detail})
}

// clicked is called by the panel.
func (a *app) clicked(id string, v verb) { a.post(func() { a.act(id, v) }) }

// act does what somebody chose for an alert. The agent does the work and may refuse; what came of it is told.
func (a *app) act(id string, v verb) {
	alert, ok := a.model.alerts[id]
	key := id + " " + verbKey(v)
	switch {
	case !ok || a.busy[key]:
		return
	case v == verbDetails:
		a.model.explain(&alert)
		return
	case !verbsFor(&alert)[v]:
		return
	}
	client := a.link.agent()
	if client == nil {
		a.model.result(a.model.text.Say.Refused, a.model.text.Say.NotRunning)
		return
	}
	a.busy[key] = true
	go func() {
		said, err := a.perform(client, &alert, v)
		a.post(func() {
			delete(a.busy, key)
			if err != nil {
				a.model.result(a.model.text.Say.Refused, words.CleanSentence(err.Error()))
				return
			}
			a.model.close(id)
			a.model.result(said[0], said[1])
		})
	}()
}

// perform asks the agent and returns title and text of what came of it.
func (a *app) perform(client *api.Client, alert *api.Alert, v verb) (said [2]string, err error) {
	text := a.model.text
	switch v {
	case verbClose:
		said[0], err = words.Fill(text.Say.Closed, "who", text.Tab(alert)), client.CloseTab(a.ctx, alert.ID)
	case verbShow:
		said[0], err = words.Fill(text.Say.Shown, "who", text.Tab(alert)), client.ShowTab(a.ctx, alert.ID)
	case verbSnooze:
		said[0] = words.Fill(text.Say.Snoozed, "who", text.Who(alert))
		err = client.Snooze(a.ctx, alert.ID, snoozeFor)
	case verbUnsnooze:
		said[0], err = words.Fill(text.Say.Unsnoozed, "who", text.Who(alert)), client.Unsnooze(a.ctx, alert.ID)
	case verbAllow:
		var given api.Allowance
		given, err = client.AllowAlert(a.ctx, alert.ID, 0)
		said = allowed(text, given)
	case verbDetails, verbCount, verbNone:
	}
	return said, err
}

// allowed confirms an allowance and says how to undo it. A name that a shell might take for more than a name is not
// put into a command line that people copy.
func allowed(text words.Words, given api.Allowance) [2]string {
	what := given.Site
	if what == "" {
		what = given.Program
	}
	undo := text.Say.AllowedList
	if plain := regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9._/-]{0,78}$`); plain.MatchString(what) {
		undo = words.Fill(text.Say.AllowedUndo, "what", what)
	}
	return [2]string{words.Fill(text.Say.Allowed, "what", words.Clean(what)), undo}
}

// The listener of the link.

func (a *app) status(s api.Status)       { a.post(func() { a.model.status(&s) }) }
func (a *app) firing(alerts []api.Alert) { a.post(func() { a.model.sync(alerts) }) }
func (a *app) event(alert api.Alert)     { a.post(func() { a.model.event(alert) }) }
func (a *app) silent()                   { a.post(func() { a.model.silent() }) }
func (a *app) lost(err error)            { a.post(func() { a.model.lost(problem(err)) }) }
