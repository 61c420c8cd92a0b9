package importer

import (
	"cmp"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
)

// counters understands paths of Windows's performance counters, in the languages of Windows and in the small letters
// that PowerShell writes: "\\HOST\Object(instance#3)\counter".
type counters struct {
	*log
	byPath map[string]counterPath
}

// counterPath is what one counter tells of.
type counterPath struct {
	host     string
	key      string // the object and the instance as written
	base     string // the instance without #n
	instance string
	kind     counterKind
}

type counterKind int

const (
	counterOther   counterKind = iota
	counterCPU                 // all time of a process, in percent of one core
	counterPart                // its time in user or privileged mode
	counterUnknown             // another percentage of a process
	counterPID
	counterMemory
	counterTotal // of all processes with the idle one, which is 100 a core
	counterHost  // of all cores, in percent of them
	counterCore  // of one core
)

var counterForm = regexp.MustCompile(`^(?:\\\\([^\\]+))?\\([^(\\]+)\((.+)\)\\(.+)$`)

// The beginnings of how Windows calls the objects in its languages, and parts of how it calls their counters. Objects of
// processors begin like those of processes in some, so they are looked for first.
var (
	processorObject = regexp.MustCompile(`(?i)^(processor|prozessor|processeur|procesador|processador|processore|процессор|procesor|suoritin|プロセッサ|处理器|處理器|프로세서|i̇şlemci|işlemci)`)
	processObject   = regexp.MustCompile(`(?i)^(process|prozess|processus|proceso|processo|proces|процесс|prosess|folyamat|プロセス|进程|處理程序|處理序|프로세스|i̇şlem|işlem)`) //nolint:misspell // other languages
	allTime         = regexp.MustCompile(`processor|prozessor|processeur|procesador|processador|процессор|procesor|suoritti|プロセッサ|处理器|處理器|프로세서|i̇şlemci|işlemci`)
	userTime        = regexp.MustCompile(`user|benutzer|utilisat|usuario|usuário|utente|gebruiker|пользоват|użytkown|användar|kullanıcı|bruger|bruker|käyttäj|uživatel|felhasznál|ユーザー|用户|使用者|사용자`)
	privilegedTime  = regexp.MustCompile(`privileg|privilég|privilegi|bevoegd|привилег|uprzywilej|ayrıcalık|etuoikeu|特権|特权|特權|권한`)
	pidCounter      = regexp.MustCompile(`^id |^id\. | id$|-id$|kennung$|^identif|kimli|^идентификатор процесса|azonosító|tunnus$|^prosess-id|标识|標識|識別碼|^プロセス id|^프로세스 id`)
	notPID          = regexp.MustCompile(`creat|creaz|creaci|cria|erstell|übergeordn|parent|créat|создав|creëer|two|作成|创建|建立|생성|oluştur|logon`)
	memoryCounter   = regexp.MustCompile(`^(working set|arbeitsseiten|plage de travail|espacio de trabajo|conjunto de trabalho|рабочий набор|zestaw roboczy|werkset|arbetsmängd|工作集|ワーキング セット|작업 집합|çalışma kümesi)$`)
)

func newCounters(l *log) counters { return counters{log: l, byPath: map[string]counterPath{}} }

// path reads a path; its kind is counterOther for what is of no use here.
func (c *counters) path(s string) counterPath {
	s = strings.TrimSpace(s)
	if p, known := c.byPath[s]; known {
		return p
	}
	p := counterPathOf(s)
	if len(c.byPath) < c.o.MaxLive*4 {
		c.byPath[s] = p
	}
	return p
}

func counterPathOf(s string) counterPath {
	m := counterForm.FindStringSubmatch(s)
	if m == nil {
		return counterPath{}
	}
	object, instance, counter := m[2], m[3], strings.ToLower(strings.TrimSpace(m[4]))
	percent, small := strings.Contains(counter, "%"), strings.ToLower(instance)
	total := small == "_total" || strings.HasSuffix(small, ",_total")
	p := counterPath{host: m[1], key: strings.ToLower(object) + "\x00" + small, instance: small}
	p.base, _, _ = strings.Cut(instance, "#")
	switch {
	case processorObject.MatchString(object):
		switch {
		case !percent || privilegedTime.MatchString(counter) || userTime.MatchString(counter) || !allTime.MatchString(counter):
		case total:
			p.kind = counterHost
		case strings.Trim(instance, "0123456789,") == "":
			p.kind = counterCore
		}
	case !processObject.MatchString(object):
	case small == "idle" || strings.HasPrefix(small, "idle:") || small == "leerlauf" || small == "inactif":
	case percent && total && allTime.MatchString(counter):
		p.kind = counterTotal
	case total:
	case percent && (userTime.MatchString(counter) || privilegedTime.MatchString(counter)):
		p.kind = counterPart
	case percent && allTime.MatchString(counter):
		p.kind = counterCPU
	case percent:
		p.kind = counterUnknown
	case pidCounter.MatchString(counter) && !notPID.MatchString(counter):
		p.kind = counterPID
	case memoryCounter.MatchString(counter):
		p.kind = counterMemory
	}
	return p
}

// value is what one counter says at one moment.
type counterValue struct {
	path  counterPath
	value float64 // NaN where the cell is empty
}

// block turns the values of one moment into processes.
func (c *counters) block(at float64, values []counterValue) block {
	b := newBlock(at)
	if b.rows = c.processes(values); len(b.rows) > 0 {
		return b
	}
	cores := map[string]bool{}
	for _, v := range values {
		switch {
		case v.path.kind == counterHost && v.value >= 0:
			c.found.Unit = "all cores"
			b.host, b.whole = v.value/100, true
		case v.path.kind == counterCore:
			cores[v.path.key] = true
		}
	}
	return b
}

// learn counts the cores: those that have a counter each, or a hundredth of what all processes and the idle one use.
func (c *counters) learn(values []counterValue) {
	cores, total := map[string]bool{}, 0.0
	for _, v := range values {
		if v.path.kind == counterCore {
			cores[v.path.key] = true
		}
		if v.path.kind == counterTotal {
			total = max(total, v.value)
		}
	}
	switch {
	case len(cores) > 0:
		c.found.Cores = max(c.found.Cores, min(len(cores), maxCores))
	case total >= 50 && total < 100*maxCores:
		c.found.Cores = max(c.found.Cores, int(math.Round(total/100)))
	}
}

// processes returns the processes of one moment. An instance's "#n" moves to another process when one of the same name
// ends, so without an id all of a name are taken together.
func (c *counters) processes(values []counterValue) []row {
	pids, memory, kinds := map[string]int32{}, map[string]uint64{}, map[string]counterKind{}
	for _, v := range values {
		switch k := v.path.kind; {
		case k == counterPID && v.value > 0 && v.value < math.MaxInt32:
			pids[v.path.key] = int32(v.value)
		case k == counterMemory && v.value > 0:
			memory[v.path.key] = uint64(v.value)
		case (k == counterCPU || k == counterPart || k == counterUnknown) && (kinds[v.path.key] == 0 || k < kinds[v.path.key]):
			kinds[v.path.key] = k
		}
	}
	type who struct {
		name string
		pid  int32
	}
	sums, from := map[who]row{}, map[who]string{}
	for _, v := range values {
		if kind := kinds[v.path.key]; kind != v.path.kind || kind == 0 || !(v.value >= 0) {
			continue
		}
		name, pid := v.path.base, pids[v.path.key]
		if head, number, ok := strings.Cut(v.path.base, ":"); ok { // "Process V2" writes name:pid
			if n, ok := pidOf(number); ok {
				name, pid = head, n
			}
		}
		name = program(name)
		if pid == 0 {
			pid = nameNumber(name)
		}
		id := who{name, pid}
		r, known := sums[id]
		switch {
		case !known:
			r = newRow(pid)
			r.line, r.name, r.cores, r.resident = c.in.n, name, 0, memory[v.path.key]
			from[id] = v.path.key
		case from[id] != v.path.key:
			from[id] = v.path.key
			r.resident += memory[v.path.key]
			c.note(`several processes of one name (%.40q) count as one; record "\Process(*)\ID Process" too`, name)
		}
		r.cores += v.value / 100
		sums[id] = r
	}
	return slices.SortedFunc(maps.Values(sums), func(x, y row) int {
		return cmp.Or(strings.Compare(x.name, y.name), cmp.Compare(x.pid, y.pid))
	})
}
