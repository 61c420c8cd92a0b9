package patrol_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/minewatch/minewatch/agent/internal/check"
)

// TestKilledAtRandomMoments kills the whole program, the queue's server in it, again and again: it goes on where it was.
func TestKilledAtRandomMoments(t *testing.T) {
	if testing.Short() {
		t.Skip("processes that are killed again and again are not short")
	}
	pages, kills := 150, 3
	if os.Getenv(fullVar) != "" {
		pages, kills = 2000, 50
	}
	counts := t.TempDir()
	t.Setenv("MINEWATCH_PATROL_TEST_COUNTS", counts)
	dir := t.TempDir()
	c := &conf{Dir: dir + "/run", List: writeList(t, dir, pages, "gone", "third"), AckWait: time.Second, Visits: 3}
	killed := 0
	for range 200 {
		p := start(t, "run", c)
		if killed < kills {
			if !p.ended(time.Duration(100+rand.IntN(900)) * time.Millisecond) {
				p.kill()
				killed++
				continue
			}
		} else if !p.ended(3 * time.Minute) {
			t.Fatal("it does not come to its end")
		}
		if p.err != nil {
			t.Fatalf("it failed: %v\n%s", p.err, p.said.String())
		}
		break
	}
	if killed < kills/2 {
		t.Errorf("it was killed %d times only: give it more pages", killed)
	}
	all := finals(t, c.Dir, pages)
	wantVerdicts(t, all)
	wantEvidence(t, c.Dir, all)
	t.Logf(`{"type":"kills","pages":%d,"kills":%d,"finals":%d}`, pages, killed, len(all))
}

// TestPoison: a page that ends every process which opens it is set aside after three tries, and no other page with it.
func TestPoison(t *testing.T) {
	if testing.Short() {
		t.Skip("processes that are killed again and again are not short")
	}
	dir := t.TempDir()
	const pages = 40
	c := &conf{Dir: dir + "/run", List: writeList(t, dir, pages, "kill", "gone"), AckWait: time.Second}
	died := 0
	for range 10 {
		p := start(t, "run", c)
		if !p.ended(2 * time.Minute) {
			t.Fatal("it does not come to its end")
		}
		if p.err == nil {
			break
		}
		died++
	}
	if died != 3 {
		t.Errorf("the page ended %d processes, not 3", died)
	}
	all := finals(t, c.Dir, pages)
	wantVerdicts(t, all)
	for _, p := range all {
		if strings.HasSuffix(p.URL, "?kill") && (p.Reason != check.EndedEarly || !strings.Contains(p.Detail, "set aside after 3 tries")) {
			t.Errorf("it is said: %s, %s", p.Reason, p.Detail)
		}
	}
}

// TestClusterLosesANode: three servers, three workers; one of each is killed, and the coordinator too.
func TestClusterLosesANode(t *testing.T) {
	if testing.Short() {
		t.Skip("processes that are killed again and again are not short")
	}
	pages := 120
	if os.Getenv(fullVar) != "" {
		pages = 1500
	}
	dir := t.TempDir()
	ports := freePorts(t, 6)
	var routes, addresses []string
	for i := range 3 {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", ports[3+i]))
		addresses = append(addresses, fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
	}
	var nodes, workers []*program
	for i := range 3 {
		nodes = append(nodes, start(t, "node", &conf{
			Name: fmt.Sprintf("n%d", i), Dir: fmt.Sprintf("%s/n%d", dir, i), Port: ports[i], ClusterPort: ports[3+i], Cluster: strings.Join(routes, ","),
		}))
	}
	c := &conf{Dir: dir + "/run", List: writeList(t, dir, pages, "gone"), NATS: strings.Join(addresses, ","), Replicas: 3, NoWork: true, AckWait: 2 * time.Second}
	run := start(t, "run", c)
	for i := range 3 {
		w := *c
		w.Name = fmt.Sprintf("w%d", i)
		workers = append(workers, start(t, "work", &w))
	}
	wait := func(part float64) {
		t.Helper()
		for range 600 {
			if answered(t, c) >= int(part*float64(pages)) {
				return
			}
			if run.ended(100 * time.Millisecond) {
				break
			}
		}
		if run.err != nil {
			t.Fatalf("the run failed: %v\n%s", run.err, run.said.String())
		}
	}
	wait(0.15)
	nodes[rand.IntN(3)].kill()
	workers[0].kill()
	wait(0.5)
	run.kill()
	run = start(t, "run", c)
	// The hosts that the killed worker was at are left alone until its places run out, 48 s at the most.
	if !run.ended(3*time.Minute) || run.err != nil {
		for _, w := range workers {
			w.kill()
			t.Logf("a worker said: %.500s", w.said.String())
		}
		run.kill()
		t.Fatalf("the run does not come to its end: %v\n%s", run.err, run.said.String())
	}
	all := finals(t, c.Dir, pages)
	wantVerdicts(t, all)
	wantEvidence(t, c.Dir, all)
	t.Logf(`{"type":"cluster","pages":%d,"nodes_killed":1,"workers_killed":1,"finals":%d}`, pages, len(all))
}
