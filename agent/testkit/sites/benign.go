package sites

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/minewatch/minewatch/agent/testkit/pages"
)

// honest are the pages of the other tests that a check should leave alone. Not among them are those that do in workers just
// what mining does there (a chess engine, an encoder, a compiler): by their load nobody can tell them apart.
func honest() []string {
	return []string{
		pages.News, pages.Mail, pages.Games, pages.Video, pages.Shop, pages.Widget, pages.VideoGrid, pages.Call, pages.GL, pages.Sheet, pages.Train,
		pages.Gate, pages.Storm, pages.SQL, pages.Python, pages.PDF, pages.Arcade, pages.Blur, pages.Editor,
	}
}

// Benign returns n honest sites: the pages of the other tests, proof-of-work gates of several lengths, and generated sites
// of many kinds.
func Benign(n int) []*Site {
	var out []*Site
	for _, host := range honest() {
		out = append(out, &Site{Name: strings.TrimSuffix(host, ".test"), Kind: "page", URL: pages.URL(host), Visits: 1})
	}
	for _, work := range []int{5, 8, 11, 14} {
		out = append(out, &Site{Name: fmt.Sprintf("gate-%d", work), Kind: "gate", URL: fmt.Sprintf("%s?work=%d", pages.URL(pages.Gate), work), Visits: 1})
	}
	kinds := generated()
	for i := 0; len(out) < n; i++ {
		k := kinds[i%len(kinds)]
		size := 1 + i/len(kinds)%3
		host := fmt.Sprintf("%s-%d.test", k.name, i/len(kinds)+1)
		body := k.body
		out = append(out, &Site{
			Name: strings.TrimSuffix(host, ".test"), Kind: k.name, URL: "http://" + host + "/", host: host, Visits: 1,
			page: func(s *Site, _ *http.Request, _ int) string { return titled(s) + body(size) },
		})
	}
	return out[:n]
}

type kind struct {
	name string
	body func(size int) string
}

// generated are the kinds of generated sites; size is from 1 to 3.
func generated() []kind {
	script := func(text string) string { return "<script>" + text + "</script>" }
	return []kind{
		{"text", func(n int) string { return strings.Repeat("<p>"+strings.Repeat("A line of news. ", 40)+"</p>", 10*n) }},
		{"pictures", func(n int) string {
			return strings.Repeat(`<svg width="120" height="80"><rect width="120" height="80" fill="teal"/><circle cx="60" cy="40" r="30" fill="gold"/></svg> `, 60*n)
		}},
		{"table", func(n int) string {
			return "<table>" + strings.Repeat("<tr><td>1<td>2<td>3<td>4<td>5</tr>", 400*n) + "</table>"
		}},
		{"startup", func(n int) string { // a framework that takes its time to begin
			return script(fmt.Sprintf(`const end = performance.now() + %d; let x = 0; while (performance.now() < end) { for (let i = 0; i < 1e4; i++) x += Math.sqrt(i); }`, 700*n))
		}},
		{"clock", func(int) string {
			return `<p id="c"></p>` + script(`setInterval(() => { c.textContent = new Date().toISOString(); }, 1000)`)
		}},
		{"banner", func(n int) string {
			return `<style>@keyframes slide { to { transform: translateX(300px) } } .b { width: 200px; background: gold; animation: slide 3s infinite alternate }</style>` +
				strings.Repeat(`<div class="b">Offer</div>`, 4*n)
		}},
		{"canvas", func(n int) string {
			return `<canvas id="k" width="600" height="300"></canvas>` + script(fmt.Sprintf(`const g = k.getContext("2d"); let t = 0;
			const draw = () => { t++; g.clearRect(0, 0, 600, 300); for (let i = 0; i < %d; i++) { g.fillStyle = "hsl(" + (i + t) %% 360 + " 60%% 60%%)"; g.fillRect((i * 37 + t) %% 600, (i * 53) %% 300, 20, 20); } requestAnimationFrame(draw); }; draw();`, 150*n))
		}},
		{"poll", func(n int) string {
			return script(fmt.Sprintf(`setInterval(() => fetch("/in/").then((r) => r.text()), %d)`, 1500/n))
		}},
		{"search", func(n int) string { // an index that a worker builds once
			return script(fmt.Sprintf(`const w = new Worker(URL.createObjectURL(new Blob(["const end = performance.now() + %d; const m = new Map(); let i = 0; while (performance.now() < end) m.set('k' + (i++ %% 5000), i); postMessage(m.size)"]))); w.onmessage = () => w.terminate();`, 1500*n))
		}},
		{"worker-bursts", func(n int) string { // a worker with a little to do now and then
			return script(fmt.Sprintf(`new Worker(URL.createObjectURL(new Blob(["setInterval(() => { const end = performance.now() + %d; while (performance.now() < end); }, 2500)"])))`, 40*n))
		}},
		{"scroll", func(n int) string {
			return `<div id="l"></div>` + script(fmt.Sprintf(`let i = 0; setInterval(() => { if (i > 400) return; for (let k = 0; k < %d; k++) { const p = document.createElement("p"); p.textContent = "Item " + i++; l.append(p); } scrollTo(0, 1e9); }, 700)`, 5*n))
		}},
		{"wasm-once", func(n int) string {
			return script(fmt.Sprintf(`const c = Uint8Array.from([%s]); WebAssembly.instantiate(c).then(({ instance }) => { const end = performance.now() + %d; let n = 0; while (performance.now() < end) n ^= instance.exports.f(20000); });`, numbers(loopModule()), 900*n))
		}},
		{"adverts", func(n int) string {
			return strings.Repeat(`<iframe srcdoc="<style>@keyframes p{to{opacity:.2}}b{animation:p 1s infinite alternate}</style><b>Advert</b>" width="200" height="60"></iframe>`, 3*n)
		}},
		{"form", func(int) string {
			return `<form><input name="q"><select><option>A<option>B</select><button>Search</button></form>` + script(`document.querySelector("input").focus()`)
		}},
		{"chart", func(n int) string { // drawn anew each second from fresh numbers
			return `<canvas id="k" width="500" height="200"></canvas>` + script(fmt.Sprintf(`const g = k.getContext("2d"); setInterval(() => { let v = []; for (let i = 0; i < %d; i++) v.push(Math.sin(i / 9 + Date.now() / 500) + Math.random()); v.sort(); g.clearRect(0, 0, 500, 200); g.beginPath(); for (let x = 0; x < 500; x++) g.lineTo(x, 100 + 40 * v[x]); g.stroke(); }, 1000)`, 20000*n))
		}},
	}
}

func numbers(b []byte) string {
	parts := make([]string, len(b))
	for i, x := range b {
		parts[i] = strconv.Itoa(int(x))
	}
	return strings.Join(parts, ",")
}
