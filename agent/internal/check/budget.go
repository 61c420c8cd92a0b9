package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxBudget is the longest budget file, in bytes.
const maxBudget = 1 << 20

// Limits are what a page may do before a check fails.
type Limits struct {
	// FailOn is mining_like, or heavy, which includes it; empty for neither.
	FailOn Verdict `yaml:"fail-on"`
	// MaxCores is the highest mean load of any phase, in cores; MaxDuty the highest share of the time that one script may
	// keep its thread busy; MaxBytes what a visit may receive. 0 means no limit.
	MaxCores float64 `yaml:"max-cores"`
	MaxDuty  float64 `yaml:"max-duty"`
	MaxBytes int64   `yaml:"max-bytes"`
	// AllowUnknown lets a page pass that could not be watched.
	AllowUnknown bool `yaml:"allow-unknown"`
}

// Budget is the limits of a site: those of every page, and others for pages whose address matches.
type Budget struct {
	Limits `yaml:",inline"`

	Pages []struct {
		// URL is an address, in which * stands for any part of its path.
		URL    string `yaml:"url"`
		Limits `yaml:",inline"`
	} `yaml:"pages"`
}

// ReadBudget reads a budget file (YAML).
func ReadBudget(r io.Reader) (*Budget, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxBudget+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxBudget {
		return nil, errors.New("a budget file has at most 1 MiB")
	}
	b := &Budget{}
	in := yaml.NewDecoder(bytes.NewReader(text))
	in.KnownFields(true)
	if err := in.Decode(b); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the budget cannot be read: %w", err)
	}
	if err := b.check("the budget"); err != nil {
		return nil, err
	}
	for i := range b.Pages {
		p := &b.Pages[i]
		if err := Allowed(strings.ReplaceAll(p.URL, "*", "x")); err != nil {
			return nil, fmt.Errorf("page %d of the budget, %q: %w", i+1, p.URL, err)
		}
		if _, err := path.Match(p.URL, ""); err != nil {
			return nil, fmt.Errorf("page %d of the budget, %q: %w", i+1, p.URL, err)
		}
		if err := p.check(fmt.Sprintf("page %d of the budget", i+1)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (l *Limits) check(of string) error {
	switch {
	case l.FailOn != "" && !l.FailOn.Found():
		return fmt.Errorf("%s: fail-on is mining_like or heavy, not %q", of, l.FailOn)
	case !(l.MaxCores >= 0 && l.MaxCores <= 1024):
		return fmt.Errorf("%s: max-cores is a number of cores, such as 0.5", of)
	case !(l.MaxDuty >= 0 && l.MaxDuty <= 1):
		return fmt.Errorf("%s: max-duty is a share from 0 to 1, such as 0.3", of)
	case l.MaxBytes < 0:
		return fmt.Errorf("%s: max-bytes is a number of bytes", of)
	}
	return nil
}

// of returns the limits of a page: those of the first entry that matches its address, else those of every page.
func (b *Budget) of(address string) *Limits {
	for i := range b.Pages {
		if ok, err := path.Match(b.Pages[i].URL, address); err == nil && ok || b.Pages[i].URL == address {
			return &b.Pages[i].Limits
		}
	}
	return &b.Limits
}

// Over returns in sentences what a page does beyond its limits.
func (b *Budget) Over(p *Page) []string {
	l := b.of(p.URL)
	var out []string
	if p.Verdict.Fails(l.FailOn) {
		out = append(out, p.Sentence)
	}
	if p.Verdict == Unknown && !l.AllowUnknown {
		out = append(out, p.Sentence)
	}
	cores, duty, script, received := 0.0, 0.0, "", int64(0)
	for i := range p.Visits {
		for _, ph := range p.Visits[i].Phases {
			cores = max(cores, ph.Cores)
		}
		for _, s := range p.Visits[i].Busy {
			if s.Duty > duty {
				duty, script = s.Duty, s.URL
			}
		}
		received = max(received, p.Visits[i].ReceivedBytes)
	}
	if l.MaxCores > 0 && cores > l.MaxCores {
		out = append(out, fmt.Sprintf("It used %.2f cores; its budget is %.2f.", cores, l.MaxCores))
	}
	if l.MaxDuty > 0 && duty > l.MaxDuty {
		out = append(out, fmt.Sprintf("The script %s kept its thread busy for %.0f %% of the time; its budget is %.0f %%.", script, 100*duty, 100*l.MaxDuty))
	}
	if l.MaxBytes > 0 && received > l.MaxBytes {
		out = append(out, fmt.Sprintf("It received %d bytes; its budget is %d.", received, l.MaxBytes))
	}
	return out
}
