package importer

import (
	"regexp"
	"strings"
)

// htopRow is a row of htop: 20 or so of priority, sizes with M and K, a state, then two figures and a time with hundredths.
var htopRow = regexp.MustCompile(`^\d+ \S+ +-?\S+ +-?\d+ +[\d.]+[KMGT]?(?:[\d.]+[KMG]?)? +[\d.]+[KMG]? +[\d.]+[KMG]? +[A-Z] +[\d.]+ +[\d.]+ +[\d:.h]+ .*(?:├─|└─|│)`)

// looksLikeHtop recognises a copy of htop's screen, by its titles or by the branches of its tree.
func looksLikeHtop(head []string) bool {
	return anyLine(head, func(l string) bool {
		f := strings.Fields(strings.NewReplacer("▽", " ", "△", " ").Replace(l))
		return indexOf(f, "CPU%") >= 0 && indexOf(f, "MEM%") >= 0 && indexOf(f, "PID") >= 0 || htopRow.MatchString(l)
	})
}

var kilobytes = regexp.MustCompile(`\t[\d.,'  ]+ K(?:\t|$)`)

// looksLikeTaskManager recognises a copy of Task Manager's details: tabs, PID and CPU among the titles in every language,
// two digits of CPU and memory in "K".
func looksLikeTaskManager(head []string) bool {
	for i, l := range head {
		f := strings.Split(strings.TrimSpace(l), "\t")
		for k := range f {
			f[k] = strings.TrimSpace(f[k])
		}
		if indexOf(f, "PID") < 0 || indexOf(f, "CPU") < 0 || len(f) < 4 {
			continue
		}
		return anyLine(head[i+1:], func(row string) bool { return kilobytes.MatchString(row) || strings.Contains(row, ".exe\t") })
	}
	return false
}
