//go:build unix

package main

import (
	"testing"
	"time"
)

func TestOrdersAreHeldToTheirLimits(t *testing.T) {
	good := order{threads: 2, duty: 0.5, length: time.Hour, hash: "scrypt", pattern: "random"}
	if err := good.check(); err != nil || good.length != limit {
		t.Errorf("%v, %v; want the limit of 90 s", good.length, err)
	}
	for _, bad := range []order{
		{threads: 0, duty: 1, length: 1, hash: "sha256", pattern: "steady"},
		{threads: 1, duty: 0, length: 1, hash: "sha256", pattern: "steady"},
		{threads: 1, duty: 1, length: 0, hash: "sha256", pattern: "steady"},
		{threads: 1, duty: 1, length: 1, hash: "md5", pattern: "steady"},
		{threads: 1, duty: 1, length: 1, hash: "sha256", pattern: "odd"},
		{threads: 1, duty: 1, length: 1, hash: "sha256", pattern: "pulse", on: time.Second},
		{threads: 1, duty: 1, length: 1, hash: "sha256", pattern: "steady", gap: time.Hour},
		{threads: 1, duty: 1, length: 1, hash: "sha256", pattern: "steady", read: "/etc/passwd"},
		{threads: 1, duty: 1, length: 1, hash: "sha256", pattern: "steady", memory: 1 << 20},
		{threads: 1, duty: 1, length: 1, hash: "sha256", pattern: "steady", respawn: 1},
	} {
		if bad.check() == nil {
			t.Errorf("%+v is allowed", bad)
		}
	}
	if run([]string{"mine"}) == nil || run(nil) == nil || run([]string{"scan", "/nothing/there"}) == nil {
		t.Error("nonsense is taken for a load")
	}
}

func TestPausesOfALoad(t *testing.T) {
	pulse := order{pattern: "pulse", on: 10 * time.Second, off: 5 * time.Second}
	for at, want := range map[time.Duration]time.Duration{
		0: 0, 9 * time.Second: 0, 10 * time.Second: 5 * time.Second, 14 * time.Second: time.Second, 15 * time.Second: 0, 26 * time.Second: 4 * time.Second,
	} {
		if got := pauseLeft(pulse, at); got != want {
			t.Errorf("after %v: %v of the pause are left, want %v", at, got, want)
		}
	}
	if pauseLeft(order{pattern: "steady", on: 1, off: 1}, time.Minute) != 0 {
		t.Error("a steady load pauses")
	}
}
