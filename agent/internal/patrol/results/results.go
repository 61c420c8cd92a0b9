// Package results keeps what a patrol found: a database while it runs, and from it one JSON object a page, a page for
// people, and the evidence of each finding with a log that shows whether anything was changed afterwards.
package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/minewatch/minewatch/agent/internal/check"
)

// Run is what is fixed when a patrol begins. It is the same for all its visits and on all its machines.
type Run struct {
	ID   string `json:"id"`
	List string `json:"list"`
	// Pages is how many pages the list has.
	Pages int `json:"pages"`
	// Authority is the reference under which robots.txt is not obeyed; empty where it is.
	Authority string `json:"authority,omitempty"`
	// Contact is whom a site's administrator may ask: an e-mail address or an https address.
	Contact string    `json:"contact"`
	Began   time.Time `json:"began"`
	// Visits is how many quick visits a page gets at most.
	Visits int `json:"visits"`
	// Quick and Long say how a page is opened beside others, and alone.
	Quick How `json:"quick"`
	Long  How `json:"long"`
	// HostPages is how many pages of one host are open at one time, HostDelay how long a host is left alone after each.
	HostPages int           `json:"host_pages"`
	HostDelay time.Duration `json:"host_delay"`
	// MaxMemory and MaxBytes bound one visit in bytes.
	MaxMemory int64 `json:"max_memory"`
	MaxBytes  int64 `json:"max_bytes"`
}

// How is check.How without what belongs to one worker. Times are in nanoseconds.
type How struct {
	Load    time.Duration `json:"load"`
	Front   time.Duration `json:"front"`
	Hidden  time.Duration `json:"hidden"`
	WaitFor string        `json:"wait_for,omitempty"`
	Click   string        `json:"click,omitempty"`
}

// Limit is how long a visit may last at the most, from opening to the answer.
func (h How) Limit() time.Duration {
	front := h.Front
	if h.Click != "" {
		front *= 2
	}
	load := h.Load
	if h.WaitFor != "" {
		load *= 2
	}
	return load + front + max(0, h.Hidden) + 30*time.Second
}

// Robots is what a site said of robots.
type Robots string

// What was asked, and answered.
const (
	RobotsAllowed  Robots = "allowed"
	RobotsRefused  Robots = "refused"
	RobotsUnknown  Robots = "unknown"   // it did not answer, so nothing was opened
	RobotsNotAsked Robots = "not_asked" // under an authority
)

// Task is one visit to be made.
type Task struct {
	URL string `json:"url"`
	// Visit counts the visits of a page from 1, quick and long.
	Visit int `json:"visit"`
	// Long is set for a long visit; Left is how many of them may follow this one.
	Long bool `json:"long,omitempty"`
	Left int  `json:"left,omitempty"`
}

// File is a file of evidence.
type File struct {
	Name   string `json:"name"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Answer is what one visit brought.
type Answer struct {
	Task    Task        `json:"task"`
	Began   time.Time   `json:"began"`
	Worker  string      `json:"worker"`
	Browser string      `json:"browser,omitempty"`
	Robots  Robots      `json:"robots"`
	Tries   int         `json:"tries"`
	Visit   check.Visit `json:"answer"`
	Files   []File      `json:"files,omitempty"`
	// Next is the visit after this one; nil if it was the last.
	Next *Task `json:"next,omitempty"`
}

// maxText bounds an answer that is unpacked, in bytes.
const maxText = 64 << 20

// Pack makes bytes of an answer, at most limit of them: what is longest and matters least is left out first.
func Pack(a *Answer, limit int) ([]byte, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	shorten := []func(*check.Visit){
		func(*check.Visit) {},
		func(v *check.Visit) { v.Load = thin(v.Load) },
		func(v *check.Visit) {
			v.Hosts, v.Sockets, v.Modules, v.Redirects = first(v.Hosts, 200), first(v.Sockets, 200), first(v.Modules, 50), first(v.Redirects, 20)
		},
		func(v *check.Visit) { v.Load, v.Busy, v.Findings = nil, first(v.Busy, 5), first(v.Findings, 3) },
	}
	short := *a
	for _, f := range shorten {
		f(&short.Visit)
		text, err := json.Marshal(&short)
		if err != nil {
			return nil, err
		}
		if packed := enc.EncodeAll(text, nil); len(packed) <= limit && len(text) <= maxText {
			return packed, nil
		}
	}
	return nil, errors.New("the answer of this visit is too long to be kept")
}

func first[T any](s []T, n int) []T { return s[:min(len(s), n)] }

// thin leaves out the threads' kinds.
func thin(points []check.Point) []check.Point {
	out := make([]check.Point, len(points))
	for i, p := range points {
		out[i] = check.Point{AtS: p.AtS, Cores: p.Cores, Demand: p.Demand}
	}
	return out
}

// Unpack is the opposite of Pack. Anything may stand in packed: a cluster is shared.
func Unpack(packed []byte) (*Answer, error) {
	dec, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxText), zstd.WithDecoderMaxWindow(16<<20))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	text, err := io.ReadAll(io.LimitReader(dec, maxText))
	if err != nil {
		return nil, fmt.Errorf("an answer cannot be unpacked: %w", err)
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("an answer cannot be read: %w", err)
	}
	switch a.Visit.Verdict {
	case check.MiningLike, check.Heavy, check.NothingFound, check.Unknown:
		return &a, nil
	}
	return nil, errors.New("an answer without a verdict")
}

// Page is what is said of one page in the end, a line of results.jsonl: the answer of `minewatch check`, and what belongs
// to the patrol.
type Page struct {
	check.Page
	Run       string `json:"run"`
	List      string `json:"list"`
	N         int    `json:"n"`
	Robots    Robots `json:"robots"`
	Authority string `json:"authority,omitempty"`
	Contact   string `json:"contact"`
	// Tries is how often the page had to be opened anew because a visit ended before its time.
	Tries    int            `json:"tries"`
	Evidence []EvidenceFile `json:"evidence,omitempty"`
}

// EvidenceFile is a file of evidence in the run's folder.
type EvidenceFile struct {
	Visit int `json:"visit"`
	File
}

// Found reports whether something is said of the page's load.
func (p *Page) Found() bool { return p.Verdict.Found() }

// conclude makes the final word on a page from the answers of all its visits.
func conclude(run *Run, n int, url string, answers []*Answer) *Page {
	p := &Page{Run: run.ID, List: run.List, N: n, Authority: run.Authority, Contact: run.Contact}
	var visits []check.Visit
	began, browser := time.Time{}, ""
	for _, a := range answers {
		visits = append(visits, a.Visit)
		if began.IsZero() || a.Began.Before(began) {
			began = a.Began
		}
		if a.Browser != "" {
			browser = a.Browser
		}
		p.Robots = a.Robots
		p.Tries += max(0, a.Tries-1)
		for _, f := range a.Files {
			p.Evidence = append(p.Evidence, EvidenceFile{a.Task.Visit, File{evidencePath(n, url, a.Task.Visit, f.Name), f.Bytes, f.SHA256}})
		}
	}
	p.Page = check.Sum(url, began, browser, visits)
	return p
}
