package evaluate

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Floor is a figure that an evaluation must reach.
type Floor struct {
	split, key string
	limit      float64
	ceiling    bool // the figure must not be above limit instead
}

// ParseFloors reads floors such as "precision=0.98,tune.recall=0.9,site_wrong<=0". A key is one of the summary's
// numbers; it is that of the test split unless "tune." stands before it.
func ParseFloors(text string) ([]Floor, error) {
	var out []Floor
	known := numbers(&Summary{})
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		key, value, ok := strings.Cut(part, "=")
		key, ceiling := strings.CutSuffix(strings.TrimSpace(key), "<")
		f := Floor{split: Test, key: strings.TrimSuffix(strings.TrimSpace(key), ">"), ceiling: ceiling} // >= is the same as =
		for _, split := range []string{Tune, Test} {
			if rest, cut := strings.CutPrefix(f.key, split+"."); cut {
				f.split, f.key = split, rest
			}
		}
		limit, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if !ok || err != nil || math.IsNaN(limit) {
			return nil, fmt.Errorf("%q is no floor; write KEY=NUMBER, such as recall=0.98, or KEY<=NUMBER for a ceiling", part)
		}
		if _, ok := known[f.key]; !ok {
			return nil, fmt.Errorf("the summary has no number %q; it has %s", f.key, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		f.limit = limit
		out = append(out, f)
	}
	return out, nil
}

// Split returns the split whose figure it is about.
func (f Floor) Split() string { return f.split }

// Missed returns a sentence for each floor that the summaries miss.
func Missed(floors []Floor, all []Summary) []string {
	var out []string
	for _, f := range floors {
		i := slices.IndexFunc(all, func(s Summary) bool { return s.Split == f.split })
		name := f.split + "." + f.key
		if i < 0 {
			out = append(out, name+" is not known, because there is no recording of that split")
			continue
		}
		got := numbers(&all[i])[f.key]
		switch {
		case got == nil:
			out = append(out, name+" is not known, because nothing in the recordings speaks of it")
		case f.ceiling && *got > f.limit:
			out = append(out, fmt.Sprintf("%s is %.4g, above the ceiling of %g", name, *got, f.limit))
		case !f.ceiling && *got < f.limit:
			out = append(out, fmt.Sprintf("%s is %.4g, below the floor of %g", name, *got, f.limit))
		}
	}
	return out
}

// numbers returns the numbers of a summary by key, those of an inner object as "time_to_detect_s.p50"; nil for null.
func numbers(s *Summary) map[string]*float64 {
	b, err := json.Marshal(s)
	var top map[string]any
	if err == nil {
		err = json.Unmarshal(b, &top)
	}
	if err != nil {
		return nil // a summary is always plain JSON
	}
	out := map[string]*float64{}
	var add func(prefix string, object map[string]any)
	add = func(prefix string, object map[string]any) {
		for k, v := range object {
			switch v := v.(type) {
			case float64:
				out[prefix+k] = &v
			case nil:
				out[prefix+k] = nil
			case map[string]any:
				add(prefix+k+".", v)
			}
		}
	}
	add("", top)
	return out
}
