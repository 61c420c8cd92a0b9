package nativemessaging

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/minewatch/minewatch/agent/extension"
)

// manifestName is the name of the file by which a browser knows the program, and of which Firefox tells it the path.
const manifestName = extension.Host + ".json"

// IsHostCall reports whether a browser started the program as a native messaging host, from its arguments without the
// program's name. Browsers of the Chromium family put the calling extension's origin first, whichever extension it is;
// Firefox the path of the manifest and then the extension's id.
func IsHostCall(args []string) bool {
	return len(args) > 0 && (strings.HasPrefix(args[0], "chrome-extension://") || isGeckoCall(args))
}

func isGeckoCall(args []string) bool {
	return len(args) == 2 && filepath.IsAbs(args[0]) && filepath.Base(args[0]) == manifestName
}

// checkCaller refuses every extension but ours. The browser checks allowed_origins or allowed_extensions before; a
// second look costs nothing and holds when somebody else wrote a manifest for the program.
func checkCaller(args []string) error {
	switch {
	case len(args) > 0 && args[0] == "chrome-extension://"+extension.ChromiumID+"/":
		return nil
	case isGeckoCall(args) && args[1] == extension.FirefoxID:
		return nil
	}
	return errors.New("only minewatch's own browser extension may start minewatch as its host")
}
