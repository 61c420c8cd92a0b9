// Package robots asks sites which of their pages a robot may open (RFC 9309).
package robots

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// Limits of a robots.txt: what lies behind them is not read. RFC 9309 asks for 500 KiB at the least.
const (
	maxBytes = 512 << 10
	maxRules = 4096
	maxRule  = 2048 // bytes of a pattern
	maxDelay = time.Minute
)

// Rules are the rules of one site for one robot.
type Rules struct {
	rules []rule
	// Delay is the time that the site asks a robot to leave between two pages; at most a minute, zero if it does not ask.
	Delay time.Duration
}

type rule struct {
	pattern string
	allow   bool
}

// Parse returns the rules for a robot of this name, or those for all ("*") where it is not named. Lines that make no sense
// are passed over.
func Parse(text []byte, robot string) *Rules {
	var (
		mine, all     Rules
		named         bool
		inMine, inAll bool
		groupHasRules = true // the next user-agent line begins a group
		robotName     = strings.ToLower(robot)
		forOpen       = func(do func(*Rules)) {
			if inMine {
				do(&mine)
			}
			if inAll {
				do(&all)
			}
		}
	)
	text = bytes.TrimPrefix(text[:min(len(text), maxBytes)], []byte("\xef\xbb\xbf"))
	for line := range bytes.SplitSeq(bytes.ReplaceAll(text, []byte("\r"), []byte("\n")), []byte("\n")) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		key, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		v := strings.TrimSpace(string(value))
		switch strings.ToLower(string(bytes.TrimSpace(key))) {
		case "user-agent":
			if groupHasRules {
				inMine, inAll, groupHasRules = false, false, false
			}
			switch name := productOf(v); {
			case v == "*":
				inAll = true
			case name != "" && name == robotName:
				inMine, named = true, true
			}
		case "allow", "disallow":
			groupHasRules = true
			if v == "" {
				continue // "Disallow:" forbids nothing
			}
			allow := strings.EqualFold(string(bytes.TrimSpace(key)), "allow")
			forOpen(func(r *Rules) { r.add(allow, v) })
		case "crawl-delay":
			groupHasRules = true
			if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 { // NaN is not above zero
				d := time.Duration(min(s, maxDelay.Seconds()) * float64(time.Second))
				forOpen(func(r *Rules) { r.Delay = d })
			}
		}
	}
	if named {
		return &mine
	}
	return &all
}

// productOf returns the name at the beginning of a user-agent line, in small letters.
func productOf(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_'
	})
	if end >= 0 {
		s = s[:end]
	}
	return strings.ToLower(s)
}

func (r *Rules) add(allow bool, pattern string) {
	if len(r.rules) < maxRules && len(pattern) <= maxRule {
		r.rules = append(r.rules, rule{normal(pattern), allow})
	}
}

// Allowed reports whether a robot may open a path (with its query, as it stands in the address). The longest rule that
// matches counts, of two as long as each other the one that allows.
func (r *Rules) Allowed(path string) bool {
	path = normal(path)
	if path == "/robots.txt" {
		return true
	}
	allowed, longest := true, -1
	for _, rule := range r.rules {
		if n := len(rule.pattern); n < longest || n == longest && !rule.allow || !matches(rule.pattern, path) {
			continue
		}
		allowed, longest = rule.allow, len(rule.pattern)
	}
	return allowed
}

// matches reports whether a pattern fits the beginning of a path: * stands for any text, $ at the end for the path's end.
// It takes time in proportion to the product of both lengths at the most.
func matches(pattern, path string) bool {
	pattern, toEnd := strings.CutSuffix(pattern, "$")
	if !toEnd {
		pattern += "*"
	}
	// The last star and where it was tried: what stands before it need never be looked at again.
	p, s, star, tried := 0, 0, -1, 0
	for s < len(path) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			if p == len(pattern)-1 {
				return true
			}
			star, tried = p, s
			p++
		case p < len(pattern) && pattern[p] == path[s]:
			p++
			s++
		case star >= 0:
			tried++
			p, s = star+1, tried
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// normal puts what is written with % into one form: plain letters and digits as themselves, everything else that is no
// ASCII, and what was escaped, with capital hexadecimal digits.
func normal(s string) string {
	const hexDigits = "0123456789ABCDEF"
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				i += 2
				if c = byte(n); unreserved(c) {
					out = append(out, c)
				} else {
					out = append(out, '%', hexDigits[c>>4], hexDigits[c&15])
				}
				continue
			}
		}
		if c <= ' ' || c >= 0x7f {
			out = append(out, '%', hexDigits[c>>4], hexDigits[c&15])
		} else {
			out = append(out, c)
		}
	}
	return string(out)
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}
