package alert

import (
	"cmp"
	"math"
	"slices"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/heuristics"
)

// explained is the share of a group's use from which the members that were judged by themselves account for it: the
// detector's own bound for not judging the group.
const explained = 0.6

// Fold returns what was judged with one entry for each thing that people would call one, in the order of first mention:
// a group and its only member are that process, several processes of one job are one group. What is suspected most
// speaks for the others; use and members are those of all.
func Fold(judged []Finding) []Finding {
	byKey := make(map[string]*fold, len(judged))
	order := make([]*fold, 0, len(judged))
	for i := range judged {
		key := judged[i].Key()
		f := byKey[key]
		if f == nil {
			f = &fold{}
			byKey[key] = f
			order = append(order, f)
		}
		f.parts = append(f.parts, &judged[i])
	}
	out := make([]Finding, len(order))
	for i, f := range order {
		out[i] = f.one()
	}
	// The sums of several processes may have overtaken others.
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Compare(b.Verdict.Features.Cores, a.Verdict.Features.Cores)
	})
	return out
}

// Key names what people would call one thing: see attribution.Owner.
func (j *Finding) Key() string { return cmp.Or(j.Owner.Key, j.Verdict.Subject.Key) }

// fold is all that was judged at one tick of one job.
type fold struct{ parts []*Finding }

func (f *fold) one() Finding {
	lead := f.lead(func(*Finding) bool { return true })
	out := *lead
	if len(f.parts) == 1 {
		return out
	}
	sum, groups := use{}, use{}
	processes, members := 0, 0
	for _, p := range f.parts {
		if p.Verdict.Subject.Kind == heuristics.SubjectProcess {
			processes++
			sum.add(&p.Verdict)
		} else {
			members = max(members, p.Verdict.Subject.Members)
			groups.add(&p.Verdict)
		}
	}
	if processes > 0 && sum.mean >= explained*groups.mean {
		// The group says nothing that its members do not, but it may have been suspected first.
		members = 0
		named := f.lead(func(j *Finding) bool { return j.Verdict.Subject.Kind == heuristics.SubjectProcess })
		out.Verdict.Subject, out.Owner = named.Verdict.Subject, named.Owner
	}
	out.Verdict.Now = max(sum.now, groups.now) // a group's use holds that of its members
	out.Verdict.Features.Cores = max(sum.mean, groups.mean)
	out.Verdict.Features.Machine = max(sum.machine, groups.machine)
	out.Verdict.Subject.Members = max(members, processes)
	out.Owner.Subject = api.SubjectProcess
	if processes != 1 || members > 0 {
		out.Owner.Subject = api.SubjectGroup
	}
	return out
}

// lead returns, of the parts that are eligible, the one that is suspected most; of equals that which has lasted longest,
// so that it is the same from tick to tick.
func (f *fold) lead(eligible func(*Finding) bool) *Finding {
	var best *Finding
	for _, p := range f.parts {
		if eligible(p) && (best == nil || worse(&p.Verdict, &best.Verdict) < 0) {
			best = p
		}
	}
	return best
}

// worse orders verdicts of one job: the most suspected first.
func worse(a, b *heuristics.Verdict) int {
	return cmp.Or(
		cmp.Compare(rank(b), rank(a)),
		cmp.Compare(math.Round(10*b.Confidence), math.Round(10*a.Confidence)), // less is no difference
		cmp.Compare(b.Features.Busy, a.Features.Busy),
		cmp.Compare(a.Subject.Key, b.Subject.Key),
	)
}

func rank(v *heuristics.Verdict) int {
	switch {
	case v.State == heuristics.Suspected && v.Severity == heuristics.MiningLike:
		return 3
	case v.State == heuristics.Suspected:
		return 2
	case v.State == heuristics.Cleared:
		return 1
	}
	return 0
}

// use sums what several subjects use: now and on average in cores, and of the whole machine as a share.
type use struct{ now, mean, machine float64 }

func (u *use) add(v *heuristics.Verdict) {
	u.now += v.Now
	u.mean += v.Features.Cores
	u.machine += v.Features.Machine
}
