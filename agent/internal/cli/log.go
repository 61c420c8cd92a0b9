package cli

import (
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLog returns a logger that writes lines for people to standard error, or entries with fields to the journal where
// standard error leads there.
func newLog(verbose bool) (*zap.Logger, error) {
	level := zap.NewAtomicLevelAt(zap.InfoLevel)
	if verbose {
		level.SetLevel(zap.DebugLevel)
	}
	if journal := journalCore(level); journal != nil {
		return zap.New(journal), nil
	}
	c := zap.NewProductionConfig()
	c.Level, c.Encoding = level, "console"
	c.EncoderConfig.EncodeTime = func(t time.Time, e zapcore.PrimitiveArrayEncoder) { e.AppendString(t.Format("15:04:05")) }
	c.DisableCaller, c.DisableStacktrace = true, true
	return c.Build()
}
