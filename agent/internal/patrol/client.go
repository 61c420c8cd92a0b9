package patrol

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/minewatch/minewatch/agent/internal/check"
)

// errPrivate is the error of a request that would leave the public Internet.
var errPrivate = errors.New("it leads to an address that is not public")

// NewClient returns a client for what is fetched besides pages: robots.txt, security.txt. It reaches public addresses only
// unless private ones are allowed, wherever a name or a redirect leads; through a proxy if one is named.
func NewClient(proxy string, allowPrivate bool) (*http.Client, error) {
	t := &http.Transport{
		DialContext: Dialer(allowPrivate).DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10, MaxIdleConns: 32, IdleConnTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
	}
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil || u.Host == "" {
			return nil, errors.New("this is no address of a proxy, such as http://proxy.example:3128")
		}
		// The proxy may be where it likes, but what is asked of it may not.
		t.DialContext = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
		t.Proxy = func(q *http.Request) (*url.URL, error) {
			if !allowPrivate {
				if err := publicName(q.Context(), q.URL.Hostname()); err != nil {
					return nil, err
				}
			}
			return u, nil
		}
	}
	return &http.Client{Transport: t, Timeout: 20 * time.Second}, nil
}

// Dialer returns a dialer that reaches public addresses only unless private ones are allowed. It looks at the address itself, after the name was resolved: a name cannot lead elsewhere between two looks.
func Dialer(allowPrivate bool) *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		if allowPrivate {
			return nil
		}
		a, err := netip.ParseAddrPort(address)
		if err != nil || !check.Public(a.Addr()) {
			return errPrivate
		}
		return nil
	}}
}

// publicName refuses a host that is an address, or is known here by an address, that is not public. A name that is not
// known here is the proxy's business.
func publicName(ctx context.Context, host string) error {
	if a, err := netip.ParseAddr(host); err == nil {
		if !check.Public(a) {
			return errPrivate
		}
		return nil
	}
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	for _, a := range all {
		if !check.Public(a) {
			return fmt.Errorf("%s: %w", host, errPrivate)
		}
	}
	return nil
}
