package heuristics

import "strings"

// Scope says which subjects a rule applies to: a set of kinds.
type Scope uint8

// The kinds of subject that rules tell apart.
const (
	ScopePage    Scope = 1 << iota // a browser's renderer: a process that runs pages
	ScopeHelper                    // another process of a browser: drawing, network, the browser itself
	ScopeProgram                   // a process outside browsers
	ScopeGroup                     // the processes of one program, user and parent
	ScopeRest                      // what no process accounts for

	// ScopeBrowser is every process of a browser, ScopeNative every subject that is a program of its own, and
	// ScopeAll every subject.
	ScopeBrowser = ScopePage | ScopeHelper
	ScopeNative  = ScopeProgram | ScopeGroup
	ScopeAll     = ScopeBrowser | ScopeNative | ScopeRest
)

// scope returns the kind that a subject is of.
func (s *Subject) scope() Scope {
	switch {
	case s.Kind == SubjectUnattributed:
		return ScopeRest
	case s.Kind == SubjectGroup:
		return ScopeGroup
	case s.Info.Browser == nil:
		return ScopeProgram
	case s.Info.Browser.Role == RoleRenderer:
		return ScopePage
	}
	return ScopeHelper
}

// String returns the kinds in words, such as "a browser's page or a process outside browsers".
func (s Scope) String() string {
	unions := map[Scope]string{
		ScopeAll: "anything", ScopeBrowser: "a browser's process", ScopeNative: "a program outside browsers",
		ScopeBrowser | ScopeProgram: "a process", ScopeBrowser | ScopeNative: "a program",
	}
	if words, ok := unions[s]; ok {
		return words
	}
	var words []string
	for _, k := range []struct {
		scope Scope
		words string
	}{
		{ScopePage, "a browser's page"},
		{ScopeHelper, "a browser's helper process"},
		{ScopeProgram, "a process outside browsers"},
		{ScopeGroup, "a group of processes of one program"},
		{ScopeRest, "what no process accounts for"},
	} {
		if s&k.scope != 0 {
			words = append(words, k.words)
		}
	}
	return strings.Join(words, " or ")
}
