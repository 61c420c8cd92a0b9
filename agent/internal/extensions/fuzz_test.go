package extensions

import (
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	nm "github.com/minewatch/minewatch/agent/internal/nativemessaging"
	"github.com/minewatch/minewatch/heuristics"
)

// script is what FuzzConversation's two ends do, one step at a time: an operation is a byte, its argument the bytes that
// follow up to the next newline.
type script struct {
	service  *Service
	profiles []*profile
	at       int
	acting   int
	acted    chan error
}

// step does one thing at one of the two ends. Every second profile is of the same browser.
func (f *script) step(t *testing.T, op byte, arg []byte) {
	t.Helper()
	p := f.profiles[f.at]
	renderer := 1 + len(arg)%3
	switch op {
	case 'n': // the next profile's turn
		f.at = (f.at + 1) % len(f.profiles)
	case 'h':
		f.write(p, []byte(`{"id":1,"method":"hello","params":{"protocol":2,"extension":"0.1.0","browser":"firefox"}}`))
	case 's': // says anything as a message
		f.write(p, arg)
	case 'r': // writes anything to the line
		p.conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = p.conn.Write(arg)
	case 'a', 'e': // answers what it was asked, or refuses
		key, value := `"result":`, arg
		if op == 'e' {
			key = `"error":`
		}
		select {
		case m := <-p.heard:
			id, _ := json.Marshal(m.ID)
			f.write(p, slices.Concat([]byte(`{"id":`), id, []byte(","+key), value, []byte("}")))
		default:
		}
	case 'q':
		f.service.Ask(heuristics.ProcessID{PID: int32(100 + renderer)}, rootA, renderer)
	case 'c':
		f.acting++
		go func() { f.acted <- f.service.Act(t.Context(), rootA, "close", 1, "https://news.test", renderer) }()
	case 'f':
		f.service.Flag(rootA, renderer, "films.test")
		f.service.Unflag("1000", "films.test")
	case 'w':
		time.Sleep(time.Duration(1+len(arg)) * time.Second)
	case 'x': // goes, and comes back
		_ = p.conn.Close()
		<-p.ended
		f.profiles[f.at] = connect(t, f.service, peerOf(int32(1+f.at), rootA))
		f.profiles[f.at].listen()
	}
	synctest.Wait()
}

func (f *script) write(p *profile, body []byte) {
	p.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_ = nm.WriteFrame(p.conn, body) // the agent may have hung up
}

// FuzzConversation has two extensions of one browser say and answer anything, in any order, while the agent asks, acts
// and tells: what the agent sends is always a message within its limit (see profile.listen), what it believes is bounded
// and plain, and everything ends with Close: the bubble fails for a goroutine or timer that is left.
func FuzzConversation(f *testing.F) {
	f.Add([]byte("h\nn\nh\nq\na{\"frames\":[{\"tab\":1,\"frame\":0,\"origin\":\"https://a.test\",\"top\":\"https://a.test\"}]}\nn\na{}\nw....\n"))
	f.Add([]byte("h\na\nq\na{\"last\":\"https://\xe2\x80\xae\"}\nc\ne{\"code\":\"no_tab\"}\nx\nh\nc\nw......\n"))
	f.Add([]byte("s{\"v\":1,\"type\":\"hello\"}\nh\ns{\"id\":2,\"method\":\"popup.load\"}\ns[]\ns{\"id\":9,\"result\":{}}\nf\n"))
	f.Add([]byte("r\x00\x00\x00\x00\nx\nr\xff\xff\xff\xff\nx\nr\x05\x00\nw..........\n"))
	f.Add([]byte("h\nq\na{}\nw.......\na{\"renderer\":2}\na{\"renderer\":2}\na{}\nq\nx\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			s := newService(t, Options{Popup: &popupOf{allowed: []string{"films.test"}}})
			s.alive = func(heuristics.ProcessID) bool { return true }
			measure(s, newPretend(1, 2, 3).machine())
			run := &script{service: s, acted: make(chan error, 1<<10)}
			for i := range 2 {
				run.profiles = append(run.profiles, connect(t, s, peerOf(int32(i+1), rootA)))
				run.profiles[i].listen()
			}
			steps := 0
			for line := range slices.Values(splitLines(data)) {
				if steps++; steps > 200 || len(line) == 0 {
					break
				}
				run.step(t, line[0], line[1:])
			}
			time.Sleep(time.Minute)
			for range run.acting { // every act ends
				<-run.acted
			}
			for _, r := range s.Answers() {
				origins := []string{r.LastOrigin, string(r.User)}
				for _, f := range r.Frames {
					origins = append(origins, f.Origin, f.TopOrigin)
				}
				for _, o := range origins {
					if len(o) > maxOrigin || slices.ContainsFunc([]rune(o), func(r rune) bool { return r <= ' ' || r > '~' }) {
						t.Errorf("the origin %q came through", o)
					}
				}
			}
			for _, b := range s.Status("") {
				if b.Extension != "" && !extensionVersion.MatchString(b.Extension) {
					t.Errorf("the version %q came through", b.Extension)
				}
			}
			for _, p := range run.profiles {
				_ = p.conn.Close()
			}
		})
	})
}

func splitLines(data []byte) [][]byte {
	var out [][]byte
	for len(data) > 0 {
		i := slices.Index(data, '\n')
		if i < 0 {
			return append(out, data)
		}
		out = append(out, data[:i])
		data = data[i+1:]
	}
	return out
}
