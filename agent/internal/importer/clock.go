package importer

import (
	"strconv"
	"strings"
	"time"
)

const day = 24 * 60 * 60

// dayClock turns times of day into seconds that go on after midnight.
type dayClock struct {
	last  float64
	days  float64
	begun bool
}

// at returns the seconds of a time of day. One far below that before is of the next day; one a little below it means
// that the clock was set back.
func (c *dayClock) at(ofDay float64) float64 {
	if c.begun && ofDay < c.last-day/2 {
		c.days++
	}
	c.last, c.begun = ofDay, true
	return c.days*day + ofDay
}

// timeOfDay reads "13:57:39", or "01:57:39" with the word after it for the half of the day. It returns how many of the
// words it took, 0 if they are no time.
func timeOfDay(words []string) (seconds float64, took int) {
	parts := strings.Split(field(words, 0), ":")
	if len(parts) != 3 {
		return 0, 0
	}
	var n [3]float64
	for i, p := range parts {
		x := number(p)
		if !(x >= 0) || x > 60 {
			return 0, 0
		}
		n[i] = x
	}
	if n[0] > 23 {
		return 0, 0
	}
	seconds, took = n[0]*3600+n[1]*60+n[2], 1
	switch half(field(words, 1)) {
	case "am":
		took = 2
		if n[0] == 12 {
			seconds -= 12 * 3600
		}
	case "pm":
		took = 2
		if n[0] != 12 {
			seconds += 12 * 3600
		}
	}
	return seconds, took
}

// half returns which half of the day a word means, in the languages of sysstat and top; "" for none.
func half(word string) string {
	switch strings.ToLower(strings.ReplaceAll(word, ".", "")) {
	case "am", "vorm", "上午", "午前", "오전", "πμ", "de", "fm":
		return "am"
	case "pm", "nachm", "下午", "午後", "오후", "μμ", "du", "em":
		return "pm"
	}
	return ""
}

// epoch reads seconds since 1970, with or without a fraction, or milliseconds since then.
func epoch(s string) (float64, bool) {
	x := number(s)
	switch {
	case !(x >= 0):
		return 0, false
	case x > 1e11: // milliseconds: seconds reach this in the year 5138
		return x / 1000, true
	}
	return x, true
}

// stamp reads a date with a time, or seconds since 1970 or since any other moment. order is that of a date which could
// be either: "mdy" (as Windows writes it in the US), "dmy" or "ymd".
func stamp(s, order string) (float64, bool) {
	s = strings.TrimSpace(s)
	if x, ok := epoch(s); ok {
		return x, true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999", "2006-01-02T15:04:05.999", "2006/01/02 15:04:05.999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return float64(t.UnixMilli()) / 1000, true
		}
	}
	date, clock, ok := strings.Cut(s, " ")
	if !ok {
		seconds, took := timeOfDay([]string{s})
		return seconds, took > 0
	}
	seconds, took := timeOfDay(strings.Fields(clock))
	parts := strings.FieldsFunc(date, func(r rune) bool { return r == '/' || r == '.' || r == '-' })
	if took == 0 || len(parts) != 3 {
		return 0, false
	}
	var n [3]int
	for i, p := range parts {
		x, err := strconv.Atoi(p)
		if err != nil || x < 0 || x > 9999 {
			return 0, false
		}
		n[i] = x
	}
	y, m, d := n[2], n[0], n[1]
	switch {
	case order == "ymd" || n[0] > 31:
		y, m, d = n[0], n[1], n[2]
	case order == "dmy" || n[0] > 12 || (order == "" && strings.Contains(date, ".")):
		m, d = n[1], n[0]
	}
	if y < 100 {
		y += 2000
	}
	if m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, false
	}
	return float64(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix()) + seconds, true
}
