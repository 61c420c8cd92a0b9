package terminal

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"github.com/minewatch/minewatch/agent/api"
	"github.com/minewatch/minewatch/agent/api/words"
)

const (
	tab        = api.SubjectTab
	group      = api.SubjectGroup
	miningLike = api.MiningLike
	suspected  = api.Suspected
)

// english returns the words of everything here: the command line speaks English, as scripts rely on it.
func english() words.Words { return words.In(words.English) }

// looks puts a severity into words. It never says that something mines.
func looks(severity api.Severity) string {
	if severity == miningLike {
		return "looks like mining"
	}
	return "busy for long"
}

// looksHow says the same with how sure that is.
func looksHow(severity api.Severity, confidence float64) string {
	if severity == miningLike {
		return looks(severity) + ", " + likeness(confidence) + " sure"
	}
	return looks(severity) + ", " + likeness(confidence) + " like mining"
}

// likeness is the probability that a load is of mining's shape, from 1 to 99 %: nothing here is proof.
func likeness(confidence float64) string {
	return strconv.Itoa(int(min(99, max(1, math.Round(100*sane(confidence, 1)))))) + " %"
}

// percent writes a share of the machine.
func percent(p float64) string { return strconv.Itoa(int(math.Round(sane(p, 100)))) + " %" }

// cores writes a number of cores in at most five columns.
func cores(c float64) string {
	c = sane(c, 99999)
	switch {
	case c < 99.995:
		return strconv.FormatFloat(c, 'f', 2, 64)
	case c < 999.95:
		return strconv.FormatFloat(c, 'f', 1, 64)
	default:
		return strconv.FormatFloat(c, 'f', 0, 64)
	}
}

// span writes a time given in seconds in at most six columns.
func span(seconds float64) string { return english().Span(seconds, true) }

// sane keeps a figure from outside between 0 and most.
func sane(f, most float64) float64 {
	if f > 0 { // false for NaN
		return min(f, most)
	}
	return 0
}

// name is a name from outside as it may stand in a line.
func name(s string) string {
	if s = words.Clean(s); s == "" {
		return english().Say.NoName
	}
	return s
}

// programName is the name of a program, which is said to be one where it reads like a site.
func programName(s string) string {
	if s = name(s); words.LikeSite(s) {
		return `program "` + strings.ReplaceAll(s, `"`, "'") + `"`
	}
	return s
}

// names lists at most three.
func names(all []string) string {
	out := make([]string, 0, 3)
	for _, s := range all[:min(3, len(all))] {
		out = append(out, name(s))
	}
	s := strings.Join(out, ", ")
	if more := len(all) - len(out); more > 0 {
		s += " and " + strconv.Itoa(more) + " more"
	}
	return s
}

// program names the program of an alert, of a tab its browser.
func program(a *api.Alert) string {
	if a.Subject == tab && a.Browser != "" {
		return programName(cmp.Or(a.BrowserTitle, a.Browser))
	}
	return programName(a.ProcessName)
}

// label names the subject of an alert in a column, with as much certainty as there is.
func label(a *api.Alert) string {
	switch {
	case a.Subject == group && a.Processes > 1:
		return strconv.Itoa(a.Processes) + " × " + programName(a.ProcessName)
	case a.Subject == group:
		return programName(a.ProcessName) + " (several)"
	case a.Subject != tab:
		return programName(a.ProcessName)
	case a.SiteConfidence == api.Shared && len(a.Sites) > 0:
		return "one of " + names(a.Sites)
	case a.Site == "":
		return program(a) + " tab"
	case a.SiteConfidence != api.Exact:
		return "probably " + name(a.Site)
	case a.EmbeddedIn != "" && a.EmbeddedIn != a.Site:
		return name(a.Site) + " in " + name(a.EmbeddedIn)
	default:
		return name(a.Site)
	}
}

// exactly names the subject of an alert with the agent's word for how sure the name is.
func exactly(a *api.Alert) string {
	switch {
	case a.Subject == group:
		return label(a)
	case a.Subject != tab:
		return programName(a.ProcessName) + " (process " + strconv.Itoa(int(a.PID)) + ")"
	case a.SiteConfidence == api.Shared && len(a.Sites) > 0:
		return names(a.Sites) + " (shared)"
	case a.Site == "":
		return "a tab of " + program(a) + " (site unknown)"
	}
	s := name(a.Site)
	if a.SiteConfidence != "" {
		s += " (" + name(string(a.SiteConfidence)) + ")"
	}
	if a.EmbeddedIn != "" && a.EmbeddedIn != a.Site {
		s += " in a page of " + name(a.EmbeddedIn)
	}
	return s
}

// sentence is what is said of an alert first: who, how much, for how long. meaning is the sentence that follows it.
func sentence(a *api.Alert) string {
	return strings.TrimSuffix(english().Body(a), english().Say.Space+meaning(a))
}

func meaning(a *api.Alert) string {
	say := english().Say
	switch {
	case a.Severity != miningLike:
		return say.Heavy
	case a.Subject == tab:
		return say.MiningLike
	default:
		return say.MiningLikeProgram
	}
}

// ended says why an alert is over.
func ended(reason api.Reason) string {
	switch reason {
	case api.ReasonLoadEnded:
		return "the load ended"
	case api.ReasonProcessEnded:
		return "the program ended"
	case api.ReasonTabClosed:
		return "the tab was closed"
	case api.ReasonAllowed:
		return "it was allowed"
	case api.ReasonAgentStopped:
		return "the agent stopped"
	case api.ReasonCrowdedOut:
		return "too many alerts were open"
	default:
		return "it is over"
	}
}

// evidence returns a finding's sign, which is readable without colour, and its sentence.
func evidence(e *api.Evidence) (sign, text string) {
	switch {
	case e.Weight > 0:
		sign = "+ "
	case e.Weight < 0:
		sign = "- "
	default: // it says what the others come to
		sign = "  "
	}
	return sign, words.CleanSentence(e.Text)
}

// typeable reports whether a name can be given to a command as it stands.
func typeable(s string) bool {
	return s != "" && s[0] != '-' && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789./_-") == ""
}

// count writes a number with its noun; the plural takes an s, or es after one.
func count(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "s"):
		noun += "es"
	default:
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
