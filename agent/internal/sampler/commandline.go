package sampler

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

// commandLine is what a command line says of a browser's process. Command lines themselves are not kept: they hold
// file names and secrets.
type commandLine struct {
	// program is the last element of the first word.
	program string
	// role is the process's place in its browser, in the browser's own word: the value of Chromium's --type, the last
	// word of a child of Firefox. Empty for a main process.
	role string
	// renderer is the value of --renderer-client-id, or the childID of Firefox; 0 if absent.
	renderer int
	// gecko reports that it is a child of Firefox or of a program built on its engine.
	gecko bool
	// parent is the pid of the main process that a child of Firefox names, 0 if it names none.
	parent int32
	// windowless is set for a main process that was told to show nothing.
	windowless bool
}

// maxCommandLine is how much of a command line is read, in bytes. Chromium's --type comes first and the client id
// before its long lists; Firefox's are short.
const maxCommandLine = 64 << 10

// The children of a zygote and of Firefox's fork server hold their whole command line as one string with spaces, so
// this works on the text and not on arguments.
var (
	roleFlag     = regexp.MustCompile(`(?:^|[ \x00])--type=([a-z-]{1,40})(?:$|[ \x00])`)
	rendererFlag = regexp.MustCompile(`(?:^|[ \x00])--renderer-client-id=([0-9]{1,9})(?:$|[ \x00])`)
	geckoChild   = regexp.MustCompile(`[ \x00]-contentproc[ \x00](?:.*[ \x00])?([0-9]{1,9})[ \x00](?:true[ \x00]|false[ \x00])?([a-z]{1,40})[ \x00]*$`)
	headlessFlag = regexp.MustCompile(`[ \x00]--?headless(?:=[a-z]{1,10})?(?:$|[ \x00])`)
	geckoParent  = regexp.MustCompile(`[ \x00]-parentPid[ \x00]([0-9]{1,9})[ \x00]`)
)

func parseCommandLine(line string) commandLine {
	if len(line) > maxCommandLine {
		line = line[:maxCommandLine]
	}
	var c commandLine
	first, _, _ := strings.Cut(strings.ReplaceAll(line, "\x00", " "), " ")
	c.program = path.Base(first)
	if m := roleFlag.FindStringSubmatch(line); m != nil {
		c.role = m[1]
	}
	if m := rendererFlag.FindStringSubmatch(line); m != nil {
		n, err := strconv.Atoi(m[1])
		if err == nil {
			c.renderer = n
		}
	}
	c.windowless = strings.Contains(line, "-headless") && headlessFlag.MatchString(line)
	if strings.Contains(line, "-contentproc") {
		c.readGecko(line)
	}
	return c
}

// readGecko reads the command line of a child of Firefox: "… -contentproc … -parentPid P … N WORD", where N is the
// childID and WORD is "tab" for a process that holds pages. Seen on Firefox ESR 153 on Linux, in both forms.
func (c *commandLine) readGecko(line string) {
	m := geckoChild.FindStringSubmatch(line)
	if m == nil {
		return
	}
	c.gecko, c.role = true, m[2]
	if c.role == "tab" {
		c.role = "renderer"
		if n, err := strconv.Atoi(m[1]); err == nil {
			c.renderer = n
		}
	}
	if m := geckoParent.FindStringSubmatch(line); m != nil {
		if n, err := strconv.ParseInt(m[1], 10, 32); err == nil {
			c.parent = int32(n)
		}
	}
}
