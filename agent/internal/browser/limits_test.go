package browser

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/minewatch/minewatch/heuristics"
)

func TestFloodOfAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zapcore.InfoLevel)
		b := NewBridge(zap.New(core))
		attach(t, b, 1, rootA)
		attach(t, b, 2, rootA)
		hello := goldenAnswer(t, "answer-hello")
		taken := 0
		for range 10 * maxPerSecond {
			if b.Answer(1, hello) == nil {
				taken++
			}
		}
		if taken != maxPerSecond || logged.Len() != 1 {
			t.Errorf("%d were taken, %d lines logged", taken, logged.Len())
		}
		if err := b.Answer(2, hello); err != nil {
			t.Errorf("another host suffers: %v", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if err := b.Answer(1, hello); err != nil {
			t.Errorf("a second later: %v", err)
		}
		quiet(t, b)
	})
}

func TestHostsAreBounded(t *testing.T) {
	b := NewBridge(zap.NewNop())
	pid := int32(0)
	add := func(user string) (func(), error) {
		pid++
		_, detach, err := b.Attach(HostPeer{PID: pid, Root: rootA, User: user})
		return detach, err
	}
	var last func()
	for range maxHostsOfUser {
		detach, err := add("1000")
		if err != nil {
			t.Fatal(err)
		}
		last = detach
	}
	if _, err := add("1000"); err == nil {
		t.Error("a user has one host too many")
	}
	if _, _, err := b.Attach(HostPeer{PID: 1, Root: rootA, User: "1000"}); err != nil {
		t.Errorf("a host that comes back was refused: %v", err)
	}
	last()
	last()
	if _, err := add("1000"); err != nil {
		t.Errorf("after one left: %v", err)
	}
	for n := range maxHosts - maxHostsOfUser {
		if _, err := add(strconv.Itoa(2000 + n/10)); err != nil {
			t.Fatalf("host %d: %v", n, err)
		}
	}
	if _, err := add("9999"); err == nil {
		t.Error("one host too many in all")
	}
}

// A host that came back before its old stream was seen to end keeps the new one when the old one is let go.
func TestHostComesBack(t *testing.T) {
	b := NewBridge(zap.NewNop())
	old := attach(t, b, 1, rootA)
	again := attach(t, b, 1, rootA)
	if _, open := <-old.questions; open {
		t.Error("the old stream is still open")
	}
	old.detach()
	b.Ask(proc, rootA, 12)
	again.next()
	again.detach()
	if _, open := <-again.questions; open {
		t.Error("the stream is open after detach")
	}
}

func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBridge(zap.NewNop())
		h := attach(t, b, 1, rootA)
		for n := 1; n <= maxRecent+300; n++ {
			if n%100 == 0 {
				time.Sleep(time.Second) // an honest pace
			}
			b.Ask(heuristics.ProcessID{PID: int32(n)}, rootA, n)
			h.frames(h.next(), "", "https://a.test")
		}
		got := b.Answers()
		if len(b.process) > maxRecent {
			t.Errorf("%d processes are remembered", len(b.process))
		}
		if len(got) != maxUncollected || got[len(got)-1].Process.PID != maxRecent+300 {
			t.Errorf("%d are kept, the newest is %+v", len(got), got[len(got)-1])
		}
		quiet(t, b)
	})
}
