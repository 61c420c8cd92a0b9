package heuristics

import (
	"path"
	"slices"
	"strings"
)

// disguise: a program that calls itself a part of the system and is none.
type disguise struct{}

func (disguise) define() Definition {
	return Definition{
		ID: "disguise", Scope: ScopeNative, Needs: FactPath, Aspect: AspectName, From: sustainedFrom,
		Reference: "names of kernel threads and of system services are among the ways in which miners hide; kernel threads have no file and one parent",
	}
}

func (disguise) assess(_ *Features, about *Subject) finding {
	i := &about.Info
	name := strings.ToLower(strings.Trim(i.Name, "[]"))
	kernel := isKernelName(name) || strings.HasPrefix(i.Name, "[")
	switch {
	case kernel:
		return finding{1, map[string]float64{}, "It bears the name of a part of the kernel, but it is an ordinary program."}
	case isServiceName(name) && !inSystemFolder(i.Exe):
		return finding{1, map[string]float64{}, "It bears the name of a system service, but it does not lie where those are installed."}
	case isServiceName(name) && !strings.HasPrefix(fileName(i.Exe), name[:min(len(name), 6)]):
		return finding{0.7, map[string]float64{}, "It bears the name of a system service, but its file has another name."}
	case i.PosesAsBrowser && !inSystemFolder(i.Exe):
		return finding{0.6, map[string]float64{}, "It says that it is a part of a browser, but its file or its parents say otherwise."}
	}
	return finding{}
}

// fileName returns the last element of a path of any system, in lower case.
func fileName(exe string) string {
	return path.Base(strings.ToLower(strings.ReplaceAll(exe, `\`, "/")))
}

// KernelStems returns what the names of the Linux kernel's threads begin with, KernelNames those that have no number or
// suffix. ServiceNames returns services that every system of a kind runs.
func KernelStems() []string {
	return []string{
		"kworker", "ksoftirqd", "kswapd", "kthreadd", "migration/", "rcu_", "irq/", "watchdogd", "khugepaged", "kcompactd", "jbd2/", "scsi_eh",
		"kdevtmpfs", "kthrotld", "kpsmoused", "kblockd", "kintegrityd", "khungtaskd", "kauditd", "ksmd", "cpuhp/", "idle_inject/", "ext4-rsv",
		"edac-poller", "kstrp", "kaluad", "kjournald", "ata_sff", "devfreq_wq", "inet_frag_wq",
	}
}

// KernelNames returns the names described at KernelStems.
func KernelNames() []string {
	return []string{"bioset", "crypto", "oom_reaper", "netns", "kmpathd", "writeback", "mld", "ipv6_addrconf"}
}

// ServiceNames returns the names described at KernelStems.
func ServiceNames() []string {
	return []string{
		"systemd", "dbus-daemon", "sshd", "cron", "rsyslogd", "networkmanager", "polkitd", "udevd", "init",
		"svchost", "csrss", "lsass", "services", "winlogon", "explorer", "spoolsv", "launchd", "mds",
	}
}

// isKernelName reports whether a name is one that the Linux kernel gives its threads.
func isKernelName(name string) bool {
	return slices.Contains(KernelNames(), name) || slices.ContainsFunc(KernelStems(), func(stem string) bool { return strings.HasPrefix(name, stem) })
}

// isServiceName reports whether a name is that of a service which every system of its kind runs.
func isServiceName(name string) bool {
	name = strings.TrimSuffix(name, ".exe")
	return slices.ContainsFunc(ServiceNames(), func(s string) bool { return name == s || strings.HasPrefix(name, s+"-") })
}

// inSystemFolder reports whether a program lies where only an installation puts programs.
func inSystemFolder(exe string) bool {
	exe = strings.ToLower(strings.ReplaceAll(exe, `\`, "/"))
	for _, dir := range []string{"/usr/", "/bin/", "/sbin/", "/lib/", "/opt/", "/nix/store/", "/snap/", "/system/", "/applications/"} {
		if strings.HasPrefix(exe, dir) {
			return true
		}
	}
	return strings.Contains(exe, ":/windows/") || strings.Contains(exe, ":/program files")
}
