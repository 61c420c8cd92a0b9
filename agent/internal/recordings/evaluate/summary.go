package evaluate

import (
	"math"
	"slices"

	"github.com/minewatch/minewatch/agent/api"
)

// Summary is what an evaluation says of one split. A share or time that nothing speaks of is null.
type Summary struct {
	Type  string `json:"type"` // "summary"
	Split string `json:"split"`
	// Traces counts the recordings that were evaluated, the next three those of each label.
	Traces    int `json:"traces"`
	Mining    int `json:"mining"`
	Benign    int `json:"benign"`
	Lookalike int `json:"lookalike"`
	// Recall is the share of mining recordings whose true subject raised any alert, RecallMiningLike one of that
	// severity; recordings without enough detail are left out.
	Recall           *float64 `json:"recall"`
	RecallMiningLike *float64 `json:"recall_mining_like"`
	// Precision is the share of right ones among all alerts on mining and benign recordings.
	Precision *float64 `json:"precision"`
	// The next four count recordings with such an alert.
	BenignMiningLike    int `json:"benign_mining_like"`
	BenignHeavy         int `json:"benign_heavy"`
	LookalikeMiningLike int `json:"lookalike_mining_like"`
	LookalikeHeavy      int `json:"lookalike_heavy"`
	// SiteCorrect and SiteWrong count the alerts on mining and lookalike recordings that named one site.
	SiteCorrect  int   `json:"site_correct"`
	SiteWrong    int   `json:"site_wrong"`
	TimeToDetect Times `json:"time_to_detect_s"`
	// FalseAlarms counts mining_like alerts on benign recordings per day of them, FalseAlarmsUpper95 is the upper end of
	// its exact two-sided 95 % interval, FalseAlarmsAny counts alerts of any severity.
	FalseAlarms        *float64 `json:"false_alarms_per_machine_day"`
	BenignHours        float64  `json:"benign_hours"`
	FalseAlarmsUpper95 *float64 `json:"false_alarms_per_machine_day_upper95"`
	FalseAlarmsAny     *float64 `json:"false_alarms_any_severity_per_machine_day"`

	// Recall30 and RecallMiningLike30 are of the mining recordings whose intended load is 0.3 cores and more, Recall20
	// of those from 0.15 to below 0.3 cores. Where a label does not say, the load that was measured counts.
	Recall30           *float64 `json:"recall_30"`
	RecallMiningLike30 *float64 `json:"recall_mining_like_30"`
	Recall20           *float64 `json:"recall_20"`
	Mining30           int      `json:"mining_30"`
	Mining20           int      `json:"mining_20"`
	// FullDuty is of workers that compute at least 90 % of the time, Throttled of those from 20 to 50 %.
	FullDuty  Times `json:"time_to_detect_full_duty_s"`
	Throttled Times `json:"time_to_detect_throttled_s"`
	// Classes are the mining recordings by their workers' duty.
	Classes []Class `json:"duty_classes"`
	// RightAlerts and FalseAlerts make up Precision.
	RightAlerts int `json:"right_alerts"`
	FalseAlerts int `json:"false_alerts"`
	// NotEnough counts recordings without enough detail for a verdict, Failed those that could not be evaluated.
	NotEnough int `json:"not_enough"`
	Failed    int `json:"failed"`
}

// Times are percentiles (nearest rank) of the times to detect, in seconds, over the mining recordings that were
// detected; null where there is none.
type Times struct {
	P50 *float64 `json:"p50"`
	P90 *float64 `json:"p90"`
	Max *float64 `json:"max"`
}

// Class is the mining recordings of one range of duty.
type Class struct {
	// Duty is the range: from From up to, but not including, To.
	From       float64 `json:"duty_from"`
	To         float64 `json:"duty_below"`
	Mining     int     `json:"mining"`
	Detected   int     `json:"detected"`
	MiningLike int     `json:"mining_like"`
}

// dutyClasses are around the duties of the corpus: throttle 0.8, 0.7, 0.5, 0.3 and 0.
func dutyClasses() []Class {
	return []Class{{From: 0, To: 0.25}, {From: 0.25, To: 0.4}, {From: 0.4, To: 0.6}, {From: 0.6, To: 0.9}, {From: 0.9, To: 1.01}}
}

// Summarise returns a summary for each split that there is, tune before test; at least that of the test split.
func Summarise(all []Trace, only string) []Summary {
	var out []Summary
	for _, split := range []string{Tune, Test} {
		var of []*Trace
		for i := range all {
			if all[i].Split == split {
				of = append(of, &all[i])
			}
		}
		if len(of) > 0 && (only == "" || only == split) || split == only || only == "" && split == Test {
			out = append(out, summarise(split, of))
		}
	}
	return out
}

// tally is what Summary's shares and percentiles are made of.
type tally struct {
	judged, detected, miningLike       int // mining recordings with enough detail
	detected30, miningLike30           int
	detected20                         int
	alarms, alarmsAny                  int // on benign recordings
	benignSeconds                      float64
	times, timesFull, timesOfThrottled []float64
}

func summarise(split string, all []*Trace) Summary {
	s := Summary{Type: "summary", Split: split, Classes: dutyClasses()}
	var c tally
	for _, t := range all {
		if t.Problem != nil {
			s.Failed++
			continue
		}
		s.Traces++
		if t.Detail == NotEnough {
			s.NotEnough++
		}
		s.countAlerts(t)
		switch t.Label {
		case Mining:
			s.Mining++
			if t.Detail == Enough {
				s.countMining(t, &c)
			}
		case Benign:
			s.Benign++
			c.benignSeconds += t.Length
			s.BenignMiningLike += one(has(t, api.MiningLike))
			s.BenignHeavy += one(has(t, api.Heavy))
			c.alarmsAny += len(t.Alerts)
			for i := range t.Alerts {
				c.alarms += one(t.Alerts[i].Severity == api.MiningLike)
			}
		case Lookalike:
			s.Lookalike++
			s.LookalikeMiningLike += one(has(t, api.MiningLike))
			s.LookalikeHeavy += one(has(t, api.Heavy))
		}
	}
	s.Recall, s.RecallMiningLike = share(c.detected, c.judged), share(c.miningLike, c.judged)
	s.Recall30, s.RecallMiningLike30 = share(c.detected30, s.Mining30), share(c.miningLike30, s.Mining30)
	s.Recall20 = share(c.detected20, s.Mining20)
	s.Precision = share(s.RightAlerts, s.RightAlerts+s.FalseAlerts)
	s.TimeToDetect, s.FullDuty, s.Throttled = timesOf(c.times), timesOf(c.timesFull), timesOf(c.timesOfThrottled)
	s.BenignHours = round(c.benignSeconds/3600, 1000)
	if days := c.benignSeconds / 86400; days > 0 {
		s.FalseAlarms = new(round(float64(c.alarms)/days, 1000))
		s.FalseAlarmsAny = new(round(float64(c.alarmsAny)/days, 1000))
		s.FalseAlarmsUpper95 = new(round(upper95(c.alarms, days), 1000))
	}
	return s
}

func (s *Summary) countAlerts(t *Trace) {
	for i := range t.Alerts {
		a := &t.Alerts[i]
		if t.Label != Lookalike {
			s.RightAlerts += one(a.Right)
			s.FalseAlerts += one(!a.Right)
		}
		s.SiteCorrect += one(a.SiteRight)
		s.SiteWrong += one(a.SiteWrong)
	}
}

func (s *Summary) countMining(t *Trace, c *tally) {
	detected, miningLike := one(t.Outcome != NoAlert), one(t.Outcome == api.MiningLike)
	c.judged++
	c.detected += detected
	c.miningLike += miningLike
	load := t.Cores
	if load == nil {
		load = t.MeasuredCores
	}
	const slack = 1e-9 // 3 workers at 10 % are 0.3 cores
	switch {
	case load == nil || *load >= 0.3-slack:
		s.Mining30++
		c.detected30 += detected
		c.miningLike30 += miningLike
	case *load >= 0.15-slack:
		s.Mining20++
		c.detected20 += detected
	}
	if t.TimeToDetect != nil {
		c.times = append(c.times, *t.TimeToDetect)
	}
	if t.Duty == nil {
		return
	}
	duty := *t.Duty + slack
	if i := slices.IndexFunc(s.Classes, func(k Class) bool { return duty >= k.From && duty < k.To }); i >= 0 {
		s.Classes[i].Mining++
		s.Classes[i].Detected += detected
		s.Classes[i].MiningLike += miningLike
	}
	if t.TimeToDetect == nil {
		return
	}
	if duty >= 0.9 {
		c.timesFull = append(c.timesFull, *t.TimeToDetect)
	} else if duty >= 0.2 && duty <= 0.5+2*slack {
		c.timesOfThrottled = append(c.timesOfThrottled, *t.TimeToDetect)
	}
}

func has(t *Trace, severity api.Severity) bool {
	return slices.ContainsFunc(t.Alerts, func(a Alert) bool { return a.Severity == severity })
}

func timesOf(values []float64) Times {
	var t Times
	for p, into := range map[float64]**float64{0.5: &t.P50, 0.9: &t.P90, 1: &t.Max} {
		if v, ok := percentile(values, p); ok {
			*into = &v
		}
	}
	return t
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// share returns n of all, nil where there is none.
func share(n, all int) *float64 {
	if all == 0 {
		return nil
	}
	return new(round(float64(n)/float64(all), 1e6))
}

func round(x, parts float64) float64 { return math.Round(x*parts) / parts }
