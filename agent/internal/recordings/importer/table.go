package importer

import (
	"strings"
	"unicode"
)

// column is what a column of a table tells, whatever a tool and a language call it.
type column int

const (
	colPID column = iota
	colTID
	colName
	colUser
	colNice
	colResident
	colPercent // of CPU
	colTotal   // CPU time so far
	colState
	colTime // of the row
	colHost
	colCores
	colPath
	colValue
	colThreads
	colElapsed
	colCount
)

// synonyms are the words for columns, in small letters and without marks (see plainTitle). Where a word could be two
// things, as "cpu", the format says which.
var synonyms = [colCount]string{ //nolint:gochecknoglobals // a table that nothing changes
	colPID:      "pid id processid process_id idprocess tgid 进程号 进程 프로세스 プロセス processidentifier",
	colTID:      "tid lwp spid",
	colName:     "command args cmd comm ucmd process processname process_name name instance instancename processinstance befehl com ordre orden komenda comando comanda kommando lệnh ბრძანება команда imagename image exe program programname groupname container containername container_name 命令 コマンド", //nolint:misspell // other languages
	colUser:     "user username uid ruser euser euid benutzer util usuario utente utiliz użytk użytkownik användare кор ng_dùng 用户 ユーザ owner",
	colNice:     "ni nice nic",
	colResident: "res rss rez mem rssize resident workingset64 workingset ws rssbytes rss_bytes memory_rss residentsize 驻留 memrss",
	colPercent:  "%cpu cpu% wcpu pcpu cpupercent cpu_percent cpuperc percent_processor_time percentprocessortime cpuusage cpu_usage cpu_usage_percent cpuusagepercent cpu_pct pctcpu usage_percent processcpu process_cpu cpuload cpu_load cpu_utilization processortime totalcpu %processortime pct",
	colTotal:    "time cputime cpu_time time+ totalprocessortime cpus cpu_seconds cpu_seconds_total cpu_time_total zeit zeit+ temps temps+ hora hora+ czas czas+ tempo tempo+ timp timp+ tid+ thgian thgian+ 时间 时间+",
	colState:    "s stat state st",
	colTime:     "time timestamp datetime date date_time _time ts @timestamp zeit zeitstempel uhrzeit t sampletime collected_at when epoch",
	colHost:     "host hostname computer computername machine machinename server node __server pscomputername",
	colCores:    "cpucores cpu_cores cores millicores cpumillicores",
	colPath:     "path counter counterpath", //nolint:misspell // Windows's word
	colValue:    "cookedvalue value countervalue",
	colThreads:  "thr #th threads nth nlwp",
	colElapsed:  "elapsed etime etimes elapsedtime",
}

// words maps each synonym of a column to it.
func words(of ...column) map[string]column {
	m := map[string]column{}
	for _, c := range of {
		for w := range strings.SplitSeq(synonyms[c], " ") {
			if _, taken := m[w]; !taken {
				m[w] = c
			}
		}
	}
	return m
}

// plainTitle returns the title of a column in small letters, without spaces and the marks that tools put around it.
func plainTitle(s string) string {
	s = strings.ToLower(strings.TrimSpace(strings.Trim(strings.TrimSpace(s), `"#*▽△↓↑`)))
	switch s {
	case "cpu(%)", "cpu (%)", "cpu %", "% cpu", "cpu [%]", "cpu pct", "cpu percent":
		return "cpu%"
	case "cpu(s)", "cpu (s)":
		return "cpu_seconds"
	}
	return strings.TrimRight(strings.ReplaceAll(s, " ", ""), ".:")
}

// columns are the places of what is known in a table, -1 for what is not there.
type columns struct {
	at    [colCount]int
	width int
}

// columnsOf finds columns by their titles; the first that fits wins.
func columnsOf(titles []string, known map[string]column) columns {
	c := columns{width: len(titles)}
	for i := range c.at {
		c.at[i] = -1
	}
	for i, t := range titles {
		if what, ok := known[plainTitle(t)]; ok && c.at[what] < 0 {
			c.at[what] = i
		}
	}
	return c
}

// has reports whether all of some columns are there.
func (c *columns) has(what ...column) bool {
	for _, w := range what {
		if c.at[w] < 0 {
			return false
		}
	}
	return true
}

// get returns a cell, "" where there is none.
func (c *columns) get(row []string, what column) string {
	return strings.TrimSpace(field(row, c.at[what]))
}

// underlined is a table in text whose titles have a line of dashes below them, as PowerShell and influx print it: a word
// belongs to the column below whose title it stands, or else to the one to its left.
type underlined struct {
	titles     []string
	from, upTo []int // of the titles, in characters
}

// isUnderline reports whether a line holds nothing but runs of dashes.
func isUnderline(line string) bool {
	return strings.Contains(line, "--") && strings.Trim(line, "- \t") == "" && !strings.HasPrefix(strings.TrimSpace(line), "- ")
}

// underlinedBy reads the titles above a line of dashes.
func underlinedBy(titles, dashes string) underlined {
	u := underlined{}
	text := []rune(titles)
	for _, w := range wordsIn(dashes) {
		end := min(w.end, len(text))
		u.from, u.upTo = append(u.from, w.start), append(u.upTo, w.end)
		u.titles = append(u.titles, strings.TrimSpace(string(text[min(w.start, end):end])))
	}
	return u
}

// row parts a line of the table.
func (u *underlined) row(line string) []string {
	out := make([]string, len(u.titles))
	all, col := wordsIn(line), 0
	if len(all) == len(out) {
		for i, w := range all {
			out[i] = w.text
		}
		return out
	}
	for _, w := range all {
		for k := col + 1; k < len(u.from); k++ {
			if u.below(w, k) > 0 && u.below(w, k) >= u.below(w, col) {
				col = k
			}
		}
		if out[col] != "" {
			out[col] += " "
		}
		out[col] += w.text
	}
	return out
}

// below returns how many characters of a word stand below a title.
func (u *underlined) below(w wordAt, col int) int {
	return max(0, min(w.end, u.upTo[col])-max(w.start, u.from[col]))
}

// wordAt is a word in a line; its places are in characters.
type wordAt struct {
	text       string
	start, end int
}

func wordsIn(line string) []wordAt {
	var out []wordAt
	start := -1
	text := []rune(line)
	for i := 0; i <= len(text); i++ {
		blank := i == len(text) || unicode.IsSpace(text[i])
		switch {
		case !blank && start < 0:
			start = i
		case blank && start >= 0:
			out = append(out, wordAt{string(text[start:i]), start, i})
			start = -1
		}
	}
	return out
}
