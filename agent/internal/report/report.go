// Package report shows what was found to people: an evaluation as a table on a terminal.
package report
