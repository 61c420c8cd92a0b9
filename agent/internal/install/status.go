package install

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minewatch/minewatch/agent/extension"
)

// State is the state of a host manifest, or of a browser.
type State string

// The states.
const (
	Ready       State = "ready"       // the browser will find the program
	Missing     State = "missing"     // the browser is there, the manifest is not
	Differs     State = "differs"     // the manifest is there and says something else, such as another program
	NotFound    State = "not_found"   // the browser has never been started by this user
	Unreachable State = "unreachable" // a snap or flatpak: it cannot start programs outside its sandbox
)

// Source says from where a browser gets the extension without a step by the user.
type Source string

// The sources. A user may have added the extension by hand as well, which is not seen here.
const (
	NoSource     Source = "none"
	UserFolder   Source = "user_folder" // it lies ready to be added by hand
	SystemFolder Source = "system_folder"
	ByPolicy     Source = "policy"
)

// SetupState says whether one browser is set up, and what is missing.
type SetupState struct {
	Browser Browser
	// State sums up Host and System.
	State State
	// Manifest is where this user's host manifest is or would be, Host whether it is in order, System the same for all users.
	Manifest     string
	Host, System State
	Extension    Source
}

// Status returns the setup state of each browser; those in sandboxes only if they were started.
func (u *User) Status() ([]SetupState, error) {
	all := Browsers(u.setup.GOOS, &u.setup.Paths)
	found, trouble := u.found()
	if len(all) == 0 {
		return nil, trouble
	}
	user, err := UserPlan(&u.setup, all)
	if err != nil {
		return nil, err
	}
	system, err := SystemPlan(&Setup{GOOS: u.setup.GOOS, Exe: u.setup.Exe, Debian: u.setup.Debian, Lib64: u.setup.Lib64})
	if err != nil {
		return nil, err
	}
	var out []SetupState
	for _, b := range all {
		started := slices.ContainsFunc(found, func(f Browser) bool { return f.Name == b.Name })
		if b.sandboxed && !started {
			continue // that a snap is not there is no news
		}
		s := SetupState{Browser: b, State: NotFound, Host: Missing, System: Missing, Extension: NoSource}
		if b.sandboxed {
			s.State, s.Manifest = Unreachable, filepath.Join(b.base, b.folder)
			out = append(out, s)
			continue
		}
		s.Manifest, s.Host = u.manifest(user, b.Title, u.asPlanned)
		_, s.System = u.manifest(system, b.Title, u.trusted)
		s.Extension = u.source(&b)
		if started {
			s.State = sumUp(s.Host, s.System)
		}
		out = append(out, s)
	}
	return out, trouble
}

// sumUp returns what a browser makes of a user's manifest and one for all users: it looks at the user's first.
func sumUp(user, system State) State {
	if user == Missing {
		return system
	}
	return user
}

// manifest returns the place that counts first for a browser, and how all of its places stand.
func (u *User) manifest(p *Plan, title string, check func(*Step, []byte) bool) (string, State) {
	first, state := "", Ready
	missing := 0
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.What != HostManifest || !slices.Contains(s.For, title) {
			continue
		}
		if first == "" || s.Key != "" && !strings.HasPrefix(first, "HK") {
			first = s.target(p.GOOS)
		}
		data, err := u.machine.look(&s.Place)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing++
		case err != nil || !check(s, data):
			state = Differs
		}
	}
	if missing > 0 && state == Ready {
		state = Missing
	}
	return first, state
}

// asPlanned reports whether a content is the one that this program writes.
func (u *User) asPlanned(s *Step, data []byte) bool { return bytes.Equal(s.Data, data) }

// trusted reports whether a manifest that an administrator wrote leads our extension, and no other, to a program that
// is there. It need not be this one.
func (u *User) trusted(s *Step, data []byte) bool {
	if s.Key != "" {
		return len(data) > 0
	}
	var have, want hostManifest
	if json.Unmarshal(data, &have) != nil || json.Unmarshal(s.Data, &want) != nil {
		return false
	}
	_, err := os.Stat(filepath.Join(u.machine.below, have.Path))
	return err == nil && have.Name == want.Name && slices.Equal(have.Origins, want.Origins) && slices.Equal(have.Extensions, want.Extensions)
}

// source returns from where a browser gets the extension.
func (u *User) source(b *Browser) Source {
	exists := func(p Place) bool {
		_, err := u.machine.look(&p)
		return err == nil
	}
	id := extension.ChromiumID
	if b.Family == extension.Firefox {
		id = extension.FirefoxID
	}
	switch {
	case b.policies != "" && u.policy(b.policies, id):
		return ByPolicy
	case b.Name == "chromium" && u.setup.DebianChromium && exists(Place{Base: "/", File: debianChromium + "/manifest.json"}),
		b.Name == "firefox" && u.setup.DebianFirefox && exists(Place{Base: "/", File: debianFirefox}):
		return SystemFolder
	case b.Family == extension.Firefox && exists(Place{Base: u.setup.State, File: archiveName}),
		b.Family == extension.Chromium && exists(Place{Base: u.setup.State, File: extensionFolder + "/manifest.json"}):
		return UserFolder
	default:
		return NoSource
	}
}

// policy reports whether a policy for all users names an extension.
func (u *User) policy(folder, id string) bool {
	names, err := filepath.Glob(filepath.Join(u.machine.below, folder, "*.json"))
	if err != nil {
		return false // no such pattern
	}
	for _, n := range names {
		data, err := u.machine.look(&Place{Base: folder, File: filepath.Base(n)})
		if err == nil && bytes.Contains(data, []byte(id)) {
			return true
		}
	}
	return false
}
