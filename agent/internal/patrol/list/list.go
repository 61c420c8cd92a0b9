// Package list reads which pages a patrol visits, from a file that anybody may have written.
package list

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/minewatch/minewatch/agent/internal/check"
)

// maxLine bounds a line and maxAddress an address in bytes, MaxPages the pages of a list.
const (
	maxLine    = 4096
	maxAddress = 2048
	MaxPages   = 2_000_000
)

// Kind is why a line was left out.
type Kind string

// The kinds.
const (
	TooLong     Kind = "too_long"
	NoAddress   Kind = "no_address"
	OtherScheme Kind = "other_scheme"
	BadHost     Kind = "bad_host"
	Password    Kind = "password"
	NotPublic   Kind = "not_public"
	Duplicate   Kind = "duplicate"
	TooMany     Kind = "too_many"
)

func kinds() []Kind {
	return []Kind{TooLong, NoAddress, OtherScheme, BadHost, Password, NotPublic, Duplicate, TooMany}
}

// Refusal counts the lines that were left out for one reason.
type Refusal struct {
	Kind  Kind `json:"kind"`
	Lines int  `json:"lines"`
	// First is the number of the first such line, from 1.
	First int `json:"first"`
}

// String is the refusal in one sentence. It repeats nothing of the list.
func (r Refusal) String() string {
	what := map[Kind]string{
		TooLong:     fmt.Sprintf("longer than %d bytes, or its address than %d", maxLine, maxAddress),
		NoAddress:   "no address of a page",
		OtherScheme: "neither http nor https",
		BadHost:     "without a host name that can be asked for",
		Password:    "with a user name or password in it",
		NotPublic:   "not on the public Internet (--allow-private lets them be opened)",
		Duplicate:   "in the list already",
		TooMany:     fmt.Sprintf("after the first %d pages", MaxPages),
	}[r.Kind]
	if r.Lines == 1 {
		return fmt.Sprintf("line %d was left out: %s", r.First, what)
	}
	return fmt.Sprintf("%d lines were left out, the first is line %d: %s", r.Lines, r.First, what)
}

// List is what a patrol visits.
type List struct {
	// ID is made of the addresses and their order: the same list has the same.
	ID string
	// Pages are canonical addresses in the order of visiting. Pages of one host stand as far apart as they can, so that
	// waiting for one host holds up no other.
	Pages   []string
	Refused []Refusal
}

// Options say what a list may hold.
type Options struct {
	// AllowPrivate lets in hosts that are plainly not public: localhost, private and special addresses. Where a name leads
	// is looked at when it is opened.
	AllowPrivate bool
}

// Read reads a list: one address a line; blank lines and those that begin with # are passed over. An address without a
// scheme is taken as https. The error is of reading; what is wrong with a line is in the list's Refused.
func Read(from io.Reader, o Options) (*List, error) {
	r := bufio.NewReaderSize(from, maxLine+2)
	if start, _ := r.Peek(3); bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) {
		return nil, errors.New("the list is in UTF-16; save it as UTF-8")
	} else if bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		_, _ = r.Discard(3) // it was peeked at
	}
	var (
		l       List
		refused = map[Kind]*Refusal{}
		seen    = map[string]struct{}{}
		hosts   = map[string]int{}
		nth     []int
	)
	refuse := func(k Kind, line int) {
		if refused[k] == nil {
			refused[k] = &Refusal{Kind: k, First: line}
		}
		refused[k].Lines++
	}
	for n := 1; ; n++ {
		line, err := readLine(r)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("line %d of the list cannot be read: %w", n, err)
		}
		if text := strings.TrimSpace(string(line)); errors.Is(err, bufio.ErrBufferFull) {
			refuse(TooLong, n)
		} else if text != "" && text[0] != '#' {
			address, host, kind := Canonical(text, o)
			_, twice := seen[address]
			switch {
			case kind != "":
				refuse(kind, n)
			case twice:
				refuse(Duplicate, n)
			case len(l.Pages) == MaxPages:
				refuse(TooMany, n)
			default:
				seen[address] = struct{}{}
				l.Pages = append(l.Pages, address)
				nth = append(nth, hosts[host])
				hosts[host]++
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
	}
	l.spread(nth)
	for _, k := range kinds() {
		if refused[k] != nil {
			l.Refused = append(l.Refused, *refused[k])
		}
	}
	return &l, nil
}

// readLine returns a line without its end. The error is bufio.ErrBufferFull for a line that is too long and was skipped,
// io.EOF for the last.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		return bytes.TrimSuffix(line, []byte("\r")), err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return nil, bufio.ErrBufferFull // an end is said by the next call
}

// spread orders the pages, of which each is the nth of its host, and names the list.
func (l *List) spread(nth []int) {
	order := make([]int, len(l.Pages))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return nth[a] - nth[b] })
	pages, hash := make([]string, len(order)), sha256.New()
	for to, from := range order {
		pages[to] = l.Pages[from]
		hash.Write([]byte(pages[to] + "\n"))
	}
	l.Pages, l.ID = pages, hex.EncodeToString(hash.Sum(nil)[:8])
}

// Canonical returns an address in the one form by which it is known, and its host (without port); or the reason why it is
// not visited. The host is in ASCII (punycode), scheme and host in small letters, without a port that goes without saying.
func Canonical(text string, o Options) (address, host string, refused Kind) {
	if len(text) > maxAddress {
		return "", "", TooLong
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\uFFFD' || r == '\\' }) {
		return "", "", NoAddress
	}
	if !strings.Contains(text, "://") {
		if scheme, rest, ok := strings.Cut(text, ":"); ok && !startsWithPort(rest) && isScheme(scheme) {
			return "", "", OtherScheme
		}
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", "", NoAddress
	}
	u.Scheme = strings.ToLower(u.Scheme)
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "", "", OtherScheme
	case u.User != nil:
		return "", "", Password
	}
	host, ok := asciiHost(u.Hostname())
	if !ok {
		return "", "", BadHost
	}
	port := u.Port()
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) {
		return "", "", BadHost
	} else if port != "" {
		port = strconv.FormatUint(n, 10)
	}
	if !o.AllowPrivate && !couldBePublic(host) {
		return "", "", NotPublic
	}
	u.Host = host
	if strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	if port != "" && (u.Scheme != "http" || port != "80") && (u.Scheme != "https" || port != "443") {
		u.Host += ":" + port
	}
	if u.Path == "" {
		u.Path = "/"
	}
	address = u.String()
	if len(address) > maxAddress {
		return "", "", TooLong
	}
	if check.Allowed(address) != nil {
		return "", "", NoAddress
	}
	return address, host, ""
}

// startsWithPort tells "shop.test:8080/x" from "mailto:a@b.test".
func startsWithPort(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

func isScheme(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '+' && r != '-' && r != '.'
	})
}

// asciiHost returns a host name as it is asked for.
func asciiHost(host string) (string, bool) {
	if a, err := netip.ParseAddr(host); err == nil && a.Zone() == "" {
		return a.Unmap().String(), true
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
	ascii = strings.ToLower(ascii)
	if err != nil || ascii == "" || len(ascii) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
		}) {
			return "", false
		}
	}
	if again, err := idna.Lookup.ToASCII(ascii); err != nil || again != ascii {
		return "", false // a name that stands for another one is no name
	}
	// Browsers read 2130706433 and 0x7f.1 as IPv4 addresses; nobody who makes a list means them.
	last := ascii[strings.LastIndexByte(ascii, '.')+1:]
	if last[0] >= '0' && last[0] <= '9' {
		return "", false
	}
	return ascii, true
}

// couldBePublic reports whether a host may be one of the public Internet, by its name alone.
func couldBePublic(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return check.Public(a)
	}
	for _, suffix := range []string{"localhost", "local", "internal", "home.arpa", "onion"} {
		if host == suffix || strings.HasSuffix(host, "."+suffix) {
			return false
		}
	}
	return strings.Contains(host, ".")
}
