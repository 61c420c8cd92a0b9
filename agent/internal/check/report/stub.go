package report

import (
	"io"

	"github.com/minewatch/minewatch/agent/internal/check"
)

func HTML(io.Writer, []check.Page) error  { return nil }
func JUnit(io.Writer, []check.Page) error { return nil }
func SARIF(io.Writer, []check.Page) error { return nil }
func HAR(io.Writer, []check.Page) error   { return nil }
