package attribution

import (
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// maxSite is the longest site, in bytes: a DNS name has at most 253.
const maxSite = 253

// SiteOf returns the site of an origin: its registrable domain (eTLD+1), or the host itself when it has none (an
// address, "localhost"). Pages of the browser itself keep their scheme ("chrome-extension://id"). It returns "" for
// what is no origin. The result holds printable ASCII only.
func SiteOf(origin string) string {
	if len(origin) > 2*maxSite {
		return ""
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" {
		return ""
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if len(host) > maxSite || !plain(host) {
		return ""
	}
	switch u.Scheme {
	case "http", "https", "ws", "wss":
	case "file":
		return "file://"
	default:
		if !plain(u.Scheme) || host == "" {
			return ""
		}
		return u.Scheme + "://" + host
	}
	if host == "" || net.ParseIP(host) != nil {
		return host
	}
	site, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return host // the host is itself a public suffix, or has a single label
	}
	return site
}

// plain reports whether s holds only characters of a host name, an address or a scheme.
func plain(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == ':', c == '+':
		default:
			return false
		}
	}
	return true
}
