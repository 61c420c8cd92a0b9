package importer

import (
	"math"
	"strings"
)

// psLoop is `ps` in a loop, with `date` between two looks: the CPU time so far tells the use. %CPU of ps is a mean since
// the start of a process.
var psLoop = dialect{ //nolint:gochecknoglobals // a table that nothing changes
	tool: "ps", record: "`while date; do ps -eo pid,user,ni,rss,time,args; sleep 5; done`", counter: true, usual: "5s",
	begins: func(*log, string) (float64, bool) { return math.NaN(), false },
}

func looksLikePs(head []string) bool {
	for _, l := range head {
		f := strings.Fields(l)
		if len(f) < 3 || indexOf(f, "PID") < 0 || isNumber(f[0]) || strings.ContainsAny(l, ",;") {
			continue
		}
		if indexOf(f, "TIME", "%CPU", "C", "PCPU", "CPU") >= 0 && indexOf(f, "COMMAND", "CMD", "ARGS", "COMM", "UCMD") >= 0 &&
			indexOf(f, "VIRT", "SHR", "TIME+", "%usr", "RES") < 0 {
			return true
		}
	}
	return false
}
