package cli

import (
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/minewatch/minewatch/agent/api/words"
)

// newLog returns a logger that writes lines for people to standard error, or entries with fields to the journal where
// standard error leads there.
func newLog(verbose bool) *zap.Logger {
	level := zap.NewAtomicLevelAt(zap.InfoLevel)
	if verbose {
		level.SetLevel(zap.DebugLevel)
	}
	if journal := journalCore(level); journal != nil {
		return zap.New(journal)
	}
	form := zap.NewProductionEncoderConfig()
	form.EncodeTime = func(t time.Time, e zapcore.PrimitiveArrayEncoder) { e.AppendString(t.Format("15:04:05")) }
	to := zapcore.Lock(zapcore.AddSync(words.NewWriter(os.Stderr)))
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(form), to, level)
	// As zap does for production: of lines that say the same within a second the first hundred, then every hundredth.
	return zap.New(zapcore.NewSamplerWithOptions(core, time.Second, 100, 100))
}
