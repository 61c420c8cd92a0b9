// Package report shows what was found to people: a table for a terminal and pages that hold everything they need, with
// plots as inline SVG, no script and no address of anything outside. A page opens from a file, in ten years as well.
//
// Every name on a page comes from outside (processes, sites, folders) and is escaped by html/template.
package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed pages
var pages embed.FS

// Page is a report that is ready to be written.
type Page struct {
	// Title stands at the top of the page and in the window's title.
	Title string
	// body is the name of the template of what follows the title, data what it shows.
	body string
	data any
}

// Write writes the page as one HTML file. Nothing is written when the page cannot be made.
func (p Page) Write(w io.Writer) error {
	t, err := template.ParseFS(pages, "pages/*.html", "pages/*.css")
	if err != nil {
		return fmt.Errorf("the report's own template is broken: %w", err)
	}
	var body, all bytes.Buffer
	if err := t.ExecuteTemplate(&body, p.body, p.data); err != nil {
		return fmt.Errorf("the report could not be made: %w", err)
	}
	style, err := pages.ReadFile("pages/page.css")
	if err != nil {
		return fmt.Errorf("the report's own style is missing: %w", err)
	}
	err = t.ExecuteTemplate(&all, "page.html", struct {
		Title string
		Style template.CSS
		Body  template.HTML
	}{p.Title, template.CSS(style), template.HTML(body.String())}) //nolint:gosec // both come from our own templates
	if err != nil {
		return fmt.Errorf("the report could not be made: %w", err)
	}
	_, err = w.Write(all.Bytes())
	return err
}
