package sampler

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/minewatch/minewatch/agent/internal/procfs"
)

// FuzzCursor has /proc/loadavg name any pid as the last one, tick after tick: the pids to look at are those that are
// there and a bounded number besides, each once and in order.
func FuzzCursor(f *testing.F) {
	numbers := func(all ...uint32) (out []byte) {
		for _, n := range all {
			out = binary.LittleEndian.AppendUint32(out, n)
		}
		return out
	}
	f.Add(numbers(100, 101, 110, 90, 95, 4194304, 5))
	f.Add(numbers(2147483647, 2147483647, 2147483647))
	f.Add(numbers(1, 2, 3, 4000000000, 4, 5, 6))
	root := f.TempDir()
	for _, pid := range []string{"7", "100", "105"} {
		if err := os.Mkdir(filepath.Join(root, pid), 0o700); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		proc := procfs.New(root)
		lister, err := proc.Lister()
		if err != nil {
			t.Fatal(err)
		}
		s := &clockSweep{proc: proc, lister: lister, machine: proc.Machine(), begun: true}
		for _, pid := range []int32{7, 100, 105} {
			s.kept = append(s.kept, clockKept{pid: pid})
		}
		for ; len(data) >= 4 && len(data) < 400; data = data[4:] {
			last := int32(binary.LittleEndian.Uint32(data)) //nolint:gosec // any number
			line := []byte("0.1 0.1 0.1 1/9 " + strconv.Itoa(int(last)) + "\n")
			if err := os.WriteFile(filepath.Join(root, "loadavg"), line, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := s.findPIDs(); err != nil {
				t.Fatal(err)
			}
			ordered := slices.IsSorted(s.pids) || s.sinceAll == 0 // a folder that is no /proc lists as it likes
			if len(s.pids) > probeMost+probeAgain+len(s.kept) || !ordered || len(slices.Compact(slices.Clone(s.pids))) != len(s.pids) {
				t.Fatalf("the last pid is %d: %d pids to look at, in order %v", last, len(s.pids), ordered)
			}
			for _, k := range s.kept {
				if !slices.Contains(s.pids, k.pid) {
					t.Errorf("%d is not looked at", k.pid)
				}
			}
			if len(s.pids) > 0 && slices.Min(s.pids) <= 0 {
				t.Errorf("the pid %d", slices.Min(s.pids))
			}
		}
	})
}
