package heuristics

import (
	"fmt"
	"strings"
	"time"
)

// Config holds the detector's settings; zero values mean the defaults.
type Config struct {
	// Window is the span over which features are computed, 5 s to 10 min. Default 30 s.
	Window time.Duration
	// SuspectAt is the confidence from which a load is called mining_like, 0.5 to 0.999. Default 0.85.
	SuspectAt float64
	// HeavyAfter is how long a load must last to be called heavy, 10 s to 1 h. Default 120 s.
	HeavyAfter time.Duration
	// Weights replace those that the program carries; nil for the latter.
	Weights *Weights
}

// setting is one value of a Config by its name on the command line.
type setting struct {
	name string
	set  func(c *Config, value string) error
}

func settings() []setting {
	return []setting{
		{"window", func(c *Config, v string) error { return setSpan(&c.Window, v, 5*time.Second, 10*time.Minute) }},
		{"suspect_at", func(c *Config, v string) error { return setShare(&c.SuspectAt, v, 0.5, 0.999) }},
		{"heavy_after", func(c *Config, v string) error { return setSpan(&c.HeavyAfter, v, 10*time.Second, time.Hour) }},
	}
}

// Set changes one setting, such as "window" to "45s". The error says what is allowed.
func (c *Config) Set(name, value string) error {
	for _, s := range settings() {
		if s.name == name {
			if err := s.set(c, value); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		}
	}
	return fmt.Errorf("there is no setting %q; there are %s", name, strings.Join(Settings(), ", "))
}

// Settings returns the names that Set knows.
func Settings() []string {
	var names []string
	for _, s := range settings() {
		names = append(names, s.name)
	}
	return names
}

func setSpan(d *time.Duration, value string, low, high time.Duration) error {
	v, err := time.ParseDuration(value)
	if err != nil || v < low || v > high {
		return fmt.Errorf("%q is not a time from %v to %v, such as 45s", value, low, high)
	}
	*d = v
	return nil
}

func setShare(x *float64, value string, low, high float64) error {
	var v float64
	var rest string
	if n, _ := fmt.Sscanf(value, "%g%s", &v, &rest); n != 1 || !(v >= low && v <= high) {
		return fmt.Errorf("%q is not a number from %g to %g", value, low, high)
	}
	*x = v
	return nil
}

func (c Config) withDefaults() Config {
	if c.Window <= 0 {
		c.Window = 30 * time.Second
	}
	if c.SuspectAt <= 0 {
		c.SuspectAt = suspectAt
	}
	if c.Weights == nil {
		w := DefaultWeights()
		c.Weights = &w
	}
	if c.HeavyAfter <= 0 {
		c.HeavyAfter = heavyAfter
	}
	return c
}
