package patrol

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/minewatch/minewatch/agent/internal/check"
)

// NewClient returns a client for what is fetched besides pages: robots.txt, security.txt. It reaches public addresses only
// unless private ones are allowed, wherever a name or a redirect leads; through a proxy if one is named.
func NewClient(proxy string, allowPrivate bool) (*http.Client, error) {
	t := &http.Transport{
		DialContext: check.Dialer(allowPrivate).DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10, MaxIdleConns: 32, IdleConnTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
	}
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil || u.Host == "" {
			return nil, errors.New("this is no address of a proxy, such as http://proxy.example:3128")
		}
		// The proxy may be where it likes, but what is asked of it may not.
		t.DialContext = check.Dialer(true).DialContext
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

// publicName refuses a host that is an address, or is known here by an address, that is not public. A name that is not
// known here is the proxy's business.
func publicName(ctx context.Context, host string) error {
	if a, err := netip.ParseAddr(host); err == nil {
		if !check.Public(a) {
			return check.ErrPrivate
		}
		return nil
	}
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	for _, a := range all {
		if !check.Public(a) {
			return fmt.Errorf("%s: %w", host, check.ErrPrivate)
		}
	}
	return nil
}
