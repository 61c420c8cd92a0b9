package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/minewatch/minewatch/agent/internal/usage"

	"github.com/spf13/cobra"

	"github.com/minewatch/minewatch/agent/api/words"
	"github.com/minewatch/minewatch/agent/internal/check"
	"github.com/minewatch/minewatch/agent/internal/patrol"
	"github.com/minewatch/minewatch/agent/internal/patrol/letters"
	"github.com/minewatch/minewatch/agent/internal/patrol/results"
)

// notifyFlags are the flags of notify.
type notifyFlags struct {
	lang, proxy            string
	heavy, lookUp, private bool
}

func notifyCommand() *cobra.Command {
	var f notifyFlags
	c := &cobra.Command{
		Use:   "notify DIR",
		Short: "Write a letter to the administrator of each page that was found; nothing is sent",
		Long: "Write a letter about each page that was found mining_like into DIR/letters, in the words of symptoms and consent. Nothing is sent. " +
			"Where an administrator may be reached is asked for only with --look-up.",
		Args: these("folder of a run"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.lang != "en" && f.lang != "ja" && f.lang != "both" {
				return usage.Error(c, errors.New("--lang is en, ja or both"))
			}
			return notify(c, args[0], &f)
		},
	}
	s := c.Flags()
	s.StringVar(&f.lang, "lang", "both", "the language: en, ja or both")
	s.BoolVar(&f.heavy, "heavy", false, "write about pages that are heavy too")
	s.BoolVar(&f.lookUp, "look-up", false, "ask where administrators may be reached: the site's security.txt over https, and WHOIS")
	s.StringVar(&f.proxy, "proxy", "", "ask through this proxy, `http://host:port`; WHOIS cannot be asked through one and is left out")
	s.BoolVar(&f.private, "allow-private", false, "ask at addresses that are not public too")
	return c
}

func notify(c *cobra.Command, dir string, f *notifyFlags) error {
	ctx := c.Context()
	store, err := results.OpenRead(ctx, dir)
	if err != nil {
		return err
	}
	defer store.Close()
	look, err := f.looker()
	if err != nil {
		return err
	}
	out := filepath.Join(dir, "letters")
	if err := os.MkdirAll(out, 0o700); err != nil {
		return err
	}
	verdicts := []check.Verdict{check.MiningLike}
	if f.heavy {
		verdicts = append(verdicts, check.Heavy)
	}
	n := 0
	for p, err := range store.Pages(ctx, verdicts...) {
		if err != nil {
			return err
		}
		to := ""
		if look != nil {
			if to, err = look(ctx, p); err != nil {
				fmt.Fprintf(c.ErrOrStderr(), "%s: %s\n", words.CleanSentence(p.URL), words.CleanError(err))
			}
		}
		for _, l := range []letters.Lang{letters.English, letters.Japanese} {
			if f.lang != "both" && f.lang != string(l) {
				continue
			}
			file := filepath.Join(out, fmt.Sprintf("%06d.%s.txt", p.N, l))
			if err := os.WriteFile(file, []byte(to+letters.Write(p, l)), 0o600); err != nil {
				return fmt.Errorf("the letter cannot be written: %w", err)
			}
			n++
		}
	}
	fmt.Fprintf(c.OutOrStdout(), "%d letters are in %s. Nothing was sent.\n", n, words.CleanText(out))
	return nil
}

// looker returns what finds a page's contacts, as lines for the top of a letter; nil if it is not to be asked.
func (f *notifyFlags) looker() (func(context.Context, *results.Page) (string, error), error) {
	if !f.lookUp {
		return nil, nil //nolint:nilnil // nothing is asked
	}
	client, err := patrol.NewClient(f.proxy, f.private)
	if err != nil {
		return nil, err
	}
	dial := check.Dialer(f.private).DialContext
	if f.proxy != "" {
		dial = nil
	}
	return func(ctx context.Context, p *results.Page) (string, error) {
		found, err := letters.Look(ctx, client, dial, p.URL, patrol.UserAgent(p.Contact))
		var b strings.Builder
		for _, c := range found {
			fmt.Fprintf(&b, "To: %s (%s)\n", words.CleanText(c.Where), c.From)
		}
		return b.String(), err
	}, nil
}
