package evaluate

import (
	"time"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/internal/alert"
	"github.com/minewatch/minewatch/heuristics"
)

const (
	// maxTracks bounds the subjects followed in one recording; the true subject has a track of its own.
	maxTracks = 64
	// maxPoints bounds the points of a track: when there are more, two become one.
	maxPoints = 2048
)

// Point is a subject at one moment of a recording.
type Point struct {
	// T is the time in seconds, Cores the use since the moment before.
	T, Cores float64
	// Said is "" while nothing is suspected, else the severity.
	Said api.Severity
	// Confidence is that of mining.
	Confidence float64
}

// Plot is a recording's main subject over time.
type Plot struct {
	// Subject says in words what is plotted.
	Subject string
	Points  []Point
}

// track follows one subject.
type track struct {
	key     string
	subject string
	points  []Point
	// each is how many ticks one point stands for; sum gathers the point to come.
	each, gathered int
	sum            Point
	total          float64 // core seconds
	peak           float64
	rules          map[string]float64
	// now gathers what the present tick says.
	now Point
}

// tracks follows the subjects of one recording.
type tracks struct {
	all   map[string]*track
	order []*track
	truth *track
	last  time.Duration
}

func newTracks() tracks {
	return tracks{all: map[string]*track{}, truth: &track{key: "truth", each: 1, rules: map[string]float64{}}}
}

// observe takes the verdicts of one tick; isTrue says which are about the true subject.
func (ts *tracks) observe(at time.Duration, judged []alert.Finding, isTrue func(*alert.Finding) bool) {
	var group Point
	for i := range judged {
		j := &judged[i]
		ts.of(j).take(j)
		if !isTrue(j) {
			continue
		}
		if j.Verdict.Subject.Kind == heuristics.SubjectGroup {
			group.Cores += j.Verdict.Now // the same CPU time as that of its members
			cores := ts.truth.now.Cores
			ts.truth.take(j)
			ts.truth.now.Cores = cores
			continue
		}
		ts.truth.take(j)
	}
	ts.truth.now.Cores = max(ts.truth.now.Cores, group.Cores)
	dt := (at - ts.last).Seconds()
	ts.last = at
	for _, t := range ts.order {
		t.tick(at, dt)
	}
	ts.truth.tick(at, dt)
}

// of returns the track of a verdict's subject. Where there are too many, the one that has used least gives way, so that
// what matters late in a long recording is still followed.
func (ts *tracks) of(j *alert.Finding) *track {
	key := j.Key()
	if t := ts.all[key]; t != nil {
		return t
	}
	t := &track{key: key, each: 1, rules: map[string]float64{}}
	ts.all[key] = t
	if len(ts.order) < maxTracks {
		ts.order = append(ts.order, t)
		return t
	}
	least := 0
	for i, other := range ts.order {
		if other.total < ts.order[least].total {
			least = i
		}
	}
	delete(ts.all, ts.order[least].key)
	ts.order[least] = t
	return t
}

// take adds a verdict to the present tick.
func (t *track) take(j *alert.Finding) {
	v := &j.Verdict
	t.now.Cores += v.Now
	if v.State == heuristics.Suspected && t.now.Said != api.MiningLike {
		t.now.Said = alert.SeverityOf(v)
	}
	if v.Confidence >= t.now.Confidence {
		t.now.Confidence = v.Confidence
		t.subject = nameOf(j)
	}
	if v.Confidence > t.peak {
		t.peak = v.Confidence
		t.rules = weightsOf(alert.EvidenceOf(v))
	}
}

// nameOf names a subject for people.
func nameOf(j *alert.Finding) string {
	name := j.Verdict.Subject.Info.Name
	switch {
	case j.Owner.Site != "":
		return j.Owner.Site + " in " + name
	case j.Owner.Subject == api.SubjectTab:
		return "a tab in " + name
	case j.Verdict.Subject.Kind == heuristics.SubjectGroup:
		return "processes of " + name
	}
	return name
}

// tick ends the present tick.
func (t *track) tick(at time.Duration, dt float64) {
	p := t.now
	t.now = Point{}
	t.total += p.Cores * dt
	t.sum.T = at.Seconds()
	t.sum.Cores += p.Cores
	t.sum.Confidence = max(t.sum.Confidence, p.Confidence)
	if t.sum.Said != api.MiningLike && p.Said != "" {
		t.sum.Said = p.Said
	}
	if t.gathered++; t.gathered < t.each {
		return
	}
	t.sum.Cores /= float64(t.each)
	t.points = append(t.points, t.sum)
	t.sum, t.gathered = Point{}, 0
	if len(t.points) >= maxPoints {
		t.halve()
	}
}

// halve makes one point of two.
func (t *track) halve() {
	for i := range len(t.points) / 2 {
		a, b := t.points[2*i], t.points[2*i+1]
		b.Cores = (a.Cores + b.Cores) / 2
		b.Confidence = max(a.Confidence, b.Confidence)
		if b.Said == "" || a.Said == api.MiningLike {
			b.Said = a.Said
		}
		t.points[i] = b
	}
	t.points = t.points[:len(t.points)/2]
	t.each *= 2
}

// choose returns the track to show: the true subject's, that of the first alert, or that which used most.
func (ts *tracks) choose(t *Trace, first *Alert) *track {
	if t.Label != Benign && ts.truth.total > 0 {
		return ts.truth
	}
	if first != nil && ts.all[first.key] != nil {
		return ts.all[first.key]
	}
	var most *track
	for _, t := range ts.order {
		if most == nil || t.total > most.total {
			most = t
		}
	}
	return most
}

// plot returns the track's points; its memory is not that of the other tracks.
func (t *track) plot() Plot { return Plot{Subject: t.subject, Points: t.points} }

// mean returns the mean use in cores between two times of a label, nil where nothing was seen.
func (t *track) mean(from, to *float64) *float64 {
	n, sum := 0, 0.0
	for _, p := range t.points {
		if (from == nil || p.T > *from) && (to == nil || p.T <= *to) {
			n++
			sum += p.Cores
		}
	}
	if n == 0 {
		return nil
	}
	return new(alert.Round(sum/float64(n), 100))
}
