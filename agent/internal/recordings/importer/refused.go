package importer

import (
	"regexp"
	"strings"
)

const (
	recordLinux   = "`top -b -d 1 -w 512` or `pidstat -urdth 1` for three minutes"
	recordWindows = `typeperf "\Process(*)\% Processor Time" "\Process(*)\ID Process" -si 1 -sc 180 -o log.csv`
)

// unread are tools that are told by a line of theirs and cannot be read: why, and what to record instead.
func unread() []format {
	var out []format
	for _, u := range []struct{ name, line, instead string }{
		{"iostat", `^avg-cpu:`, "iostat tells of no process; record " + recordLinux},
		{"tasklist", `^(?:"[^"]+","PID",|.* PID .*Session#|.*={8} ={8})`, "tasklist tells of no CPU time between two moments; record " + recordWindows},
		{"pidstat", `\bPID +(?:minflt/s|kB_rd/s|StkSize|usr-ms|cswch/s|threads)`, "pidstat was run without -u, so that no CPU use is in it; record `pidstat -urdth 1`"},
		{"kubectl top nodes", `^NAME +CPU\(cores\) +CPU%`, "kubectl top nodes tells of computers, not of what runs on them; record `kubectl top pods --containers` in a loop"},
		{"prstat", `^PID USERNAME +(?:SIZE|USR) .*PROCESS/`, "prstat is not read; record `prstat -m` beside `ps -eo pid,user,nice,rss,time,args` in a loop with date, and import that of ps"},
		{"podman stats", `^"cpu_percent": `, "JSON over several lines is not read; record with --format '{{json .}}', a line a container"},
		{"docker stats", `^\{"(?:name|id|read|pids_stats)":.*"cpu_stats":`, "answers of Docker's API are not read; record `docker stats --format '{{json .}}'`"},
		{"WMIC", `(?:KernelModeTime|PercentProcessorTime).*UserModeTime|^Node,.*PercentProcessorTime`, "tables of WMI are not read; record " + recordWindows},
		{"perf", `^# Overhead|^Samples: \d+`, "perf tells where a program spends its time, not how much over time; record " + recordLinux},
		{"powermetrics", `^\*{3,} Sampled system activity`, "powermetrics is not read; record `top -l 180 -s 1`"},
	} {
		form := regexp.MustCompile(u.line)
		out = append(out, format{name: u.name, looks: func(head []string) bool { return anyLine(head, form.MatchString) }, instead: u.instead})
	}
	return out
}

// htopRow is a row of htop: 20 or so of priority, sizes with M and K, a state, then two figures and a time with hundredths.
var htopRow = regexp.MustCompile(`^\d+ \S+ +-?\S+ +-?\d+ +[\d.]+[KMGT]?(?:[\d.]+[KMG]?)? +[\d.]+[KMG]? +[\d.]+[KMG]? +[A-Z] +[\d.]+ +[\d.]+ +[\d:.h]+ .*(?:├─|└─|│)`)

// looksLikeHtop recognises a copy of htop's screen, by its titles or by the branches of its tree.
func looksLikeHtop(head []string) bool {
	return anyLine(head, func(l string) bool {
		f := strings.Fields(strings.NewReplacer("▽", " ", "△", " ").Replace(l))
		return indexOf(f, "CPU%") >= 0 && indexOf(f, "MEM%") >= 0 && indexOf(f, "PID") >= 0 || htopRow.MatchString(l)
	})
}

var taskManagerRow = regexp.MustCompile(`\t[\d.,]+ ?%\t[\d.,]+ MB(?:\t|$)`)

var kilobytes = regexp.MustCompile(`\t[\d.,'  ]+ K(?:\t|$)`)

// looksLikeTaskManager recognises a copy of Task Manager's details: tabs, PID and CPU among the titles in every language,
// two digits of CPU and memory in "K".
func looksLikeTaskManager(head []string) bool {
	for i, l := range head {
		f := strings.Split(strings.TrimSpace(l), "\t")
		for k := range f {
			f[k] = strings.TrimSpace(f[k])
		}
		if indexOf(f, "CPU") >= 0 && anyLine(head[i+1:min(len(head), i+4)], func(row string) bool { return taskManagerRow.MatchString(row) }) {
			return true // its list of programs, without ids
		}
		if indexOf(f, "PID") < 0 || indexOf(f, "CPU") < 0 || len(f) < 4 {
			continue
		}
		return anyLine(head[i+1:], func(row string) bool { return kilobytes.MatchString(row) || strings.Contains(row, ".exe\t") })
	}
	return false
}
