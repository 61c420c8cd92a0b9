package letters

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/minewatch/minewatch/agent/internal/patrol/results"
)

const (
	maxAnswer   = 64 << 10 // bytes of a security.txt, or of an answer of WHOIS
	maxContacts = 8
	firstWhois  = "whois.iana.org"
)

// Contact is where an administrator may be reached, and who says so.
type Contact struct {
	Where string
	From  string
}

// Look asks where a page's administrator may be reached: the site's security.txt over https, then WHOIS, if dial is not nil.
// The answers are strangers' words: addresses are taken from them and nothing else.
func Look(ctx context.Context, client *http.Client, dial func(ctx context.Context, network, address string) (net.Conn, error), page, agent string) ([]Contact, error) {
	host, site := results.Site(page)
	out, err := securityText(ctx, client, host, agent)
	if dial != nil && net.ParseIP(host) == nil {
		found, errWhois := whois(ctx, dial, site)
		out, err = append(out, found...), errors.Join(err, errWhois)
	}
	if len(out) > 0 {
		err = nil
	}
	return first(out), err
}

func first(all []Contact) []Contact {
	var out []Contact
	for _, c := range all {
		if len(out) < maxContacts && !slices.ContainsFunc(out, func(o Contact) bool { return o.Where == c.Where }) {
			out = append(out, c)
		}
	}
	return out
}

// securityText asks for a site's security.txt (RFC 9116).
func securityText(ctx context.Context, client *http.Client, host, agent string) ([]Contact, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	address := (&url.URL{Scheme: "https", Host: host, Path: "/.well-known/security.txt"}).String()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	q.Header.Set("User-Agent", agent)
	c := *client
	c.CheckRedirect = func(to *http.Request, via []*http.Request) error {
		if to.URL.Scheme != "https" || len(via) > 3 {
			return errors.New("security.txt is redirected to http, or too often")
		}
		return nil
	}
	r, err := c.Do(q)
	if err != nil {
		return nil, fmt.Errorf("security.txt cannot be asked for: %w", err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, nil
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	return ParseSecurityText(text), nil
}

// ParseSecurityText returns the contacts in a security.txt: e-mail and https addresses.
func ParseSecurityText(text []byte) []Contact {
	var out []Contact
	for line := range bytes.Lines(text[:min(len(text), maxAnswer)]) {
		key, value, ok := strings.Cut(strings.TrimSpace(string(line)), ":")
		if !ok || !strings.EqualFold(key, "contact") {
			continue
		}
		value = strings.TrimSpace(value)
		if where := address(strings.TrimPrefix(value, "mailto:")); where != "" {
			out = append(out, Contact{where, "security.txt"})
		} else if u, err := url.Parse(value); err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && plain(value) {
			out = append(out, Contact{value, "security.txt"})
		}
		if len(out) == maxContacts {
			break
		}
	}
	return out
}

// whois asks IANA who knows of a domain, and then that server.
func whois(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error), domain string) ([]Contact, error) {
	text, err := askWhois(ctx, dial, firstWhois, domain)
	if err != nil {
		return nil, err
	}
	_, refer := ParseWhois(text)
	if refer == "" {
		return nil, nil
	}
	if text, err = askWhois(ctx, dial, refer, domain); err != nil {
		return nil, err
	}
	out, _ := ParseWhois(text)
	return out, nil
}

func askWhois(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error), server, domain string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	c, err := dial(ctx, "tcp", net.JoinHostPort(server, "43"))
	if err != nil {
		return nil, fmt.Errorf("WHOIS does not answer: %w", err)
	}
	defer c.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(end); err != nil {
			return nil, err
		}
	}
	if _, err := io.WriteString(c, domain+"\r\n"); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(c, maxAnswer))
}

// ParseWhois returns the contacts in an answer of WHOIS, and the server that it refers to. Only addresses for reports are
// taken: those of private persons are none of a patrol's business.
func ParseWhois(text []byte) (contacts []Contact, refer string) {
	lines := bufio.NewScanner(bytes.NewReader(text[:min(len(text), maxAnswer)]))
	for lines.Scan() {
		key, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), ":")
		if !ok {
			continue
		}
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		switch {
		case key == "refer" && refer == "" && isHost(value):
			refer = value
		case strings.Contains(key, "abuse") && len(contacts) < maxContacts:
			if where := address(value); where != "" {
				contacts = append(contacts, Contact{where, "WHOIS"})
			}
		}
	}
	return contacts, refer
}

// address returns an e-mail address that is nothing but one, "" otherwise.
func address(s string) string {
	if len(s) > 254 || !plain(s) {
		return ""
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s {
		return ""
	}
	return s
}

// plain reports text of visible ASCII in which no list or header begins.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(",;<>\"()\\", r) })
}

func isHost(s string) bool {
	return strings.Contains(s, ".") && len(s) <= 253 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.'
	})
}
