package importer

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestOtherTools(t *testing.T) {
	atop := func(host string) string {
		return "RESET\nPRC " + host + " 1795600700 2026/11/25 09:58:20 86400 5179 (old) S 100 99999999 1 0 120 0 0 0 3 0 5179 y 0 1 0 0\nSEP\n" + repeat(5, func(i int) string {
			return fmt.Sprintf("CPU %[1]s %[2]d 2026/11/25 %[3]s 2 100 4 1 2 3 4 5 6 7 8 9\nPRC %[1]s %[2]d 2026/11/25 %[3]s 2 5179 (ha sh) S 100 390 10 5 120 0 0 0 3 0 5179 y 0 1 0 0\nSEP\n", host, 1795600800+2*i, clockAt(2*i))
		})
	}
	nmon := "AAA,progname,nmon\nAAA,host,web1\nAAA,cpus,4\nCPU_ALL,CPU Total web1,User%,Sys%,Wait%,Idle%,Steal%,Busy,CPUs\nTOP,%CPU Utilisation\nTOP,+PID,Time,%CPU,%Usr,%Sys,Size,ResSet,ResText,ResData,ShdLib,MinorFault,MajorFault,Command\n" +
		repeat(5, func(i int) string {
			return fmt.Sprintf("ZZZZ,T%04[1]d,%s,25-NOV-2026\nCPU_ALL,T%04[1]d,97.5,1.8,0.0,0.7,0.0,,4\nTOP,0005179,T%04[1]d,391.40,391.0,0.4,591444,269732,2704,500000,0,0,0,hash\n", i+1, clockAt(i))
		})
	dstat := "\"Dstat 0.7.2 CSV output\"\n\"Host:\",\"web1\",,,,\"User:\",\"root\"\n\"Cmdline:\",\"dstat -tc --top-cpu\",,,,\"Date:\",\"03 Dec 2020 14:10:38 CST\"\n\n\"system\",\"total cpu usage\",,,,,,\"most expensive\"\n\"time\",\"usr\",\"sys\",\"idl\",\"wai\",\"hiq\",\"siq\",\"cpu process\"\n" +
		repeat(5, func(i int) string {
			return "03-12 " + clockAt(i) + ",49.000,1.000,50.0,0.0,0.0,0.0,hash                49\n"
		})
	dstatHost := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(dstat, ",\"most expensive\"", ""), ",\"cpu process\"", ""), ",hash                49", "")
	collectl := "################\n# Collectl:   V4.3.1-1  HiRes: 1  Options: -P -s cdmn\n# SubSys:     cdmn Options:  Interval: 1 NumCPUs: 4 [HYPER] NumBud: 0 Flags: i\n################\n#Date Time [CPU]User% [CPU]Nice% [CPU]Sys% [CPU]Wait% [CPU]Irq% [CPU]Soft% [CPU]Steal% [CPU]Idle% [CPU]Totl%\n" +
		repeat(5, func(i int) string { return "20201123 " + clockAt(i) + " 73 0 2 0 0 0 0 25 75\n" })
	const vmstatTop = "procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----\n r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n"
	vmstat := vmstatTop + " 4  0      0 123696  20480 1383288    0    0     0     0 1201  800  1  1 98  0  0\n" + strings.Repeat(" 4  0      0 123696  20480 1383288    0    0     0     0 1201  800 74  1 25  0  0\n", 5)
	timed := strings.Replace(vmstatTop, " st\n", " st                 UTC\n", 1) + repeat(6, func(i int) string {
		return " 4  0      0 123696  20480 1383288    0    0     0     0 1201  800 74  1 25  0  0 2026-11-25 " + clockAt(i) + "\n"
	})
	influx := "name: win_proc\ntime                 Percent_Processor_Time instance\n----                 ---------------------- --------\n" + repeat(5, func(i int) string {
		return fmt.Sprintf("2021-10-07T05:2%d:00Z %d.3000000000000      app\n2021-10-07T05:2%[1]d:00Z 800      _Total\n", i, 150*(i%2))
	})
	grouped := "name: procstat\ntags: host=a, process_name=app\ntime                cpu_usage\n----                ---------\n" + repeat(5, func(i int) string { return fmt.Sprintf("%d 150\n", 1633584000000000000+int64(i)*1e10) }) +
		"\nname: procstat\ntags: host=a, process_name=db\ntime                cpu_usage\n----                ---------\n" + repeat(5, func(i int) string { return fmt.Sprintf("%d 3\n", 1633584000000000000+int64(i)*1e10) })
	runCases(t, map[string]logCase{
		"atop":                {text: atop("web1"), format: "atop", cores: 4, from: "log", cpu: map[string]float64{"ha sh": 20}},
		"atop of two":         {text: atop("web1") + atop("web2"), err: `several computers ("web1", "web2")`},
		"atop of one of two":  {text: atop("web1") + atop("web2"), o: Options{Host: "web2"}, format: "atop", cores: 4, cpu: map[string]float64{"ha sh": 20}},
		"nmon":                {text: nmon, format: "nmon", cores: 4, from: "log", cpu: map[string]float64{"hash": 5 * 3.914}},
		"nmon without TOP":    {text: withoutLines(nmon, "TOP"), format: "nmon", cores: 4, busy: 5 * 4 * 0.993},
		"dstat":               {text: dstat, o: Options{Cores: 4}, format: "dstat", cores: 4, cpu: map[string]float64{"hash": 5 * 1.96}},
		"dstat without cores": {text: dstat, err: "--cores N"},
		"dstat of the host":   {text: dstatHost, o: Options{Cores: 4}, format: "dstat", cores: 4, busy: 10},
		"collectl":            {text: collectl, format: "collectl", cores: 4, from: "log", busy: 5 * 3},
		"vmstat":              {text: vmstat, o: Options{Cores: 4, Interval: time.Second}, format: "vmstat", cores: 4, busy: 5 * 3},
		"vmstat without time": {text: vmstat, err: "--interval 1s"},
		"vmstat -t":           {text: timed, o: Options{Cores: 4}, format: "vmstat", cores: 4, busy: 5 * 3},
		"influx":              {text: influx, format: "influx", cores: 2, cpu: map[string]float64{"app": 60 * 3.015}},
		"influx, grouped":     {text: grouped, format: "influx", cores: 2, cpu: map[string]float64{"app": 75, "db": 1.5}},
		"influx of two":       {text: grouped + strings.ReplaceAll(grouped, "host=a", "host=b"), err: "--host"},
		"htop":                {text: " 1650 db         20   0 6998M  332M 18140 S 217.  0.5 21:19.63 ├─ /usr/sbin/db\n", err: "htop and glances draw a screen"},
		"iostat":              {text: "avg-cpu:  %user   %nice %system %iowait  %steal   %idle\n           0.50    0.00    0.50    0.00    0.00   99.00\n", err: "iostat tells of no process"},
		"dool": {text: "\"Dool 1.3.1 CSV Output\"\n\"Host:\",\"h\",,,,\"User:\",\"u\"\n\"epoch\",\"total usage\",,,,\n\"epoch\",\"usr\",\"sys\",\"idl\",\"wai\",\"stl\"\n" +
			repeat(5, func(i int) string { return fmt.Sprintf("%d.1,47,3,50,0,0\n", 1795600800+i) }), o: Options{Cores: 4}, format: "dstat", cores: 4, busy: 10},
		"names and percentages": {text: strings.Repeat("game,107.4%\ndb,0.1%\n", 5), kind: "docker-stats", o: Options{Interval: 2 * time.Second}, cores: 2, cpu: map[string]float64{"game": 10.74, "db": 0.01}},
		"pidstat -d alone":      {text: pidstatHead + "10:00:00 UID PID kB_rd/s kB_wr/s kB_ccwr/s iodelay Command\n10:00:01 0 7 1 1 0 0 x\n", err: "pidstat was run without -u"},
		"tasklist":              {text: "Image Name                     PID Session Name        Session#    Mem Usage\n========================= ======== ================ =========== ============\nx.exe 7 Services 0 8 K\n", err: "tasklist tells"},
		"kubectl top nodes":     {text: "NAME    CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\nn1   250m   12%      20Mi  5%\n", err: "kubectl top nodes tells of computers"},
		"JSON of podman":        {text: "[\n {\n  \"id\": \"f32\",\n  \"cpu_percent\": \"107%\"\n }\n]\n", err: "JSON over several lines"},
	})
}

func withoutLines(text, prefix string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, prefix) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestContainers(t *testing.T) {
	row := func(i int) string {
		return fmt.Sprintf("f32ddb31ba13\tgame\t107.%02d%%\t1.62GiB / 15.34GiB\t10.56%%\t0B / 0B\t4.18GB / 10.9MB\t46\n0a1b2c3d4e5f\tdb\t0.12%%\t200MiB / 15.34GiB\t1.27%%\t0B / 0B\t1GB / 10MB\t5\n", 41+i)
	}
	const titles = "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT     MEM %     NET I/O   BLOCK I/O         PIDS\n"
	table := func(i int) string { return titles + strings.ReplaceAll(row(i), "\t", "   ") }
	json := func(int) string {
		return `{"BlockIO":"4.18GB / 10.9MB","CPUPerc":"107.43%","Container":"f32ddb31ba13","ID":"f32ddb31ba13","MemPerc":"10.56%","MemUsage":"1.62GiB / 15.34GiB","Name":"game","NetIO":"0B / 0B","PIDs":"46"}` + "\n" +
			`{"CPUPerc":"--","Container":"aa2ddb31ba13","Name":"stopped"}` + "\n"
	}
	memoryFirst := func(int) string { return "f32ddb31ba13  game  10.56%  1.62GiB / 15.34GiB  107.43%\n" }
	two, want := Options{Interval: 2 * time.Second}, map[string]float64{"game": 10.743, "db": 0.012}
	runCases(t, map[string]logCase{
		"rows alone":         {text: repeat(5, row), o: two, format: "docker-stats", cores: 2, cpu: want},
		"a table":            {text: repeat(5, table), o: two, format: "docker-stats", cores: 2, cpu: want},
		"a table in colours": {text: "\x1b[2J\x1b[H" + strings.ReplaceAll(repeat(5, table), "CONTAINER", "\x1b[KCONTAINER"), o: two, format: "docker-stats", cores: 2, cpu: want},
		"dates between":      {text: repeat(5, func(i int) string { return "Wed Nov 25 " + clockAt(2*i) + " UTC 2026\n" + row(i) }), format: "docker-stats", cores: 2, cpu: want},
		"a time before rows": {text: repeat(5, func(i int) string {
			return "Nov 25 " + clockAt(2*i) + " " + strings.ReplaceAll(row(i), "\n0a", "\nNov 25 "+clockAt(2*i)+" 0a")
		}), format: "docker-stats", cores: 2, cpu: want},
		"JSON":              {text: repeat(5, json), o: two, format: "docker-stats", cores: 2, cpu: map[string]float64{"game": 10.743}},
		"no time":           {text: repeat(5, json), err: "--interval 2s"},
		"memory before CPU": {text: repeat(5, memoryFirst), o: two, format: "docker-stats", cores: 2, cpu: map[string]float64{"game": 10.743}},
		"millicores of a pod": {text: repeat(5, func(int) string {
			return "NAME    CPU(cores)   MEMORY(bytes)\nweb-1   250m         20Mi\nweb-2   2            20Mi\n"
		}), o: two, format: "docker-stats", cores: 3, cpu: map[string]float64{"web-1": 2.5, "web-2": 20}},
		"a cell that's no use": {text: repeat(5, row) + "f32ddb31ba13\tgame\tlots%\t1.62GiB / 15.34GiB\n", o: two, err: "is no CPU use"},
	})
}

func TestUnitsOfCSV(t *testing.T) {
	wideCSV := func(title, cell string) string {
		return "\"Time\",\"" + title + "\",\"other\"\n" + repeat(5, func(i int) string { return "2026-11-25 " + clockAt(i) + "," + cell + ",0.01\n" })
	}
	mapped := func(title, unit string) Options {
		return Options{Unit: unit, Columns: map[string]string{"time": "Time", "cpu": title + "|other"}}
	}
	long := func(titles string, cells ...string) string {
		return titles + "\n" + repeat(5, func(i int) string {
			out := ""
			for _, c := range cells {
				out += "2026-11-25 " + clockAt(i) + "," + c + "\n"
			}
			return out
		})
	}
	runCases(t, map[string]logCase{
		"cores or percent":    {text: wideCSV("web", "3.91"), kind: "csv", o: mapped("web", ""), err: "no number is above 3.91"},
		"cores":               {text: wideCSV("web", "3.91"), kind: "csv", o: mapped("web", "cores"), cores: 4, cpu: map[string]float64{"web": 19.55, "other": 0.05}},
		"percent, as said":    {text: wideCSV("web", "3.91"), kind: "csv", o: mapped("web", "percent"), cores: 1, cpu: map[string]float64{"web": 0.1955, "other": 0}},
		"percent by its size": {text: wideCSV("web", "391"), kind: "csv", o: mapped("web", ""), cores: 4, cpu: map[string]float64{"web": 19.55, "other": 0}},
		"millicores":          {text: wideCSV("web", "1910"), kind: "csv", o: mapped("web", "millicores"), cores: 2, cpu: map[string]float64{"web": 9.55, "other": 0}},
		"cells with a unit":   {text: wideCSV("web", "1910m"), kind: "csv", o: mapped("web", ""), cores: 2, cpu: map[string]float64{"web": 9.55, "other": 0}},
		"cells in percent":    {text: wideCSV("web", "3.91%"), kind: "csv", o: mapped("web", ""), cores: 1, cpu: map[string]float64{"web": 0.1955, "other": 0}},
		"a malformed number":  {text: wideCSV("web", "3.91") + "2026-11-25 10:00:09,lots,0.01\n", kind: "csv", o: mapped("web", "cores"), err: `:7: "lots" is no number`},
		"an empty cell":       {text: wideCSV("web", "3.91") + "2026-11-25 10:00:05,,0.01\n2026-11-25 10:00:06,NaN,0.01\n", kind: "csv", o: mapped("web", "cores"), cores: 4, cpu: map[string]float64{"web": 19.55, "other": 0.07}},
		"a row that is cut":   {text: wideCSV("web", "3.91") + "2026-11-25 10:00:05\n", kind: "csv", o: mapped("web", "cores"), err: "the row has 1 fields, the header 3"},
		"by its titles":       {text: long("timestamp,pid,name,cpu_percent", "7,app,97.5", "8,db,2.5"), format: "csv", cores: 1, cpu: map[string]float64{"app": 4.875, "db": 0.125}},
		"another order": {
			text: "CPU%;ProcessName;WS;Timestamp\n" + repeat(5, func(i int) string { return "97,5;app;9;25.11.2026 " + clockAt(i) + "\n" }), format: "csv", cores: 1,
			cpu: map[string]float64{"app": 4.875},
		},
		"several computers": {text: long("time,host,pid,process,cpu%", "a,7,app,97", "b,7,app,3"), err: `several computers ("a", "b")`},
		"one of them":       {text: long("time,host,pid,process,cpu%", "a,7,app,97", "b,7,app,50"), o: Options{Host: "b"}, cores: 1, cpu: map[string]float64{"app": 2.5}},
		"seconds so far": {
			text: "t,n,s\n1,app,10\n2,app,12\n3,app,14\n", kind: "csv", o: Options{Columns: map[string]string{"time": "t", "process": "n", "seconds": "s"}}, cores: 2,
			cpu: map[string]float64{"app": 4},
		},
		"days of two orders": {text: "Time;web;other\n30/11/2026 23:59:58;150,5;1\n30/11/2026 23:59:59;150,5;1\n01/12/2026 00:00:00;150,5;1\n", kind: "csv", o: mapped("web", ""), cores: 2, cpu: map[string]float64{"web": 4.515, "other": 0.03}},
		"marks of thousands": {text: wideCSV("web", `"1,910.5"`), kind: "csv", o: mapped("web", "millicores"), cores: 2, cpu: map[string]float64{"web": 9.5525, "other": 0}},
	})
}

func TestSeriesOfPrometheus(t *testing.T) {
	series := func(labels string, from, step float64) string {
		return `{"metric":{` + labels + `},"values":[` + strings.TrimSuffix(repeat(5, func(i int) string { return fmt.Sprintf(`[%d,"%.3f"],`, 1795600800+15*i, from+step*float64(i)) }), ",") + `]}`
	}
	answer := func(s ...string) string {
		return `{"status":"success","data":{"resultType":"matrix","result":[` + strings.Join(s, ",") + `]}}`
	}
	flat := `{"metric":{"pod":"web"},"values":[[1,"1.9"],[16,"1.9"],[31,"1.9"],[46,"1.9"]]}`
	falling := `{"metric":{"pod":"web"},"values":[[1,"1.9"],[16,"1.8"],[31,"1.9"],[46,"1.7"],[61,"1.6"]]}`
	runCases(t, map[string]logCase{
		"cAdvisor": {text: answer(series(`"id":"/docker/f2","name":"web","instance":"c:8080","job":"cadvisor","cpu":"total"`, 100, 28.65), series(`"id":"/docker","instance":"c:8080","job":"cadvisor","cpu":"total"`, 100, 28.65),
			series(`"id":"/","instance":"c:8080","job":"cadvisor","cpu":"total"`, 9000, 29.85)), format: "prometheus", cores: 2, cpu: map[string]float64{"web": 4 * 28.65}},
		"a series a core and their sum": {text: answer(series(`"name":"web","cpu":"total"`, 0, 15), series(`"name":"web","cpu":"cpu00"`, 0, 15)), cores: 1, cpu: map[string]float64{"web": 60}},
		"Kubernetes": {text: answer(series(`"container":"web","pod":"web-1","namespace":"x"`, 100, 28.65), series(`"container":"db","pod":"db-1","namespace":"x"`, 9, 0.15),
			series(`"container":"","pod":"web-1","namespace":"x"`, 100, 28.65), series(`"container":"POD","pod":"web-1","namespace":"x"`, 1, 0.01)), cores: 2, cpu: map[string]float64{"web": 4 * 28.65, "db": 0.6}},
		"modes of one program": {text: answer(series(`"groupname":"java","mode":"user"`, 100, 7.5), series(`"groupname":"java","mode":"system"`, 1, 7.5)), cores: 1, cpu: map[string]float64{"java": 60}},
		"two computers":        {text: answer(series(`"groupname":"java","instance":"a:9256"`, 100, 7.5), series(`"groupname":"java","instance":"b:9256"`, 100, 7.5)), err: `several computers ("a", "b")`},
		"one of two computers": {text: answer(series(`"groupname":"java","instance":"a:9256"`, 100, 7.5), series(`"groupname":"java","instance":"b:9256"`, 100, 15)), o: Options{Host: "b"}, cores: 1, cpu: map[string]float64{"java": 60}},
		"ports of one":         {text: answer(series(`"groupname":"java","instance":"a:9256"`, 100, 7.5), series(`"groupname":"web","instance":"a:9257"`, 100, 7.5)), cores: 1, cpu: map[string]float64{"java": 30, "web": 30}},
		"a computer":           {text: answer(series(`"cpu":"0","mode":"user"`, 0, 7.5), series(`"cpu":"0","mode":"idle"`, 0, 7.5), series(`"cpu":"1","mode":"idle"`, 0, 15)), cores: 2, busy: 30},
		"a rate, unsaid":       {text: answer(falling), err: "none of a counter"},
		"a flat rate, unsaid":  {text: answer(flat), err: "none of a counter"},
		"a rate":               {text: answer(flat), o: Options{Unit: "cores"}, cores: 2, cpu: map[string]float64{"web": 60 * 1.9}},
	})
}
