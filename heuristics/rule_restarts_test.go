package heuristics

import "testing"

func TestRegularRestarts(t *testing.T) {
	group := tool()
	group.Kind = SubjectGroup
	lives := func(uneven float64) func(*Features) {
		return func(f *Features) { f.LifeUneven, f.Births = uneven, 2 }
	}
	testRule(t, regularRestarts{}, []ruleCase{
		{"equal", group, lives(0.1), 1, 1, "2.0 a second"},
		{"commands", group, func(f *Features) { lives(0.1)(f); f.SystemShare = 0.3 }, -0.8, -0.7, "time in the kernel"},
		{"equal ones that read nothing", group, func(f *Features) { lives(0.1)(f); f.Transfer = 9 << 10 }, 1, 1, "2.0 a second"},
		{"compilers", group, func(f *Features) { lives(0.1)(f); f.Transfer = 300 << 10 }, -1, -1, "live on what they read"},
		{"compiled and run in turn", group, func(f *Features) { lives(0.1)(f); f.Company = 0.19 }, -0.95, -0.85, "other programs in between"},
		{"started by a shell that now and then runs something", group, func(f *Features) { lives(0.1)(f); f.Company = 0.09 }, 1, 1, "2.0 a second"},
		{"a build", group, lives(1.5), -1, -1, "differ"},
		{"not known", group, nil, 0, 0, ""},
		{"one process", tool(), lives(0.1), 0, 0, ""},
	})
}
