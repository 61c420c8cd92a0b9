// Package buildinfo says which build of minewatch this is.
package buildinfo

// Version is the version of this build; a release sets it with -ldflags "-X …/buildinfo.Version=…".
var Version = "0.1.0-dev" //nolint:gochecknoglobals // the linker can set nothing else
