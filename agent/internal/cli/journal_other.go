//go:build !linux

package cli

import "go.uber.org/zap/zapcore"

// journalCore returns nil: only Linux has the journal.
func journalCore(zapcore.LevelEnabler) zapcore.Core { return nil }
