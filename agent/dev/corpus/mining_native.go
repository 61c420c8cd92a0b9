//go:build linux

package main

import (
	"fmt"
	"time"
)

// hash is a native hash load.
type hash struct {
	threads int
	duty    float64
	kind    string
	flags   string
	// as is the file under which the program runs, in the home of the user; empty: as bin/load.
	as string
	// nice is the niceness it is started with.
	nice int
}

// program returns the load as a program of a scenario.
func (h hash) program() Program {
	name, path, install := "load", "load", ""
	if h.as != "" {
		path = "$HOME/" + h.as
		if h.as[0] == '/' {
			path = h.as
		}
		name = base(h.as)
		install = fmt.Sprintf("mkdir -p \"$(dirname \"%s\")\"; cp \"$(command -v load)\" \"%s\"; ", path, path)
	}
	if h.kind == "" {
		h.kind = "sha256"
	}
	run := fmt.Sprintf("exec \"%s\" hash -threads %d -duty %g -hash %s -for %s %s", path, h.threads, h.duty, h.kind, usual, h.flags)
	if h.nice != 0 {
		run = fmt.Sprintf("exec nice -n %d \"%s\" hash -threads %d -duty %g -hash %s -for %s %s", h.nice, path, h.threads, h.duty, h.kind, usual, h.flags)
	}
	return Program{Name: name, Shell: install + run, Delay: soon, For: usual + 6*time.Second}
}

// base returns the last part of a path, whole: recordings hold it so, or cut by the kernel to 15 bytes, and both are found.
func base(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			path = path[i+1:]
			break
		}
	}
	return path
}

// process returns a scenario of simulated mining by a native program.
func process(name, kind string, h hash) Scenario {
	return Scenario{
		Name: "mining-native-" + name, Label: Mining, Kind: kind, Programs: []Program{h.program()},
		Workers: h.threads, Duty: h.duty, Cores: float64(h.threads) * h.duty, Length: soon + usual + 10*time.Second,
		Note: fmt.Sprintf("a native program hashes (%s) in %d threads at %.0f %% duty", h.hashName(), h.threads, h.duty*100),
	}
}

func (h hash) hashName() string {
	if h.kind == "" {
		return "sha256"
	}
	return h.kind
}

func miningNative() []Scenario {
	return []Scenario{
		process("2x100", native, hash{threads: 2, duty: 1}),
		process("1x70", native, hash{threads: 1, duty: 0.7, kind: "argon2"}).quiet(),
		process("1x30", native, hash{threads: 1, duty: 0.3}).quiet(),
		process("2x50-browsing", native, hash{threads: 2, duty: 0.5, kind: "scrypt"}).beside(Chromium, Surfing),
		process("1x100-nice", native, hash{threads: 1, duty: 1, nice: 19}).noted(", at nice 19").quiet(),
		process("2x100-nice-loaded", native, hash{threads: 2, duty: 1, kind: "argon2", nice: 19}).noted(", at nice 19").loaded(busy()),
		process("2x30", native, hash{threads: 2, duty: 0.3, kind: "argon2", flags: "-memory 256"}).noted(", with 256 MiB of memory").quiet(),
		process("4x50", native, hash{threads: 4, duty: 0.5}),
		process("2x70-memory", native, hash{threads: 2, duty: 0.7, kind: "scrypt", flags: "-memory 512"}).noted(", with 512 MiB of memory"),
		process("1x20", native, hash{threads: 1, duty: 0.2}).quiet(),
	}
}

func miningNativeEvasive() []Scenario {
	two := process("two-at-once", nativeEvasive, hash{threads: 1, duty: 0.7, as: "bin/painter"})
	second := hash{threads: 1, duty: 0.7, kind: "argon2", as: "bin/indexer"}.program()
	second.Delay += 6 * time.Second
	second.For -= 8 * time.Second
	two.Programs = append(two.Programs, second)
	two.Cores, two.Workers = 1.4, 2
	two.Note += ", and a second one (argon2) six seconds later"
	return []Scenario{
		process("as-kworker", nativeEvasive, hash{threads: 2, duty: 1, as: ".cache/kworker/u8:3-events"}).noted(", under the name of a kernel thread"),
		process("tmp-2x70", nativeEvasive, hash{threads: 2, duty: 0.7, kind: "argon2", as: "/tmp/.X25-unix/rsync"}).noted(", from a hidden folder in /tmp"),
		process("respawn-1600", nativeEvasive, hash{threads: 2, duty: 1, flags: "-respawn 1.6s"}).noted(", in children that live 1.6 s"),
		process("respawn-300", nativeEvasive, hash{threads: 1, duty: 1, flags: "-respawn 300ms"}).noted(", in children that live 0.3 s").quiet(),
		process("as-journald", nativeEvasive, hash{threads: 1, duty: 0.5, as: ".config/systemd/systemd-journald"}).noted(", under the name of a system service").quiet(),
		two,
		process("shm-1x100", nativeEvasive, hash{threads: 1, duty: 1, as: "/dev/shm/.a/sshd"}).noted(", from a hidden folder in shared memory").quiet(),
		process("as-kthreadd-nice", nativeEvasive, hash{threads: 2, duty: 0.7, as: ".local/share/kthreadd", nice: 19}).noted(", under the name of a kernel thread, at nice 19"),
		process("random-2", nativeEvasive, hash{threads: 2, duty: 0.65, flags: "-pattern random"}).noted(", the duty drawn again every few seconds"),
	}
}

// beside opens a browser with ordinary pages, used by a person.
func (s Scenario) beside(b Browser, u User) Scenario {
	s.Browser, s.User = b, u
	s.Front, s.Behind = newsPage(), idlePages()
	s.Note += "; meanwhile somebody reads in a browser"
	return s
}
