package main

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/windows"
)

// onlyOne holds a mutex of the user's session, which Windows gives back when the program ends in whatever way.
func onlyOne() (release func(), err error) {
	name, err := windows.UTF16PtrFromString(`Local\io.github.minewatch.Tray`)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateMutex(nil, false, name)
	switch {
	case errors.Is(err, windows.ERROR_ALREADY_EXISTS), errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return nil, errSecond
	case err != nil:
		return nil, fmt.Errorf("no mutex for the user's only tray: %w", err)
	}
	return func() { _ = windows.CloseHandle(h) }, nil
}

// systemLanguage returns the language that the user chose for Windows, such as "ja-JP".
func systemLanguage() string {
	const byName = 8 // MUI_LANGUAGE_NAME
	if all, err := windows.GetUserPreferredUILanguages(byName); err == nil && len(all) > 0 {
		return all[0]
	}
	return ""
}

// tempVariable is the variable that says where temporary files go.
const tempVariable = "TMP"

// iconFile returns an icon in the form that the panel takes.
func iconFile(i icon) []byte { return icoOf(i) }

// label keeps a & from underlining the next letter.
func label(s string) string { return strings.ReplaceAll(s, "&", "&&") }

// restart is never called: Windows shows an icon or says that it does not.
func restart(int) error { return errors.New("this system cannot restart the tray") }
