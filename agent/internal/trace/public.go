package trace

import (
	"strings"

	"github.com/minewatch/minewatch/agent/internal/browsers"
	"github.com/minewatch/minewatch/heuristics"
)

// The names below are the same on every computer, so they tell nothing of whose it is. Redact keeps them because rules
// and people need them; a test asks the detector itself whether it still sees what it saw.

// isPublicProgram reports whether a name is that of a browser or of one of its own helpers.
func isPublicProgram(name string) bool { return browsers.IsPublic(name) }

// engineThreads lists the beginnings of the names that browsers give their threads, cut to 15 bytes as Linux does.
func engineThreads() (all []string) {
	for _, e := range browsers.Engines() {
		all = append(all, e.Threads...)
	}
	return all
}

// kernelStems and serviceStems are the names that rules look for: beginnings of those of the kernel's threads, and services
// that every system of a kind runs.
func kernelStems() []string { return append(heuristics.KernelStems(), heuristics.KernelNames()...) }

func serviceStems() []string { return heuristics.ServiceNames() }

// place returns a folder of the same kind as that of a path, which is in lower case and has forward slashes.
func place(path string) string {
	drive := ""
	if len(path) > 2 && path[1] == ':' {
		drive, path = "C:", path[2:]
	}
	switch { // rules look for these anywhere
	case strings.Contains(path, "/appdata/local/temp/"):
		return drive + "/Users/user/AppData/Local/Temp/"
	case strings.Contains(path, "/windows/temp/") && !strings.HasPrefix(path, "/windows/"):
		return drive + "/other/Windows/Temp/"
	}
	for _, same := range []struct{ below, as string }{
		{"/tmp/.mount_", "/tmp/.mount_image/"}, // an application's image, which is no odd place
		{"/var/tmp/", "/var/tmp/"},
		{"/tmp/", "/tmp/"},
		{"/dev/shm/", "/dev/shm/"},
		{"/run/shm/", "/run/shm/"},
		{"/private/tmp/", "/private/tmp/"},
		{"/private/var/folders/", "/private/var/folders/"},
		{"/windows/temp/", "/Windows/Temp/"},
		{"/windows/", "/Windows/"},
		{"/program files", "/Program Files/"},
		{"/usr/", "/usr/bin/"},
		{"/bin/", "/usr/bin/"},
		{"/sbin/", "/usr/bin/"},
		{"/lib/", "/usr/bin/"},
		{"/opt/", "/opt/"},
		{"/nix/store/", "/nix/store/"},
		{"/snap/", "/snap/"},
		{"/system/", "/System/"},
		{"/applications/", "/Applications/"},
		{"/home/", "/home/user/"},
		{"/root/", "/home/user/"},
		{"/users/", "/Users/user/"},
	} {
		if strings.HasPrefix(path, same.below) {
			return drive + same.as
		}
	}
	return drive + "/other/"
}
