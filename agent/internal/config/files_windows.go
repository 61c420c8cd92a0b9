package config

import (
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

const nonblock = 0 // no pipe stands in a folder

// mine returns the owner that a user's own file may have: whoever the folder's access list let write it.
func mine() int { return -2 }

// checkOwner refuses what belongs neither to the administrators nor to the system. Modes say nothing on Windows.
func checkOwner(f *os.File, _ fs.FileInfo, owner int) error {
	if owner == mine() {
		return nil
	}
	sd, err := windows.GetSecurityInfo(windows.Handle(f.Fd()), windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	return checkSID(sd)
}

func checkSID(sd *windows.SECURITY_DESCRIPTOR) error {
	sid, _, err := sd.Owner()
	if err != nil {
		return err
	}
	if sid.IsWellKnown(windows.WinBuiltinAdministratorsSid) || sid.IsWellKnown(windows.WinLocalSystemSid) {
		return nil
	}
	return fmt.Errorf("it belongs to %s, not to the administrators", sid)
}

func checkChain(dir string, _ int) error {
	sd, err := windows.GetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	return checkSID(sd)
}
