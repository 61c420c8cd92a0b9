//go:build linux

package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/minewatch/minewatch/agent/testkit/desktop"
	"github.com/minewatch/minewatch/agent/testkit/proc"
	"github.com/minewatch/minewatch/agent/testkit/product"
)

// tick is the agent's interval in seconds; figures of one alert may differ by one.
const tick = 1.0

// alert is what the harness reads of an alert line; the program's own types are not used on purpose, so that the
// promised words are what is tested.
type alert struct {
	Type           string  `json:"type"`
	ID             string  `json:"id"`
	State          string  `json:"state"`
	Reason         string  `json:"reason"`
	T              float64 `json:"t_s"`
	Subject        string  `json:"subject"`
	Site           string  `json:"site"`
	SiteConfidence string  `json:"site_confidence"`
	ProcessName    string  `json:"process_name"`
	PID            int     `json:"pid"`
	Cores          float64 `json:"cores"`
	Severity       string  `json:"severity"`
}

// agent is a running `minewatch run --user` on a desktop.
type agent struct {
	*product.Agent
	desktop *desktop.Desktop
	// profile is the browser profile that knows the extension, extension the folder to load.
	profile, extension string
	recording          string
}

// startAgent installs the browser part for a new profile and starts the agent, which records what it sees.
func startAgent(ctx context.Context, d *desktop.Desktop, bin string) (*agent, error) {
	a := &agent{desktop: d, profile: filepath.Join(d.Home(), "chromium"), recording: filepath.Join(d.Home(), "demo.jsonl.zst")}
	var err error
	if a.Agent, err = product.Install(d, bin); err != nil {
		return nil, err
	}
	if a.extension, err = a.ConnectChromium(ctx, a.profile); err != nil {
		return nil, err
	}
	return a, a.Run(ctx, "--record", a.recording, "--simulated",
		"--load", "two hash workers at 70 % duty in a hidden tab; a canvas game and a video elsewhere")
}

// alerts returns the alerts as the program lists them.
func (a *agent) alerts(ctx context.Context) ([]alert, error) {
	out, err := a.desktop.Output(ctx, a.Program, "alerts", "--json")
	if err != nil {
		return nil, err
	}
	return parseAlerts(out)
}

// replayed returns the alert lines of `minewatch replay`, run by the caller.
func replayed(ctx context.Context, program, recording string) ([]alert, error) {
	ctx, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "replay", recording, "--json")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("minewatch replay: %w: %s", err, stderr.Bytes())
	}
	return parseAlerts(out)
}

func parseAlerts(out []byte) ([]alert, error) {
	var alerts []alert
	err := lines(out, func(a alert) {
		if a.Type == "alert" {
			alerts = append(alerts, a)
		}
	})
	return alerts, err
}

// lines decodes one JSON object a line.
func lines[T any](out []byte, each func(T)) error {
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, len(out)+1)
	for s.Scan() {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		var v T
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			return fmt.Errorf("not a JSON line: %q: %w", s.Text(), err)
		}
		each(v)
	}
	return s.Err()
}

// cost reads what the agent itself has used so far.
func (a *agent) cost(r *Result) error {
	stat, err := proc.Read(a.PID())
	if err != nil {
		return err
	}
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return err
	}
	var up float64
	if _, err := fmt.Sscan(string(uptime), &up); err != nil {
		return err
	}
	r.AgentCPU, r.AgentRun = round(stat.CPU.Seconds()), round(up-stat.Started.Seconds())
	r.AgentRSS, err = resident(fmt.Sprintf("/proc/%d/status", a.PID()))
	return err
}

// resident reads VmRSS, which the kernel gives in KiB, and returns bytes.
func resident(path string) (uint64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no VmRSS", path)
}
