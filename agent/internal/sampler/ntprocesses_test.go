package sampler

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// ntFake is a process of a listing that putNT writes.
type ntFake struct {
	pid, parent, created, user, kernel, workingSet uint64
	name                                           string
	threads                                        []ntFakeThread
}

type ntFakeThread struct {
	tid, user, kernel uint64
	state, reason     uint32
}

// putNT writes a listing as the Windows documentation lays it out (NtQuerySystemInformation,
// SYSTEM_PROCESS_INFORMATION and SYSTEM_THREAD_INFORMATION, 64 bits): an entry is the process, its threads and its name,
// and the next one starts at a multiple of 8.
func putNT(base uint64, processes ...ntFake) ntListing {
	var all []byte
	for i, p := range processes {
		name := utf16.Encode([]rune(p.name))
		nameAt := 256 + 80*len(p.threads)
		length := (nameAt + 2*len(name) + 2 + 7) &^ 7
		e := make([]byte, length)
		le := binary.LittleEndian
		if i+1 < len(processes) {
			le.PutUint32(e[0:], uint32(length))
		}
		le.PutUint32(e[4:], uint32(len(p.threads)))
		le.PutUint64(e[32:], p.created)
		le.PutUint64(e[40:], p.user)
		le.PutUint64(e[48:], p.kernel)
		if len(name) > 0 {
			le.PutUint16(e[56:], uint16(2*len(name)))
			le.PutUint16(e[58:], uint16(2*len(name)+2))
			le.PutUint64(e[64:], base+uint64(len(all)+nameAt))
		}
		le.PutUint64(e[80:], p.pid)
		le.PutUint64(e[88:], p.parent)
		le.PutUint64(e[144:], p.workingSet)
		for i, t := range p.threads {
			b := e[256+80*i:]
			le.PutUint64(b[0:], t.kernel)
			le.PutUint64(b[8:], t.user)
			le.PutUint64(b[40:], p.pid)
			le.PutUint64(b[48:], t.tid)
			le.PutUint32(b[68:], t.state)
			le.PutUint32(b[72:], t.reason)
		}
		for i, u := range name {
			le.PutUint16(e[nameAt+2*i:], u)
		}
		all = append(all, e...)
	}
	return ntListing{buffer: all, base: base}
}

// ntSecond is what 1 s is in units of 100 ns.
const ntSecond = 10_000_000

// someNT is a small machine: the idle process, the system and a miner with two threads.
func someNT() []ntFake {
	return []ntFake{
		{kernel: 90_000 * ntSecond, threads: []ntFakeThread{{}}},
		{pid: 4, created: 0, kernel: 30 * ntSecond, name: "System", workingSet: 1 << 20},
		{pid: 4242, parent: 900, created: 134398391489606940, user: 5 * ntSecond, kernel: ntSecond, workingSet: 64 << 20, name: "gräber ⛏.exe", threads: []ntFakeThread{
			{tid: 4244, user: 4 * ntSecond, state: 2}, {tid: 4248, user: ntSecond, kernel: ntSecond, state: 5, reason: 6}, {tid: 4252},
		}},
	}
}

// seenNT is a process with its threads as text and numbers, for comparisons.
type seenNT struct {
	PID, Parent  int32
	Created      int64
	User, System time.Duration
	WorkingSet   uint64
	Name         string
	Threads      []seenThread
}

type seenThread struct {
	TID           int32
	Run           time.Duration
	State, Reason uint32
}

func collectNT(l ntListing) (all []seenNT, err error) {
	err = l.each(func(p *ntProcess) bool {
		s := seenNT{p.pid, p.parent, p.created, p.user, p.system, p.workingSet, p.name(), nil}
		p.eachThread(func(t ntThread) { s.Threads = append(s.Threads, seenThread{t.tid, t.run, t.state, t.reason}) })
		all = append(all, s)
		return true
	})
	return all, err
}

func TestNTListing(t *testing.T) {
	got, err := collectNT(putNT(0x7ff6_0000_1000, someNT()...))
	if err != nil {
		t.Fatal(err)
	}
	want := []seenNT{
		{System: 25 * time.Hour, Threads: []seenThread{{}}},
		{PID: 4, System: 30 * time.Second, WorkingSet: 1 << 20, Name: "System"},
		{4242, 900, 134398391489606940, 5 * time.Second, time.Second, 64 << 20, "gräber ⛏.exe", []seenThread{
			{4244, 4 * time.Second, 2, 0}, {4248, 2 * time.Second, 5, 6}, {4252, 0, 0, 0},
		}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestNTListingStops(t *testing.T) {
	n := 0
	err := putNT(64, someNT()...).each(func(*ntProcess) bool { n++; return n < 2 })
	if n != 2 || err != nil {
		t.Errorf("%d visits, %v", n, err)
	}
}

// TestNTRecorded reads a listing recorded under Wine 8 (Linux), not on Windows: Wine writes the same layout, but leaves
// many numbers 0. TestRecordNT wrote it: the address of the first byte, then what the system call returned.
func TestNTRecorded(t *testing.T) {
	b, err := os.ReadFile("testdata/wine8-processes.bin")
	if err != nil {
		t.Fatal(err)
	}
	got, err := collectNT(ntListing{buffer: b[8:], base: binary.LittleEndian.Uint64(b)})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var self *seenNT
	for i, p := range got {
		names = append(names, p.Name)
		if p.Name == "sampler.test.exe" {
			self = &got[i]
		}
		if p.PID <= 0 || len(p.Threads) == 0 || p.Created < 133_000_000_000_000_000 || p.Created > 136_000_000_000_000_000 {
			t.Errorf("%+v", p) // created between 2022 and 2031
		}
	}
	if want := "sampler.test.exe services.exe winedevice.exe winedevice.exe plugplay.exe svchost.exe rpcss.exe"; strings.Join(names, " ") != want {
		t.Errorf("%q, want %q", names, want)
	}
	if self == nil {
		return
	}
	// What TestRecordNT printed.
	want := seenNT{
		PID: 32, Created: 134398401165981370, User: 310 * time.Millisecond, System: 40 * time.Millisecond, WorkingSet: 23834624, Name: "sampler.test.exe",
		Threads: []seenThread{{TID: 36, Run: 340 * time.Millisecond}, {TID: 248}, {TID: 252}, {TID: 256}, {TID: 260}, {TID: 264}},
	}
	if d := cmp.Diff(want, *self); d != "" {
		t.Error(d)
	}
}

func TestNTListingRefusesNonsense(t *testing.T) {
	const base = 1 << 40
	le := binary.LittleEndian
	second := len(putNT(base, someNT()[:1]...).buffer)
	tests := map[string]func(b []byte) []byte{
		"empty":              func([]byte) []byte { return nil },
		"cut in the entry":   func(b []byte) []byte { return b[:255] },
		"cut in the second":  func(b []byte) []byte { return b[:second+100] },
		"next too near":      func(b []byte) []byte { le.PutUint32(b, 8); return b },
		"next beyond":        func(b []byte) []byte { le.PutUint32(b, uint32(len(b))); return b },
		"next far beyond":    func(b []byte) []byte { le.PutUint32(b, 0xffff_fff8); return b },
		"too many threads":   func(b []byte) []byte { le.PutUint32(b[4:], 2); return b },
		"endless threads":    func(b []byte) []byte { le.PutUint32(b[4:], 0xffff_ffff); return b },
		"huge pid":           func(b []byte) []byte { le.PutUint64(b[80:], 1<<31); return b },
		"negative user time": func(b []byte) []byte { le.PutUint64(b[40:], ^uint64(0)); return b },
		"kernel time beyond": func(b []byte) []byte { le.PutUint64(b[48:], 1<<55); return b },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			l := putNT(base, someNT()...)
			l.buffer = spoil(l.buffer)
			if got, err := collectNT(l); !errors.Is(err, errNT) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestNTNameOutsideItsEntry(t *testing.T) {
	const base = 1 << 40
	le := binary.LittleEndian
	tests := map[string]struct {
		spoil func(b []byte)
		want  string
	}{
		"whole":            {func([]byte) {}, "miner.exe"},
		"no address":       {func(b []byte) { le.PutUint64(b[64:], 0) }, ""},
		"before":           {func(b []byte) { le.PutUint64(b[64:], base-2) }, ""},
		"another entry's":  {func(b []byte) { le.PutUint64(b[64:], base+uint64(len(b))+256) }, ""},
		"reaches out":      {func(b []byte) { le.PutUint16(b[56:], uint16(len(b)-256+2)) }, ""},
		"largest address":  {func(b []byte) { le.PutUint64(b[64:], ^uint64(0)) }, ""},
		"half a character": {func(b []byte) { le.PutUint16(b[56:], 5) }, "mi"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := putNT(base, ntFake{pid: 8, name: "miner.exe"}, ntFake{pid: 12, name: "other.exe"})
			test.spoil(l.buffer[:le.Uint32(l.buffer)])
			got, err := collectNT(l)
			if err != nil || got[0].Name != test.want || got[1].Name != "other.exe" {
				t.Errorf("%+v, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestNTNameIsBounded(t *testing.T) {
	got, err := collectNT(putNT(4096, ntFake{pid: 8, name: strings.Repeat("x", 9000)}))
	if err != nil || len(got[0].Name) != maxNTName/2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestGrowNTBuffer(t *testing.T) {
	tests := []struct{ have, want, next int }{
		{0, 0, minNTBuffer * 5 / 4},
		{minNTBuffer, 1 << 20, 5 << 18},
		{1 << 20, 100, 5 << 18}, // what is asked for can be older than the listing
		{60 << 20, 63 << 20, maxNTBuffer},
		{maxNTBuffer, maxNTBuffer + 1, 0},
		{maxNTBuffer - 8, 4 * maxNTBuffer, maxNTBuffer},
	}
	for _, test := range tests {
		got, err := growNTBuffer(test.have, test.want)
		if got != test.next || (err != nil) != (test.next == 0) {
			t.Errorf("growNTBuffer(%d, %d) = %d, %v, want %d", test.have, test.want, got, err, test.next)
		}
	}
}

func FuzzNTListing(f *testing.F) {
	l := putNT(4096, someNT()...)
	f.Add(l.buffer, l.base)
	if b, err := os.ReadFile("testdata/wine8-processes.bin"); err == nil {
		f.Add(b[8:], binary.LittleEndian.Uint64(b))
	}
	f.Fuzz(func(t *testing.T, b []byte, base uint64) {
		before := bytes.Clone(b)
		l := ntListing{buffer: b, base: base}
		entries, last := 0, -1
		_ = l.each(func(p *ntProcess) bool {
			if p.at <= last {
				t.Fatalf("entry at %d after %d", p.at, last)
			}
			last = p.at
			if entries++; entries > len(b)/ntProcessSize {
				t.Fatalf("%d entries in %d bytes", entries, len(b))
			}
			if p.pid < 0 || p.parent < 0 || p.user < 0 || p.system < 0 || p.user+p.system < 0 || len(p.image) > maxNTName || len(p.image)%2 != 0 {
				t.Fatalf("%+v", p)
			}
			p.eachThread(func(thread ntThread) {
				if thread.tid < 0 || thread.run < 0 {
					t.Fatalf("%+v", thread)
				}
			})
			_ = p.name()
			return true
		})
		if !bytes.Equal(before, b) {
			t.Fatal("the listing was changed")
		}
	})
}
