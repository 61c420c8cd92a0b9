package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxFile bounds one file in bytes.
const maxFile = 64 << 10

// maxKeys bounds what one source holds: there are not many keys, and a file with thousands is none of ours.
const maxKeys = 100

// Parse reads one JSON object of settings. The values are not checked yet.
func Parse(content []byte) (map[string]any, error) {
	if len(content) > maxFile {
		return nil, fmt.Errorf("it has %d bytes; at most %d are read", len(content), maxFile)
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // Windows' editors begin with it
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("it is not a JSON object, such as {\"observe_only\": true}")
	}
	out := map[string]any{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, notJSON(d, err)
		}
		name, _ := t.(string)
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("it names %s twice", show(name))
		}
		if len(out) == maxKeys {
			return nil, fmt.Errorf("it has more than %d keys", maxKeys)
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, notJSON(d, err)
		}
		out[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, notJSON(d, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("something stands behind its end, at byte %d", d.InputOffset())
	}
	return out, nil
}

func notJSON(d *json.Decoder, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends in the middle, as a half-written file does")
	}
	return fmt.Errorf("it is not JSON: %w (near byte %d)", err, d.InputOffset())
}

// checked returns the good values of a source, and in sentences what is wrong with the others. What was good before
// takes the place of a bad value.
func checked(raw, before map[string]any, allowed func(Key) string) (good map[string]any, problems []string) {
	good = map[string]any{}
	var names []string
	for name := range raw {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		k, known := Lookup(name)
		if !known {
			problems = append(problems, "there is no key "+show(name)+"; it is ignored")
			continue
		}
		if why := allowed(k); why != "" {
			problems = append(problems, why)
			continue
		}
		value, err := k.Check(raw[name])
		if err != nil {
			kept := "it is ignored"
			if old, had := before[name]; had {
				good[name], kept = old, "the value before is kept"
			}
			problems = append(problems, err.Error()+"; "+kept)
			continue
		}
		good[name] = value
	}
	return good, problems
}
