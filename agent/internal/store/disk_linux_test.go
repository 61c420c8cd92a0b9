package store

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/api"
)

func TestDiskFull(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	if err := syscall.Mount("minewatch-test", dir, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		t.Skipf("no tmpfs: %v", err)
	}
	t.Cleanup(func() { // after the store was closed
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	s := open(t, dir)
	must(t, s.SaveAlert(sample("before")))
	must(t, s.AddAllowance(t.Context(), api.Allowance{User: "1000", Site: "over.test", Until: noon}))
	filler, err := os.Create(filepath.Join(dir, "filler"))
	must(t, err)
	block := make([]byte, 4096)
	for err == nil {
		_, err = filler.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	must(t, filler.Close())

	stored := 0
	var full error
	for i := 0; full == nil && i < 2000; i++ {
		a := sample("during" + strconv.Itoa(i))
		a.Exe = strings.Repeat("x", 4000)
		if full = s.SaveAlert(a); full == nil {
			stored++
		}
	}
	if full == nil || !strings.Contains(full.Error(), "full") {
		t.Fatalf("a full disk gave %v after %d alerts", full, stored)
	}
	t.Log(full)
	if got := alerts(t, s, "", time.Time{}); len(got) != stored+1 {
		t.Errorf("%d alerts on the full disk, want %d", len(got), stored+1)
	}
	if got, err := s.Allowances(t.Context(), "", noon.Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("allowances on the full disk: %v, %v", got, err)
	}
	if err := s.Prune(noon, time.Hour, 10); err != nil {
		t.Logf("Prune on the full disk: %v", err)
	}

	must(t, os.Remove(filepath.Join(dir, "filler")))
	must(t, s.SaveAlert(sample("after")))
	must(t, s.Prune(noon, 0, 0))
	must(t, s.Close())
	s = open(t, dir)
	if got := alerts(t, s, "", time.Time{}); len(got) != stored+2 {
		t.Errorf("%d alerts afterwards, want %d", len(got), stored+2)
	}
	must(t, s.Close())
}
