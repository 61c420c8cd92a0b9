package service

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestUnitStartsTheProgramThatIsThere(t *testing.T) {
	for exe, want := range map[string]string{
		"/usr/bin/minewatch":            "ExecStart=/usr/bin/minewatch run\n",
		"/opt/my programs/minewatch":    "ExecStart=\"/opt/my programs/minewatch\" run\n",
		`/opt/100%/a"b\c/$HOME;rm/m`:    `ExecStart="/opt/100%%/a\"b\\c/$$HOME;rm/m" run` + "\n",
		"/usr/bin/minewatch.d/bin/mine": "ExecStart=/usr/bin/minewatch.d/bin/mine run\n",
	} {
		unit, err := Unit(exe, false)
		if err != nil || !strings.Contains(unit, want) {
			t.Errorf("%s: %v, no %q in the unit", exe, err, want)
		}
	}
	for _, exe := range []string{"/opt/a\nExecStartPre=/bin/sh", "/opt/{{Path}}"} {
		if _, err := Unit(exe, false); err == nil {
			t.Errorf("%q was written into a unit", exe)
		}
	}
	user, err := Unit("/home/anna/bin/minewatch", true)
	if err != nil || !strings.Contains(user, "ExecStart=/home/anna/bin/minewatch run --user\n") {
		t.Errorf("a user's unit: %v\n%s", err, user)
	}
}

// The packages ship the file as it is: what `service install` writes for their place is the same text.
func TestPackagesAndCommandInstallTheSameUnit(t *testing.T) {
	shipped, err := os.ReadFile("../../../installer/linux/minewatch.service")
	if err != nil {
		t.Fatal(err)
	}
	if unit, err := Unit("/usr/bin/minewatch", false); err != nil || unit != string(shipped) {
		t.Errorf("%v: the unit differs from the one in installer/linux", err)
	}
	for _, line := range []string{ // what is easily lost in an edit
		"Restart=on-failure", "WatchdogSec=30", "NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "SystemCallFilter=@system-service",
		"CapabilityBoundingSet=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH", "ProcSubset=all",
	} {
		if !slices.Contains(strings.Split(string(shipped), "\n"), line) {
			t.Errorf("the unit has no line %q", line)
		}
	}
}

func TestPropertyListIsXMLWhateverThePath(t *testing.T) {
	for _, user := range []bool{false, true} {
		list, err := PropertyList("/Users/a<b>&c/minewatch", user)
		if err != nil || !strings.Contains(list, "<string>/Users/a&lt;b&gt;&amp;c/minewatch</string>") {
			t.Fatalf("%v\n%s", err, list)
		}
		if strings.Contains(list, "<string>--user</string>") != user {
			t.Errorf("user %v: the wrong arguments", user)
		}
		d := xml.NewDecoder(strings.NewReader(list))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestHeartbeat(t *testing.T) {
	var sent []string
	h := &Heartbeat{every: 10 * time.Second, send: func(s string) { sent = append(sent, s) }}
	h.Ready()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for s := range 25 {
		h.Beat(start.Add(time.Duration(s) * time.Second))
	}
	if got := strings.Join(sent, " "); got != "READY=1 WATCHDOG=1 WATCHDOG=1 WATCHDOG=1" {
		t.Errorf("sent %q", got)
	}
	sent = nil
	(&Heartbeat{send: func(s string) { sent = append(sent, s) }}).Beat(start) // no watchdog
	if len(sent) > 0 {
		t.Errorf("sent %q", sent)
	}
}
