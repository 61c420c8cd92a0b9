package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// EnvPrefix begins the names of environment variables that set a key.
const EnvPrefix = "MINEWATCH_"

// Places say where settings are read. An empty path is not looked at.
type Places struct {
	// Managed is the folder of the machine's policy files, Drop that of config.d, User one user's own file.
	Managed, Drop, User string
	// Native also reads the policy that the system itself distributes: Windows' registry, macOS' managed preferences.
	Native bool
	// Owner may own the files of the machine beside root: a uid, -1 for nobody. For tests without root.
	Owner int
}

// Value is one key with what is in force.
type Value struct {
	Key Key
	// Value is a bool, int, string or []string, as the kind says.
	Value any
	// Source says in words where it comes from, such as a path; "default" for none.
	Source string
	// Managed reports that a machine policy fixed it.
	Managed bool
}

// State is everything in force at one time. It is not changed after it was made.
type State struct {
	// Values has every key, in the order of the schema.
	Values []Value
	// Problems are sentences about what was refused or ignored.
	Problems []string
	k        *koanf.Koanf
}

// Get returns the value of a key.
func (s *State) Get(name string) Value {
	for _, v := range s.Values {
		if v.Key.Name == name {
			return v
		}
	}
	return Value{}
}

// Bool returns the value of a key of that kind; Int, Text and List do for theirs.
func (s *State) Bool(name string) bool { return s.k.Bool(name) }

// Int returns a number.
func (s *State) Int(name string) int { return s.k.Int(name) }

// Text returns a word or a time of day.
func (s *State) Text(name string) string { return s.k.String(name) }

// List returns a list.
func (s *State) List(name string) []string { return s.k.Strings(name) }

// Quiet returns the quiet hours.
func (s *State) Quiet() Span {
	span, err := ParseHours(s.Text(QuietHours))
	if err != nil {
		return Span{} // never: it was checked
	}
	return span
}

// SuspectAt returns the confidence, 0 to 1, from which a load is said to look like mining.
func (s *State) SuspectAt() float64 {
	switch s.Text(Sensitivity) {
	case "low":
		return 0.95
	case "high":
		return 0.7
	}
	return 0.85
}

// Loader reads all layers again and again, and keeps what was good where it meets something bad. It is safe for
// concurrent use.
type Loader struct {
	places Places
	env    []string
	flags  map[string]string

	mu   sync.Mutex
	good map[string]map[string]any // by source: what it held when it was last good
}

// NewLoader returns a loader. env is as os.Environ returns it; flags are key=value.
func NewLoader(p Places, env, flags []string) (*Loader, error) {
	l := &Loader{places: p, env: env, flags: map[string]string{}, good: map[string]map[string]any{}}
	for _, f := range flags {
		name, value, ok := strings.Cut(f, "=")
		k, known := Lookup(name)
		if !ok || !known {
			return nil, fmt.Errorf("%s is not key=value with one of the keys %s", show(f), strings.Join(Names(), ", "))
		}
		if _, err := k.Check(value); err != nil {
			return nil, err
		}
		l.flags[name] = value
	}
	return l, nil
}

// layer is one source with its good values.
type layer struct {
	source  string
	managed bool
	values  map[string]any
}

// Load reads everything and returns what is in force now.
func (l *Loader) Load() *State {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &State{k: koanf.New("/")}
	seen := map[string]bool{}
	take := func(source string, managed bool, raw map[string]any, err error, allowed func(Key) string) layer {
		seen[source] = true
		values := l.good[source]
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				delete(l.good, source)
				return layer{}
			}
			said := " is not read: "
			if len(values) > 0 {
				said = " is not read, what it held before stays in force: "
			}
			s.Problems = append(s.Problems, source+said+err.Error())
			return layer{source, managed, values}
		}
		values, problems := checked(raw, values, allowed)
		for _, p := range problems {
			s.Problems = append(s.Problems, source+": "+p)
		}
		l.good[source] = values
		return layer{source, managed, values}
	}
	policies := l.folder(s, seen, l.places.Managed, true, take)
	if l.places.Native {
		name, raw, err := nativePolicy()
		policies = append(policies, take(name, true, raw, err, lockable))
	}
	var layers []layer
	if l.places.User != "" {
		raw, err := readOwn(l.places.User)
		layers = append(layers, take(l.places.User, false, raw, err, personal))
	}
	layers = append(layers, l.folder(s, seen, l.places.Drop, false, take)...)
	raw, unknown := fromEnv(l.env)
	for _, name := range unknown {
		s.Problems = append(s.Problems, "the environment variable "+show(name)+" is no setting; it is ignored")
	}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		layers = append(layers, take("environment variable "+EnvPrefix+strings.ToUpper(name), false, map[string]any{name: raw[name]}, nil, anyKey))
	}
	for _, name := range slices.Sorted(maps.Keys(l.flags)) {
		layers = append(layers, take("flag --setting "+name, false, map[string]any{name: l.flags[name]}, nil, anyKey))
	}
	layers = append(layers, policies...)
	for source := range l.good {
		if !seen[source] {
			delete(l.good, source)
		}
	}
	s.merge(layers, l.places.User)
	return s
}

// merge puts each layer over those before it. Where a policy locks users' settings, that of the user does not count.
func (s *State) merge(layers []layer, user string) {
	locked := false
	for _, y := range layers {
		if v, ok := y.values[LockUserSettings].(bool); ok {
			locked = v
		}
	}
	from := map[string]layer{}
	load := func(values map[string]any) {
		// Values are checked and flat, so nothing here can fail.
		_ = s.k.Load(confmap.Provider(values, ""), nil)
	}
	defaults := map[string]any{}
	for _, k := range Keys() {
		defaults[k.Name] = k.Default
	}
	load(defaults)
	for _, y := range layers {
		if locked && user != "" && y.source == user {
			if len(y.values) > 0 {
				s.Problems = append(s.Problems, user+" does not count: "+LockUserSettings+" is set")
			}
			continue
		}
		load(y.values)
		for name := range y.values {
			from[name] = y
		}
	}
	for _, k := range Keys() {
		v := Value{Key: k, Value: s.k.Get(k.Name), Source: "default"}
		if y, ok := from[k.Name]; ok {
			v.Source, v.Managed = y.source, y.managed
		}
		s.Values = append(s.Values, v)
	}
}

func anyKey(Key) string { return "" }

func lockable(k Key) string {
	if !k.Lockable {
		return k.Name + " cannot be set by policy; it is ignored"
	}
	return ""
}

func personal(k Key) string {
	if !k.Personal {
		return k.Name + " is for administrators; it is ignored"
	}
	return ""
}

// folder reads the files of a folder of the machine, by name.
func (l *Loader) folder(s *State, seen map[string]bool, dir string, managed bool,
	take func(string, bool, map[string]any, error, func(Key) string) layer,
) []layer {
	if dir == "" {
		return nil
	}
	allowed := anyKey
	if managed {
		allowed = lockable
	}
	var out []layer
	files, err := readFolder(dir, l.places.Owner)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		s.Problems = append(s.Problems, dir+" is not read: "+err.Error())
		// What was in force stays so: a folder that somebody opened to all must not end a policy.
		for _, source := range slices.Sorted(maps.Keys(l.good)) {
			if filepath.Dir(source) == dir {
				seen[source] = true
				out = append(out, layer{source, managed, l.good[source]})
			}
		}
		return out
	}
	for _, f := range files {
		var raw map[string]any
		if err := f.err; err == nil {
			raw, err = Parse(f.content)
			f.err = err
		}
		out = append(out, take(f.path, managed, raw, f.err, allowed))
	}
	return out
}

// fromEnv returns the settings in an environment, and the names of variables of ours that are none.
func fromEnv(env []string) (raw map[string]any, unknown []string) {
	raw = map[string]any{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		key, ours := strings.CutPrefix(name, EnvPrefix)
		if !ours {
			continue
		}
		if _, known := Lookup(strings.ToLower(key)); known && key == strings.ToUpper(key) {
			raw[strings.ToLower(key)] = value
		} else if !otherUse(key) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return raw, unknown
}

// otherUse reports whether a variable of ours means something else: which agent to ask, how often the tray tries, and what
// tests tell their children.
func otherUse(key string) bool {
	return key == "SOCKET" || strings.HasPrefix(key, "TRAY_") || strings.HasPrefix(key, "TEST_") || strings.HasPrefix(key, "SANDBOX")
}

// Every is the time between two looks at the layers. Reading them costs some 0.1 ms (BenchmarkLoad); a watch of the folders
// would miss those that are made later, file systems of a network, and the registry.
const Every = 5 * time.Second

// Same reports whether two states are alike.
func (s *State) Same(t *State) bool {
	return t != nil && slices.Equal(s.Problems, t.Problems) && slices.EqualFunc(s.Values, t.Values, func(a, b Value) bool {
		return a.Source == b.Source && a.Managed == b.Managed && fmt.Sprint(a.Value) == fmt.Sprint(b.Value)
	})
}
