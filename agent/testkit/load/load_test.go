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
