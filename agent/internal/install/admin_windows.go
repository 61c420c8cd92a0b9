package install

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/windows"
)

// IsAdministrator reports whether this process may install for all users.
func IsAdministrator() bool { return windows.GetCurrentProcessToken().IsElevated() }

// HowToBecome says how to run a command as administrator.
func HowToBecome(command string) string {
	return "open Terminal with \"Run as administrator\" and run there: " + command
}

// CheckProgram refuses a program that somebody but an administrator could exchange: every user's browser would start it.
func CheckProgram(exe string) error {
	for _, name := range []string{"ProgramFiles", "ProgramW6432"} {
		if dir := os.Getenv(name); dir != "" && strings.HasPrefix(strings.ToLower(exe), strings.ToLower(dir)+`\`) {
			return nil
		}
	}
	return fmt.Errorf(`every user's browser would start %s, which others can change there; put it into C:\Program Files\minewatch first`, exe)
}
