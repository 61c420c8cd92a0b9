package check

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Through the relay goes everything that the browser asks: pages may lead only to public addresses, whatever they redirect
// to and whatever their names resolve to. The relay resolves each name itself and connects to the address that it has
// looked at, so that a name which answers differently the second time wins nothing.

const (
	dialTimeout = 10 * time.Second
	// maxTunnels bounds the connections at one time.
	maxTunnels = 256
)

// webRelay is a forward proxy on the loopback interface for one browser.
type webRelay struct {
	server   *http.Server
	address  string
	private  bool
	upstream *url.URL
	tunnels  atomic.Int64
	// received counts what came from the network in this visit, in bytes, and limit is what may.
	received, limit atomic.Int64

	mu      sync.Mutex
	refusal string
	open    map[net.Conn]bool
}

// ErrPrivate is the error of a connection to an address that is not public.
var ErrPrivate = errors.New("the address is not public; --allow-private opens it all the same")

func newRelay(o *Options) (*webRelay, error) {
	r := &webRelay{private: o.AllowPrivate, open: map[net.Conn]bool{}}
	if o.Proxy != "" {
		u, err := url.Parse(o.Proxy)
		if err != nil || u.Scheme != "http" || u.Host == "" {
			return nil, fmt.Errorf("the proxy %q is not of the form http://host:port", o.Proxy)
		}
		r.upstream = u
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is at once
	if err != nil {
		return nil, fmt.Errorf("the relay between browser and network cannot listen: %w", err)
	}
	r.address = "http://" + l.Addr().String()
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: dialTimeout}
	go func() { _ = r.server.Serve(l) }() // ends with Close
	return r, nil
}

// Address is what the browser is told.
func (r *webRelay) Address() string { return r.address }

// Refusal returns and forgets why the last connection was refused, "" if none was.
func (r *webRelay) Refusal() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.refusal
	r.refusal = ""
	return s
}

// begin begins the count of a visit.
func (r *webRelay) begin(limit int64) {
	r.limit.Store(limit)
	r.received.Store(0)
}

// over reports whether more came than may; nothing more is passed on then.
func (r *webRelay) over() bool { return r.limit.Load() > 0 && r.received.Load() > r.limit.Load() }

// copyCounted passes on what comes from the network until that ends or there was too much.
func (r *webRelay) copyCounted(to io.Writer, from io.Reader, flush func()) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		r.received.Add(int64(n))
		if n > 0 {
			if r.over() {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
			flush()
		}
		if err != nil {
			return
		}
	}
}

func (r *webRelay) Close() {
	r.server.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		c.Close()
	}
}

// Dialer returns a dialer that reaches public addresses only, unless private ones are allowed. It looks at the address
// itself, after the name was resolved: a name cannot lead elsewhere between two looks.
func Dialer(allowPrivate bool) *net.Dialer {
	return &net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		if allowPrivate {
			return nil
		}
		a, err := netip.ParseAddrPort(address)
		if err != nil || !Public(a.Addr()) {
			return ErrPrivate
		}
		return nil
	}}
}

// dial connects to a host of the web.
func (r *webRelay) dial(ctx context.Context, target string) (net.Conn, error) {
	return Dialer(r.private).DialContext(ctx, "tcp", target)
}

// checkNamed refuses addresses that are named outright, before a proxy further on is asked. Names are resolved by that
// proxy, which must keep to public addresses itself.
func (r *webRelay) checkNamed(host string) error {
	if r.private {
		return nil
	}
	if a, err := netip.ParseAddr(host); err == nil && !Public(a) {
		return ErrPrivate
	}
	if host == "localhost" {
		return ErrPrivate
	}
	return nil
}

// Public reports whether an address is one of the public Internet.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range notPublic() {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// notPublic are the ranges that IANA's registries of special addresses do not route on the Internet, beside those that
// netip knows; and those in which an IPv4 address is wrapped, which may be any.
func notPublic() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
		netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
	}
}

func (r *webRelay) refuse(w http.ResponseWriter, host string, err error) {
	if errors.Is(err, ErrPrivate) {
		r.mu.Lock()
		r.refusal = fmt.Sprintf("it leads to %s: %v", host, err)
		r.mu.Unlock()
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	http.Error(w, err.Error(), http.StatusBadGateway)
}

// ServeHTTP passes one request on, or opens a tunnel.
func (r *webRelay) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if r.tunnels.Add(1) > maxTunnels {
		r.tunnels.Add(-1)
		http.Error(w, "too many connections at one time", http.StatusServiceUnavailable)
		return
	}
	defer r.tunnels.Add(-1)
	target := q.Host
	if q.Method != http.MethodConnect {
		if q.URL.Scheme != "http" || q.URL.Host == "" {
			http.Error(w, "this passes requests of a browser on and has no pages of its own", http.StatusBadRequest)
			return
		}
		target = q.URL.Host
		if q.URL.Port() == "" {
			target = net.JoinHostPort(q.URL.Hostname(), "80")
		}
	}
	host, _, err := net.SplitHostPort(target)
	if err == nil {
		err = r.checkNamed(host)
	}
	if err != nil {
		r.refuse(w, host, err)
		return
	}
	if q.Method == http.MethodConnect {
		r.tunnel(w, q, target)
		return
	}
	r.forward(w, q, target)
}

// connect opens a connection for a tunnel: straight, or through the proxy further on.
func (r *webRelay) connect(ctx context.Context, target string) (net.Conn, error) {
	if r.upstream == nil {
		return r.dial(ctx, target)
	}
	c, err := r.dialUpstream(ctx)
	if err != nil {
		return nil, err
	}
	q := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: target}, Host: target, Header: http.Header{}}
	r.authorize(q)
	if err := q.Write(c); err != nil {
		c.Close()
		return nil, err
	}
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, q)
	if err != nil {
		c.Close()
		return nil, err
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || in.Buffered() > 0 {
		c.Close()
		return nil, fmt.Errorf("the proxy answered %d", res.StatusCode)
	}
	return c, nil
}

func (r *webRelay) dialUpstream(ctx context.Context) (net.Conn, error) {
	host := r.upstream.Host
	if r.upstream.Port() == "" {
		host = net.JoinHostPort(r.upstream.Hostname(), "80")
	}
	return Dialer(true).DialContext(ctx, "tcp", host) // the proxy may be where it likes
}

func (r *webRelay) authorize(q *http.Request) {
	if u := r.upstream.User; u != nil {
		password, _ := u.Password()
		q.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
}

// tunnel joins the browser with a host, as it does for https and for WebSockets.
func (r *webRelay) tunnel(w http.ResponseWriter, q *http.Request, target string) {
	host, _, _ := net.SplitHostPort(target)
	there, err := r.connect(q.Context(), target)
	if err != nil {
		r.refuse(w, host, err)
		return
	}
	defer there.Close()
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		http.Error(w, "no tunnel", http.StatusInternalServerError)
		return
	}
	here, buffered, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	r.keep(here, there)
	defer r.drop(here, there)
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	go func() {
		_, _ = io.Copy(there, buffered) // an end on either side ends both
		done <- struct{}{}
	}()
	go func() {
		r.copyCounted(here, there, func() {})
		done <- struct{}{}
	}()
	<-done
}

func (r *webRelay) keep(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		r.open[c] = true
	}
}

func (r *webRelay) drop(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		delete(r.open, c)
	}
}

// forward passes on a plain request.
func (r *webRelay) forward(w http.ResponseWriter, q *http.Request, target string) {
	host, _, _ := net.SplitHostPort(target)
	out := q.Clone(q.Context())
	out.RequestURI = ""
	for _, h := range []string{"Proxy-Connection", "Proxy-Authorization", "Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding"} {
		if h != "Connection" || q.Header.Get("Upgrade") == "" {
			out.Header.Del(h)
		}
	}
	transport := &http.Transport{
		DisableCompression: true, DisableKeepAlives: true, ResponseHeaderTimeout: time.Minute,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) { return r.dial(ctx, address) },
	}
	defer transport.CloseIdleConnections()
	if r.upstream != nil {
		transport.Proxy = http.ProxyURL(r.upstream)
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return r.dialUpstream(ctx) }
	}
	res, err := transport.RoundTrip(out)
	if err != nil {
		r.refuse(w, host, err)
		return
	}
	defer res.Body.Close()
	for k, values := range res.Header {
		for _, v := range values {
			w.Header().Add(k, v)
		}
	}
	w.WriteHeader(res.StatusCode)
	flush := http.NewResponseController(w)
	// A page may show what it has before the rest comes.
	r.copyCounted(w, res.Body, func() { _ = flush.Flush() })
	if r.over() {
		panic(http.ErrAbortHandler) // the browser must not take a part for the whole
	}
}
