package importer

import "math"

// block is what a log says of one moment.
type block struct {
	// at is the moment in seconds, since 1970 or since any other fixed time.
	at float64
	// rows are its processes and threads; those that are left out did nothing.
	rows []row
	// host is the load of the whole machine in cores, NaN where the log tells of processes.
	host float64
	// whole says that host and the cores of rows are shares of the whole machine instead.
	whole bool
	// busy is the share of the machine that the log says is busy, NaN where it says nothing.
	busy float64
}

func newBlock(at float64) block { return block{at: at, host: math.NaN(), busy: math.NaN()} }

// sum returns the load of all processes in cores.
func (b *block) sum() float64 {
	var s float64
	for i := range b.rows {
		if r := &b.rows[i]; r.tid == 0 && r.cores > 0 {
			s += r.cores
		}
	}
	if b.host > s { // NaN compares false
		return b.host
	}
	return s
}

// row is one process, or one of its threads, at one moment.
type row struct {
	pid, tid   int32
	name, user string
	nice       int
	threads    int // how many, 0 if not known
	// cores is the mean use since the moment before, cpu the seconds used so far: one of them is NaN.
	cores, cpu float64
	// total is the CPU time in seconds of a log that tells of cores too, NaN if not known: it tells another life of a pid.
	total float64
	// line is where the row stands.
	line int
	// wait is the mean time spent ready with no core free, in cores; NaN if not known.
	wait float64
	// resident, read, written and moved are bytes; 0 if not known. With rates, read and written are bytes a second.
	resident, read, written, moved uint64
	rates                          bool
}

func newRow(pid int32) row {
	return row{pid: pid, cores: math.NaN(), cpu: math.NaN(), wait: math.NaN(), total: math.NaN()}
}
