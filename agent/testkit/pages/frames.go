package pages

import (
	"fmt"
	"net/http"
	"strings"
)

// Frames serves small pages under every host name, in whose frames nothing happens. The address asks for them:
// ?frame=HOST and ?deep=HOST add a frame of that host, ?nested (as in the deep ones) adds frames without a host of their
// own. ?strict allows the page nothing, ?apart keeps it from its opener, ?asks has it ask before it is left, ?hangs makes
// it busy for 20 s as soon as it is there.
func Frames() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Query().Has("strict") {
			w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-src 'none'; sandbox")
		}
		if r.URL.Query().Has("apart") {
			w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
			w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		}
		fmt.Fprintf(w, "<!doctype html><title>%s</title>", r.Host)
		query := r.URL.Query()
		for _, host := range query["frame"] {
			fmt.Fprintf(w, `<iframe src="http://%s:%s/"></iframe>`, host, portOf(r))
		}
		for _, host := range query["deep"] {
			fmt.Fprintf(w, `<iframe src="http://%s:%s/?nested"></iframe>`, host, portOf(r))
		}
		if query.Has("nested") {
			fmt.Fprint(w, `<iframe></iframe><iframe src="about:blank"></iframe><iframe src="data:text/html,hi"></iframe>
				<iframe srcdoc="hi"></iframe><iframe srcdoc="hi" sandbox="allow-scripts"></iframe><iframe id="b"></iframe>
				<script>b.src = URL.createObjectURL(new Blob(["hi"], {type: "text/html"}))</script>`)
		}
		if query.Has("prerender") {
			fmt.Fprint(w, `<script type="speculationrules">{"prerender":[{"urls":["/next"],"eagerness":"immediate"}]}</script>`)
		}
		if query.Has("hangs") {
			fmt.Fprint(w, `<script>onload = () => setTimeout(() => { for (const end = Date.now() + 20_000; Date.now() < end;); }, 300)</script>`)
		}
		if query.Has("asks") {
			fmt.Fprint(w, `<script>addEventListener("beforeunload", (e) => e.preventDefault())</script>`)
		}
	})
}

func portOf(r *http.Request) string {
	_, port, _ := strings.Cut(r.Host, ":")
	return port
}
