package heuristics

import "strings"

// ThreadKind returns a thread's name less what programs put behind it to number threads alike: "worker-3" and
// "worker-4" are of one kind. What hides names (a redacted recording) must keep kinds apart.
func ThreadKind(name string) string { return strings.TrimRight(name, "0123456789 #-/:._") }
