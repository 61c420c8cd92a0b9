package main

import (
	"fmt"
	"math/rand/v2"
)

// copyOfSource makes a small module of this project's judge and of some packages of Go's library to work on, once.
const copyOfSource = `[ -d work/.git ] || { rm -rf work; mkdir work; cp -r "$SOURCE/go.mod" "$SOURCE/go.sum" "$SOURCE/heuristics" work/
cp -r /usr/local/go/src/text /usr/local/go/src/container work/
cd work; git init -q .; git config user.email a@b.test; git config user.name a; git add -A; git commit -qm first; cd ..; }
cd work
`

// script returns what sh does for a deed, in the home of the desktop's user; empty for deeds without a script.
func script(d deed, dice *rand.Rand) string {
	switch d { //nolint:exhaustive // the others have no script
	case convert:
		return `mkdir -p docs; cd docs; for n in 1 2 3; do
for k in $(seq 1500); do echo "Paragraph $k of letter $n: as agreed, the goods arrive on Monday."; done >letter$n.txt
soffice --headless --convert-to pdf letter$n.txt >/dev/null 2>&1; sleep 4; done`
	case packFiles:
		return `rm -rf pack pack.*; mkdir pack; cp -r /usr/share/doc/lib[a-c]* pack/
tar cf pack.tar pack; xz -k pack.tar; sleep 3; zip -qr pack.zip pack; sleep 2; gzip pack.tar; rm -rf pack`
	case moveFiles:
		return `for n in 1 2 3; do rm -rf files; mkdir files; cp -r /usr/share/doc/[d-g]* files/; ls -lR files | wc -l
find files -type f -printf '%s %p\n' | sort -n | tail -20; du -s files/* | sort -n | tail -3; mv files moved; rm -rf moved; sleep 15; done`
	case editBuildTest:
		files := []string{"heuristics/doc.go", "heuristics/window.go", "container/list/list.go"}
		return copyOfSource + fmt.Sprintf(`f=%s; [ -f $f ] || f=$(ls heuristics/*.go | head -1)
echo '// note %d' >>$f; go build ./heuristics ./container/...; go vet ./heuristics; go test ./heuristics ./container/... || true`,
			files[dice.IntN(len(files))], dice.IntN(1_000_000))
	case buildAll: // without a cache, as after an update
		return `go clean -cache; go build net/http go/types encoding/... text/... image/...`
	case useRepository:
		return copyOfSource + `git add -A; git commit -qm "a note" --allow-empty; git log --stat | tail -5
git diff HEAD~1 | wc -l; git grep -n func | wc -l; git checkout -q -b b$$; git checkout -q -; git gc -q; git status -s`
	case searchSources:
		words := []string{"context[.]Context", "io[.]Reader", "deprecated", "goroutine"}
		return fmt.Sprintf(`grep -rn --include=*.go '%s' /usr/local/go/src | wc -l
find /usr/local/go/src -name '*_test.go' | wc -l`, words[dice.IntN(len(words))])
	case useNPM: // installs a package from a folder and runs its script
		return `rm -rf web; mkdir -p web/part; cd web
echo '{"name":"part","version":"1.0.0","main":"part.js"}' >part/package.json
echo 'module.exports = (n) => JSON.stringify(Array.from({length: n}, (_, i) => ({i, t: "line " + i})))' >part/part.js
echo '{"name":"web","version":"1.0.0","scripts":{"build":"node build.js"}}' >package.json
echo 'require("fs").writeFileSync("out.json", require("part")(200000))' >build.js
npm install --offline --no-audit --no-fund --install-links ./part; npm run build; ls -l out.json`
	}
	return ""
}
