package importer

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// perfmonLog makes the table of typeperf: a row a second for ten seconds. NAME(x) in a title stands for its path.
func perfmonLog(comma string, titles, cells []string) string {
	quote := func(first string, f []string) string {
		return `"` + first + `"` + comma + `"` + strings.Join(f, `"`+comma+`"`) + "\"\n"
	}
	return quote("(PDH-CSV 4.0) (W. Europe Standard Time)(-60)", titles) + repeat(10, func(i int) string { return quote("11/25/2026 "+clockAt(i)+".123", cells) })
}

func TestPerfmonOfManyKinds(t *testing.T) {
	german := []string{`\\PC\Prozess(Idle)\Prozessorzeit (%)`, `\\PC\Prozess(_Total)\Prozessorzeit (%)`, `\\PC\Prozess(app)\Prozessorzeit (%)`, `\\PC\Prozess(app#1)\Prozessorzeit (%)`}
	lower := []string{`\\pc\process(_total)\% processor time`, `\\pc\process(idle)\% processor time`, `\\pc\process(app)\% processor time`, `\\pc\process(app#1)\% processor time`}
	ids := func(object, name string, of []string) []string {
		return append(append([]string{}, of...), `\\PC\`+object+`(app)\`+name, `\\PC\`+object+`(app#1)\`+name)
	}
	comma := []string{"290,5", "400,0", "97,681", "1,2"}
	point := []string{"400.4", "290.5", "97.681", "1.2"}
	cases := map[string]logCase{
		"small letters":        {text: perfmonLog(",", lower, point), format: "typeperf", cores: 4, from: "log", cpu: map[string]float64{"app": 9.8881}, note: `several processes of one name ("app")`},
		"parted by tabs":       {text: perfmonLog("\t", lower, point), format: "typeperf", cores: 4, cpu: map[string]float64{"app": 9.8881}, note: "several processes"},
		"parted by semicolons": {text: perfmonLog(";", lower, point), format: "typeperf", cores: 4, cpu: map[string]float64{"app": 9.8881}, note: "several processes"},
		"German, without ids":  {text: perfmonLog(",", german, comma), format: "typeperf", cores: 4, cpu: map[string]float64{"app": 9.8881}, note: "several processes"},
		"two computers":        {text: perfmonLog(",", append([]string{`\\OTHER\Process(app)\% Processor Time`}, lower...), append([]string{"1"}, point...)), err: "--host"},
		"one of two computers": {text: perfmonLog(",", append([]string{`\\OTHER\Process(app)\% Processor Time`}, lower...), append([]string{"50"}, point...)), o: Options{Host: "other"}, cores: 1, cpu: map[string]float64{"app": 5}},
		"goodbyes":             {text: perfmonLog(",", lower, point) + "\nExiting, please wait...\nThe command completed successfully.\n", format: "typeperf", cores: 4, cpu: map[string]float64{"app": 9.8881}, note: "several processes"},
		"no number":            {text: perfmonLog(",", lower, []string{"400", "290", "many", "1.2"}), err: `:2: "many" is no number`},
		"two modes, not their sum": {
			text:  perfmonLog(",", []string{`\\P\Process(x)\% User Time`, `\\P\Process(x)\% Privileged Time`}, []string{"90", "7"}),
			cores: 1, cpu: map[string]float64{"x": 9.7},
		},
		"a mode and the sum": {text: perfmonLog(",", []string{`\\P\Process(x)\% User Time`, `\\P\Process(x)\% Processor Time`}, []string{"90", "97"}), cores: 1, cpu: map[string]float64{"x": 9.7}},
		"German modes":       {text: perfmonLog(",", []string{`\\P\Prozess(x)\Privilegierte Zeit (%)`, `\\P\Prozess(x)\Benutzerzeit (%)`}, []string{"7,5", "90"}), cores: 1, cpu: map[string]float64{"x": 9.75}},
		"Process V2":         {text: perfmonLog(",", []string{`\\P\Process V2(x:77)\% Processor Time`, `\\P\Process V2(x:78)\% Processor Time`}, []string{"7.5", "90"}), cores: 1, cpu: map[string]float64{"x": 9.75}},
	}
	for object, name := range map[string]string{
		"Prozess": "Prozesskennung", "Process": "ID Process", "Proceso": "Id. de proceso", "Processus": "ID de processus", "Processo": "ID processo",
		"Процесс": "Идентификатор процесса", "Proces": "Identyfikator procesu", "Processus ": "Identificateur de processus",
	} {
		cases[object+" with ids"] = logCase{text: perfmonLog(",", ids(object, name, []string{`\\PC\` + object + `(app)\% Processor Time`, `\\PC\` + object + `(app#1)\% Processor Time`}),
			[]string{"97", "3", "4711", "5822"}), cores: 1, cpu: map[string]float64{"app": 10}}
	}
	cases["an id of the parent is none"] = logCase{
		text:  perfmonLog(",", ids("Process", "Creating Process ID", []string{lower[2], lower[3]}), []string{"97", "3", "4711", "5822"}),
		cores: 1, cpu: map[string]float64{"app": 10}, note: "several processes",
	}
	runCases(t, cases)
}

func TestPowerShell(t *testing.T) {
	dated := func(i int) string { return "25/11/2026 " + clockAt(i) }
	list := repeat(5, func(i int) string {
		return dated(i) + "       \\\\pc\\process(app)\\% processor time :\n                          97,2\n\n                          \\\\pc\\process(db)\\% processor \n                          time :\n                          2,8\n\n"
	})
	const tableTop = "\nPath                                                         InstanceName             CookedValue\n----                                                         ------------             -----------\n"
	table := func(int) string {
		return tableTop + "\\\\Computer01\\process(_total)\\% processor time                _total              395.464129650573\n\\\\Computer01\\process(idle)\\% processor time                  idle                295.356575524695\n\\\\Computer01\\process(app)\\% processor time                   app                            98.5\n\n"
	}
	formatList := repeat(5, func(i int) string {
		return "Path         : \\\\pc\\process(app)\\% processor time\nInstanceName : app\nCookedValue  : 97.2\nTimestamp    : 11/25/2026 " + clockAt(i) + " AM\n\n"
	})
	csv := "#TYPE Selected.Microsoft.PowerShell.Commands.GetCounter.PerformanceCounterSample\n\"Timestamp\";\"Path\";\"CookedValue\"\n" + repeat(5, func(i int) string {
		return "\"" + dated(i) + "\";\"\\\\pc\\process(app)\\% processor time\";\"97,2\"\n\"" + dated(i) + "\";\"\\\\pc\\process(_total)\\% processor time\";\"800,2\"\n"
	})
	process := "#TYPE Selected.System.Diagnostics.Process\n\"Time\",\"Name\",\"Id\",\"CPU\",\"WorkingSet64\"\n" + repeat(6, func(i int) string {
		return fmt.Sprintf("\"%s\",\"System\",\"4\",\"9886,05\",\"106496\"\n\"%[1]s\",\"app\",\"16076\",\"%d,50\",\"34066432\"\n\"%[1]s\",\"Idle\",\"0\",\"\",\"8192\"\n", dated(10*i), 4712+i*9)
	})
	processTable := repeat(6, func(i int) string {
		return fmt.Sprintf("\nHandles  NPM(K)    PM(K)      WS(K)     CPU(s)     Id  SI ProcessName\n-------  ------    -----      -----     ------     --  -- -----------\n    505      30    31268      25008   %8.2f  16076   1 app\n    120       8     1792       5908               1111   0 svchost\n", 4712.13+9*float64(i))
	})
	runCases(t, map[string]logCase{
		"Get-Counter, its list":           {text: list, format: "get-counter", cores: 1, cpu: map[string]float64{"app": 4.86, "db": 0.14}},
		"Get-Counter, a table":            {text: repeat(5, table), o: Options{Interval: time.Second}, format: "get-counter", cores: 4, from: "log", cpu: map[string]float64{"app": 4.925}},
		"Get-Counter, a table, no time":   {text: repeat(5, table), err: "--interval 1s"},
		"Get-Counter, a table that's cut": {text: strings.ReplaceAll(repeat(5, table), "processor time  ", "proces...       "), o: Options{Interval: time.Second}, err: "the table is cut"},
		"Get-Counter, Format-List":        {text: formatList, format: "get-counter", cores: 1, cpu: map[string]float64{"app": 4.86}},
		"Get-Counter, CSV":                {text: csv, format: "get-counter", cores: 8, cpu: map[string]float64{"app": 4.86}},
		"Get-Counter, CSV in quotes":      {text: strings.ReplaceAll(csv, ";", ","), format: "get-counter", cores: 8, cpu: map[string]float64{"app": 4.86}},
		"Get-Process, CSV":                {text: process, format: "get-process", cores: 1, cpu: map[string]float64{"System": 0, "app": 45}},
		"Get-Process, CSV, no number":     {text: strings.Replace(process, "4721,50", "a lot", 1), err: `"a lot" is no number of seconds`},
		"Get-Process, a table":            {text: processTable, o: Options{Interval: 10 * time.Second}, format: "get-process", cores: 1, cpu: map[string]float64{"app": 45}},
		"Task Manager":                    {text: "Name\tPID\tStatus\tBenutzername\tCPU\tArbeitsspeicher (aktiver privater Arbeitssatz)\nsvchost.exe\t1408\tWird ausgeführt\tSYSTEM\t00\t12.312 K\n", err: "one moment only; record typeperf"},
	})
}
