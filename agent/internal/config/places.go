package config

import (
	"os"
	"path/filepath"
	"runtime"
)

// SystemPlaces returns where the settings of this computer are, and with own those of this user too.
func SystemPlaces(own bool) Places {
	p := Under("/etc/minewatch")
	p.Owner = -1
	if runtime.GOOS == "windows" {
		p = Places{Drop: filepath.Join(os.Getenv("ProgramData"), "minewatch", "config.d"), Owner: -1}
	}
	p.Native = runtime.GOOS == "windows"
	if dir, err := os.UserConfigDir(); own && err == nil {
		p.User = filepath.Join(dir, "minewatch", "settings.json")
	}
	return p
}

// Under returns the places below another folder than /etc/minewatch, whose files may belong to whoever runs the program.
func Under(dir string) Places {
	return Places{Managed: filepath.Join(dir, "policies", "managed"), Drop: filepath.Join(dir, "config.d"), Owner: os.Geteuid()}
}
