//go:build linux

package session

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// document runs an office program with a window for as long as work lasts.
func (s *session) document(ctx context.Context, program string, work func() error) error {
	p, err := s.desktop.Start(ctx, nil, "soffice", "--norestore", "--nologo", "--"+program)
	if err != nil {
		return err
	}
	defer p.Stop()
	s.pause(ctx, 20*time.Second) // it takes a while to start
	return work()
}

func (s *session) writeLetter(ctx context.Context) error {
	return s.document(ctx, "writer", func() error {
		for range 4 + s.random.IntN(8) {
			if ctx.Err() != nil {
				return nil
			}
			text := "We thank you for your letter of last week and shall answer it in detail as soon as we can. "
			if _, err := s.desktop.Output(ctx, "xdotool", "type", "--delay", "90", text); err != nil {
				return err
			}
			s.pause(ctx, s.between(4*time.Second, 25*time.Second))
		}
		return nil
	})
}

func (s *session) fillTable(ctx context.Context) error {
	return s.document(ctx, "calc", func() error {
		for n := range 15 + s.random.IntN(25) {
			if ctx.Err() != nil {
				return nil
			}
			cell := fmt.Sprint(s.random.IntN(10_000))
			if n%5 == 4 {
				cell = "=SUM(A1:A200)"
			}
			if _, err := s.desktop.Output(ctx, "xdotool", "type", "--delay", "80", cell+"\n"); err != nil {
				return err
			}
			s.pause(ctx, s.between(1*time.Second, 8*time.Second))
		}
		return nil
	})
}

// shell runs a script in the home of the desktop's user, for at most five minutes.
func (s *session) shell(ctx context.Context, script string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	out, err := s.desktop.Command(ctx, "sh", "-c", script).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out[max(0, len(out)-300):])
	}
	return nil
}

func (s *session) convert(ctx context.Context) error {
	defer s.pause(ctx, s.between(20*time.Second, 60*time.Second))
	return s.shell(ctx, `mkdir -p docs && cd docs && for n in 1 2 3; do
		for k in $(seq 2000); do echo "Paragraph $k of letter $n: as agreed, the goods arrive on Monday."; done >letter$n.txt
		soffice --headless --convert-to pdf letter$n.txt >/dev/null 2>&1; sleep 4; done`)
}

func (s *session) packFiles(ctx context.Context) error {
	defer s.pause(ctx, s.between(20*time.Second, 60*time.Second))
	return s.shell(ctx, `rm -rf pack; mkdir pack; cp -r /usr/share/doc/lib[a-g]* pack/ 2>/dev/null; tar cf pack.tar pack; xz -k -f pack.tar; sleep 3; gzip -f pack.tar; rm -rf pack`)
}

// copyOfGo makes a small module of the standard library's own packages to work on, once.
func (s *session) copyOfGo(ctx context.Context) error {
	return s.shell(ctx, `[ -d work ] || { mkdir work && cd work && git init -q . && git config user.email a@b.test && git config user.name a &&
		printf 'module work.test/work\n\ngo 1.24\n' >go.mod && cp -r /usr/local/go/src/text /usr/local/go/src/encoding/csv /usr/local/go/src/container . &&
		find . -path '*internal*' -prune -o -name '*.go' -print | head -1 >/dev/null && git add -A && git commit -qm first; }`)
}

// goEnv is what a Go build of this session needs: its own cache, and no network.
func (s *session) goEnv() string {
	return "export PATH=/usr/local/go/bin:$PATH GOCACHE=" + filepath.Join(s.desktop.Home(), "gocache") +
		" GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local GOPATH=" + filepath.Join(s.desktop.Home(), "go") + "; "
}

func (s *session) build(ctx context.Context) error {
	if err := s.copyOfGo(ctx); err != nil {
		return err
	}
	for range 2 + s.random.IntN(4) {
		if ctx.Err() != nil {
			return nil
		}
		edit := fmt.Sprintf(`cd work && echo '// note %d' >>csv/reader.go; go build ./csv ./container/... ; go vet ./csv; go test ./csv ./container/list`, s.random.IntN(1e6))
		if err := s.shell(ctx, s.goEnv()+edit); err != nil {
			return err
		}
		s.pause(ctx, s.between(20*time.Second, 70*time.Second)) // thinking and typing
	}
	return nil
}

// buildAll builds a large part of the standard library without a cache, as after an update.
func (s *session) buildAll(ctx context.Context) error {
	defer s.pause(ctx, s.between(40*time.Second, 90*time.Second))
	return s.shell(ctx, s.goEnv()+`go clean -cache; nice -n 0 go build net/http go/types encoding/... text/... image/...`)
}

func (s *session) repository(ctx context.Context) error {
	if err := s.copyOfGo(ctx); err != nil {
		return err
	}
	defer s.pause(ctx, s.between(20*time.Second, 60*time.Second))
	return s.shell(ctx, `cd work && git add -A && git commit -qm "a note" --allow-empty && git log --stat | tail -5 && git gc -q && git status -s`)
}

func (s *session) search(ctx context.Context) error {
	defer s.pause(ctx, s.between(20*time.Second, 60*time.Second))
	words := []string{"context.Context", "io.Reader", "deprecated", "goroutine"}
	return s.shell(ctx, "grep -rn --include=*.go '"+strings.ReplaceAll(words[s.random.IntN(len(words))], ".", "[.]")+"' /usr/local/go/src | tail -3; find /usr/local/go/src -name '*.go' -newer /etc/hostname | wc -l")
}
