// Package installer carries what is installed besides the programs, so that `minewatch service install` and the packages
// install the same text.
package installer

import "embed"

// Files are the unit files and property lists, by their paths below installer/.
//
//go:embed linux/*.service macos/*.plist
var Files embed.FS
