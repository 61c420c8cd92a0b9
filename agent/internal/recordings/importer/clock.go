package importer

import (
	"strconv"
	"strings"
	"time"
)

const day = 24 * 60 * 60

// dayClock turns times of day into seconds that go on after midnight.
type dayClock struct {
	// base is the first day's midnight in seconds since 1970, 0 if the log has no date.
	base  float64
	last  float64
	turns float64
	begun bool
}

// at returns the seconds of a time of day. One far below that before is of the next day, or of the next half where the
// log does not say in a known word which half of the day it means. One a little below means that the clock was set back.
func (c *dayClock) at(t clockTime) float64 {
	period := float64(day)
	if t.half == "?" {
		period = day / 2
	}
	switch {
	case c.begun && t.seconds < c.last-period/2:
		c.turns += period
	case c.begun && c.turns >= period && t.seconds > c.last+period/2: // set back over midnight
		c.turns -= period
	}
	c.last, c.begun = t.seconds, true
	return c.base + c.turns + t.seconds
}

// clockTime is a time of day.
type clockTime struct {
	seconds float64
	// half is "" for a clock of 24 hours, "am", "pm", or "?" for a half of the day in a word that is not known.
	half string
}

// timeOfDay reads the time that a row begins with, in any of sysstat's locales: "13:57:39", "13.57.39",
// "01:57:39 PM", "下午 01時57分39秒". It returns how many words it took, 0 if they are no time.
func timeOfDay(words []string) (t clockTime, took int) {
	if t.half = half(field(words, 0)); t.half != "" {
		took, words = 1, words[1:]
	}
	seconds, n := digits(words)
	if n == 0 {
		return clockTime{}, 0
	}
	t.seconds = seconds
	took += n
	if h := half(field(words, n)); h != "" && t.half == "" {
		t.half = h
		took++
	}
	if t.half != "" {
		t.seconds = t.in24()
	}
	return t, took
}

// in24 turns hours that count from 12 to 11 into those of the day.
func (t clockTime) in24() float64 {
	s := t.seconds
	if s >= day/2 && s < day/2+3600 {
		s -= day / 2
	}
	if t.half == "pm" && s < day/2 {
		s += day / 2
	}
	return s
}

// digits reads hours, minutes and seconds from the first word, or from three as Korean writes them.
func digits(words []string) (seconds float64, took int) {
	units := strings.NewReplacer("時", ":", "时", ":", "시", ":", "分", ":", "分钟", ":", "분", ":", "秒", "", "초", "")
	text := units.Replace(field(words, 0))
	for took = 1; strings.HasSuffix(text, ":") && took < min(3, len(words)); took++ {
		text += units.Replace(words[took])
	}
	parts := strings.Split(text, ":")
	for _, mark := range []string{".", ","} {
		if len(parts) == 1 {
			parts = strings.Split(text, mark)
		}
	}
	if len(parts) != 3 {
		return 0, 0
	}
	var n [3]int
	for i, p := range parts {
		x, err := strconv.ParseUint(p, 10, 8)
		if err != nil || len(p) > 2 || x > 60 {
			return 0, 0
		}
		n[i] = int(x)
	}
	if n[0] > 23 {
		return 0, 0
	}
	return float64(n[0]*3600 + n[1]*60 + n[2]), took
}

// half returns which half of the day a word means, in the locales of sysstat and top; "" for none.
func half(word string) string {
	switch strings.ToLower(strings.ReplaceAll(word, ".", "")) {
	case "am", "vorm", "上午", "午前", "오전", "πμ", "de", "fm", "ص", "पूर्वाह्न", "sa", "öö", "pd", "sáng", "dop":
		return "am"
	case "pm", "nachm", "下午", "午後", "오후", "μμ", "du", "em", "م", "अपराह्न", "ch", "ös", "md", "chiều", "odp":
		return "pm"
	}
	return ""
}

// epoch reads seconds since 1970, with or without a fraction, or milli-, micro- or nanoseconds since then. Seconds reach
// 1e11 in the year 5138.
func epoch(s string) (float64, bool) {
	x, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(s), ",", ".", 1), 64)
	switch {
	case err != nil || !(x >= 0) || x > 1e20:
		return 0, false
	case x > 1e17:
		return x / 1e9, true
	case x > 1e14:
		return x / 1e6, true
	case x > 1e11:
		return x / 1000, true
	}
	return x, true
}

// timestampOrder reads a date with a time, or seconds since 1970 or since any other moment. order is that of a date which
// could be either, proved what the date shows it to be; zone is the log's time zone if the timestamp does not say.
func timestampOrder(s, order string, zone *time.Location) (at float64, proved string, ok bool) {
	s = strings.TrimSpace(s)
	if x, ok := epoch(s); ok {
		return x, "", true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999Z07:00", "2006-01-02T15:04:05.999999999-0700"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1970 {
			return float64(t.UnixMicro()) / 1e6, "", true
		}
	}
	date, clock, ok := strings.Cut(strings.Replace(strings.TrimSuffix(s, " UTC"), "T", " ", 1), " ")
	if !ok {
		date, clock = "", s
	}
	clock, fraction := fractionOf(strings.TrimSpace(clock))
	words := strings.Fields(clock)
	t, took := timeOfDay(words)
	if took == 0 || took < len(words) || !strings.Contains(clock, ":") && took == 1 {
		return 0, "", false
	}
	if date == "" {
		return t.seconds + fraction, "", true
	}
	y, m, d, proved, ok := dateOf(date, order)
	if !ok {
		return 0, "", false
	}
	whole := int(t.seconds)
	unix := time.Date(y, m, d, whole/3600, whole/60%60, whole%60, 0, zone).Unix()
	if unix < 0 {
		return 0, "", false
	}
	return float64(unix) + fraction, proved, true
}

// monthNames are how programs abbreviate months in the languages of `date`; the first three or four letters tell.
var monthNames = [12]string{ //nolint:gochecknoglobals // a table that nothing changes
	"jan gen ene janv led sty ian янв січ", "feb fév fev févr lut únor фев лют", "mar mär mars mrt bře март мар бер", "apr avr abr kwi dub апр кві",
	"may mai mag maj mei kvě maio мая май тра", "jun juin giu cze čer июн чер", "jul juil lug lip čec июл лип", "aug août ago sie srp авг сер",
	"sep set sept wrz zář сен вер", "oct okt ott out oct paź říj окт жов", "nov noi nov lis нов ноя", "dec dez déc dic gru pro дек гру",
}

// monthOf returns the month that a word means, 0 for none.
func monthOf(word string) time.Month {
	w := strings.ToLower(strings.Trim(word, ".,"))
	for i, names := range monthNames {
		for name := range strings.SplitSeq(names, " ") {
			if w == name || (len(name) == 3 && len(w) > 3 && i != 2 && strings.HasPrefix(w, name) && len(w) < 12) {
				return time.Month(i + 1)
			}
		}
	}
	return 0
}

// dateAmong finds a day, the name of a month and a year among words, and returns the seconds since 1970 of its midnight.
func dateAmong(words []string, zone *time.Location) (float64, bool) {
	var y, d int
	var m time.Month
	for _, w := range words {
		w = strings.Trim(w, ".,()")
		n, err := strconv.Atoi(w)
		switch {
		case err == nil && len(w) == 4 && n >= 1970:
			y = n
		case err == nil && len(w) <= 2 && n >= 1 && n <= 31 && d == 0:
			d = n
		case m == 0 && err != nil:
			m = monthOf(w)
		}
		if zy, zm, zd, _, ok := dateOf(w, "ymd"); ok && strings.ContainsAny(w, "-/年") {
			y, m, d = zy, zm, zd
		}
	}
	if y == 0 || m == 0 || d == 0 {
		return 0, false
	}
	return max(0, float64(time.Date(y, m, d, 0, 0, 0, 0, zone).Unix())), true
}

// fractionOf parts "13:57:39.250 PM" into the time in whole seconds and their fraction.
func fractionOf(clock string) (rest string, fraction float64) {
	at := strings.LastIndexByte(clock, ':')
	if at < 0 {
		return clock, 0
	}
	mark := strings.IndexAny(clock[at:], ".,")
	if mark < 0 {
		return clock, 0
	}
	end := at + mark + 1
	for end < len(clock) && clock[end] >= '0' && clock[end] <= '9' {
		end++
	}
	if x := number("0." + clock[at+mark+1:end]); x > 0 {
		fraction = x
	}
	return clock[:at+mark] + clock[end:], fraction
}

// dateOf reads a date of three numbers, or with the name of a month in the middle ("25-NOV-2026"). order is "mdy" (as
// Windows and sysstat write it in the US), "dmy", "ymd" or "" to go by the numbers and the mark between them. proved is
// the order if the numbers allow no other.
func dateOf(date, order string) (y int, m time.Month, d int, proved string, ok bool) {
	parts := strings.FieldsFunc(date, func(r rune) bool { return strings.ContainsRune("/.-年月日", r) })
	if len(parts) == 1 && len(date) == 8 && order != "dmy" && order != "mdy" { // 20261125
		parts = []string{date[:4], date[4:6], date[6:]}
	}
	if len(parts) != 3 {
		return 0, 0, 0, "", false
	}
	var n [3]int
	named := monthOf(parts[1])
	for i, p := range parts {
		x, err := strconv.Atoi(p)
		if i == 1 && named != 0 {
			x, err = int(named), nil
		}
		if err != nil || x < 0 || x > 9999 {
			return 0, 0, 0, "", false
		}
		n[i] = x
	}
	y, month, d := n[2], n[0], n[1]
	switch {
	case n[0] > 31, order == "ymd" && n[2] <= 31:
		y, month, d = n[0], n[1], n[2]
	case n[0] > 12:
		month, d, proved = n[1], n[0], "dmy"
	case n[1] > 12:
		proved = "mdy"
	case order == "dmy" || named != 0 || (order == "" && strings.Contains(date, ".")):
		month, d = n[1], n[0]
	}
	if y < 100 {
		y += 2000
	}
	if month < 1 || month > 12 || d < 1 || d > 31 || y < 1970 {
		return 0, 0, 0, "", false
	}
	return y, time.Month(month), d, proved, true
}

// midnight returns the seconds since 1970 at which the day of sysstat's first line began, 0 if it names none:
// "Linux 6.1 (host) 11/22/26 _x86_64_ (2 CPU)".
func midnight(line string, o *Options) float64 {
	f := strings.Fields(line)
	for i := range f[:max(0, len(f)-1)] {
		if !strings.HasSuffix(f[i], ")") {
			continue
		}
		if y, m, d, _, ok := dateOf(f[i+1], o.DateOrder); ok {
			return max(0, float64(time.Date(y, m, d, 0, 0, 0, 0, o.zone()).Unix()))
		}
	}
	return 0
}
