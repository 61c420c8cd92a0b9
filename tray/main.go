// Command minewatch-tray shows minewatch's alerts on the desktop: an icon with a menu, and notifications.
//
// It only shows what the agent says and passes on what the user chooses; it does not judge or measure.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

// version is set by the linker: -X main.version=1.2.3.
var version = "development"

// options are the flags.
type options struct {
	socket, lang string
	version      bool
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	case o.version:
		fmt.Println("minewatch-tray " + version)
		return
	}
	again, err := run(o)
	if again > 0 && err == nil {
		err = restart(again)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "minewatch-tray: "+err.Error())
		os.Exit(1)
	}
}

// languages lists what --lang takes.
func languages() string {
	var all []string
	for _, l := range words.Languages() {
		all = append(all, string(l))
	}
	return strings.Join(all, ", ")
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("minewatch-tray", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&o.socket, "socket", "", "path of the agent's local API (default: the usual places)")
	f.StringVar(&o.lang, "lang", "", "language: "+languages()+" (default: as the environment says)")
	f.BoolVar(&o.version, "version", false, "print the version and exit")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 || (o.lang != "" && !slices.Contains(words.Languages(), words.Lang(o.lang))) {
		err := fmt.Errorf("wrong usage: --lang takes %s, and there are no arguments; see minewatch-tray --help", languages())
		fmt.Fprintln(out, "minewatch-tray: "+err.Error())
		return o, err
	}
	return o, nil
}

// run shows alerts until it is told to stop, and returns which try it is if the tray is to start again. It must be called
// on the main goroutine, where GTK wants its loop.
func run(o options) (again int, err error) {
	ctx, quit := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer quit()
	d, err := openDesktop(ctx)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	tidy, err := iconFolder()
	if err != nil {
		return 0, err
	}
	defer tidy()
	lang := words.Lang(o.lang)
	if lang == "" {
		lang = words.Choose(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), cmp.Or(os.Getenv("LANG"), systemLanguage()))
	}
	a := newApp(ctx, quit, words.In(lang), d, os.Stderr)
	a.panel = newPanel(a.labels(), a.clicked, quit)
	a.link = &link{to: a, find: api.Find}
	if o.socket != "" {
		a.link.find = func(ctx context.Context) (*api.Client, error) {
			c := api.New(o.socket)
			_, err := c.Status(ctx)
			return c, err
		}
	}
	return a.main(), nil
}
