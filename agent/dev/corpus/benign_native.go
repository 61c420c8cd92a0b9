//go:build linux

package main

import "time"

// programTime is how long an honest program is watched.
const programTime = 66 * time.Second

// works returns a scenario of honest work outside the browser. The names are those of the processes that do it, the
// first most of it.
func works(name, kind, note string, cores float64, prepare, shell string, names ...string) Scenario {
	s := Scenario{
		Name: "benign-" + name, Label: Benign, Kind: kind, Note: note, Prepare: prepare, Cores: cores, Duty: 1, Workers: 1,
		Length: programTime,
	}
	for i, n := range names {
		p := Program{Name: n, Delay: soon, For: programTime - soon - 4*time.Second, Shell: "exec sleep 0"}
		if i == 0 {
			p.Shell = shell
		}
		s.Programs = append(s.Programs, p)
	}
	return s
}

// Preparations, in the home of the desktop's user.
const (
	// someText makes t.txt, 96 MB of text that packs about as well as a log does.
	someText = `
awk 'BEGIN { srand(7); for (i = 0; i < 1200000; i++) printf "%08d host%02d service[%d]: request %x took %d ms status %d\n",
  i, rand()*40, rand()*30000, rand()*2147483647, rand()*900, 200+int(rand()*4)*100 }' >t.txt
`
	// manyFiles makes a tree of 4,000 files of 4 to 60 KB.
	manyFiles = `
mkdir -p tree; awk 'BEGIN { srand(3); for (i = 0; i < 4000; i++) print i, 4 + int(rand()*56) }' | while read -r i k; do
  d=tree/$((i % 60)); [ -d $d ] || mkdir $d; head -c ${k}K /dev/urandom | base64 -w 100 >$d/f$i.txt; done
`
	// aClip makes a clip of 20 s with moving pictures and noise.
	aClip = `
ffmpeg -v error -f lavfi -i "testsrc2=size=1280x720:rate=25,noise=alls=12:allf=t" -t 12 -c:v libx264 -preset ultrafast -y clip.mkv
`
	// aRepository makes a git repository with history.
	aRepository = manyFiles + `
cd tree; git init -q; git config user.email a@b.test; git config user.name A; git add .; git commit -qm one
for n in 1 2 3 4 5 6; do for d in 1 2 3 4 5 6 7 8 9; do for f in $d/*; do echo "change $n of $f" >>$f; done; done; git commit -qam "change $n"; done
`
	// aTable makes a spreadsheet and a text document.
	aTable = `
mkdir -p docs; awk 'BEGIN { srand(5); for (i = 0; i < 30000; i++) { for (c = 0; c < 12; c++) printf "%s%.3f", (c ? "," : ""), rand()*1000; print "" } }' >docs/table.csv
awk 'BEGIN { srand(6); for (i = 0; i < 9000; i++) { for (c = 0; c < 14; c++) printf "word%d ", rand()*5000; print (i % 7 ? "" : "\n") } }' >docs/text.txt
`
	// aPackage makes a package of 60 MB.
	aPackage = manyFiles + `
mkdir -p pkg/DEBIAN pkg/opt; cp -r tree pkg/opt/; printf 'Package: thing\nVersion: 1.0\nArchitecture: all\nMaintainer: a@b.test\nDescription: thing\n' >pkg/DEBIAN/control
dpkg-deb -Zxz -z1 --root-owner-group -b pkg thing.deb >/dev/null
`
)

func benignPrograms() []Scenario {
	encode := func(codec string) string {
		return "while :; do ffmpeg -v error -y -i clip.mkv " + codec + " -f null /dev/null; done"
	}
	const goBuild = `cd $SOURCE; while :; do go build -o $HOME/out ./agent; rm -rf $GOCACHE; done`
	return []Scenario{
		works("go-build", build, "a Go program is built with an empty cache, again and again", 2, "", goBuild, "go", "compile", "link", "asm"),
		works("ffmpeg-x264", office, "a clip is encoded to H.264", 2, aClip, encode("-c:v libx264 -preset medium"), "ffmpeg"),
		works("xz", build, "text is packed with xz", 1, someText, "while :; do xz -9 -T1 -k -c t.txt >t.xz; done", "xz"),
		works("tar-backup", disk, "a tree of files is packed and copied, again and again", 1, manyFiles, "while :; do tar czf b.tgz tree; cp -r tree copy; sync; rm -rf copy b.tgz; done", "gzip", "tar", "cp", "rm"),
		works("go-vet", build, "Go packages are checked with an empty cache", 2, "", `cd $SOURCE; while :; do go vet ./heuristics/... ./agent/...; rm -rf $GOCACHE; done`, "go", "compile", "vet"),
		works("libreoffice", office, "LibreOffice converts a table and a text, again and again", 1, aTable, "cd docs; while :; do soffice --headless --convert-to xlsx table.csv >/dev/null; soffice --headless --convert-to pdf text.txt >/dev/null; done", "soffice.bin"),
		works("scan", disk, "all files of a tree are read and summed, as a virus scanner does", 1, manyFiles, "while :; do find tree -type f -print0 | xargs -0 -n 40 sha256sum >sums; done", "sha256sum", "find", "xargs"),
		works("ffmpeg-vp9", office, "a clip is encoded to VP9", 1.6, aClip, encode("-c:v libvpx-vp9 -b:v 2M -deadline good -cpu-used 3 -row-mt 1"), "ffmpeg"),
		works("zstd", build, "text is packed with zstd in two threads", 2, someText, "while :; do zstd -q -f -16 -T2 t.txt -o t.zst; done", "zstd"),
		works("package-unpack", disk, "a package is unpacked again and again, as an upgrade does", 1, aPackage, "while :; do rm -rf root; dpkg-deb -x thing.deb root; sync; done", "dpkg-deb", "tar", "rm"),
		works("git-gc", disk, "a repository is packed again and again", 1.4, aRepository, "cd tree; while :; do git gc -q --aggressive --prune=now; git repack -q -a -d -F; done", "git"),
		works("7z", build, "text is packed with 7z in two threads", 2, someText, "while :; do rm -f t.7z; 7z a -mmt2 -mx5 t.7z t.txt >/dev/null; done", "7z"),
		works("grep", disk, "a tree of files is searched, again and again", 1, manyFiles+someText, "while :; do grep -rlE '(status 5|Zz9).*[0-9]{3}$' tree t.txt >found || true; find tree -name 'f1*' -size +20k >names; done", "grep", "find"),
		works("awk-data", office, "an awk script sums a log, again and again", 1, someText, `while :; do awk '{ n[$2]++; split($0, p, "took "); s[$2] += p[2] } END { for (h in n) print h, s[h]/n[h] }' t.txt | sort >sums; done`, "awk", "mawk", "sort"),
		works("python-data", office, "a Python script reads a table and sorts it, again and again", 1, aTable, `while :; do /usr/bin/python3 -c '
import csv, statistics
rows = [list(map(float, r)) for r in csv.reader(open("docs/table.csv"))]
for c in range(12):
    rows.sort(key=lambda r: r[c]); print(c, statistics.fmean(r[c] for r in rows), statistics.stdev(r[c] for r in rows))
'; done >sums`, "python3"),
		works("sort", disk, "a large text is sorted on the disk", 1.4, someText, "while :; do sort --parallel=2 -S 20M -k 5 t.txt >sorted; done", "sort"),
		works("rsync", disk, "a tree of files is copied with sums, again and again", 1, manyFiles, "while :; do rsync -a --checksum tree/ mirror; rm -rf mirror/1 mirror/2*; done", "rsync", "rm"),
		works("load-backup", disk, "a backup program packs a tree", 1, manyFiles, "exec load backup tree -for 55s", "load"),
		works("load-scan", disk, "a scanner reads a tree", 1, manyFiles, "exec load scan tree -for 55s", "load"),
		works("ffmpeg-audio", office, "sound is made and encoded", 1, "", "while :; do ffmpeg -v error -y -f lavfi -i 'anoisesrc=d=600:c=pink' -c:a libopus -b:a 96k -f null /dev/null; done", "ffmpeg"),
		works("gcc", build, "C files are compiled and linked, one after the other", 1, "", `
for n in 1 2 3 4 5 6 7 8; do awk -v n=$n 'BEGIN { print "#include <stdio.h>\n#include <string.h>\n#include <math.h>"; for (i = 0; i < 1500; i++) printf "double f%d_%d(double *a, int k) { double s = %d; for (int i = 0; i < k; i++) { s += a[i] * %d; if (s > 1e%d) s /= a[k-1-i] + 1; } return s; }\n", n, i, i, i+2, i%9+3 }' >c$n.c; done
while :; do for n in 1 2 3 4 5 6 7 8; do gcc -O2 -c c$n.c; done; done`, "cc1", "as", "gcc"),
		works("openssl-files", disk, "files are encrypted one after the other", 1, manyFiles, "while :; do for f in tree/*/f1*; do openssl enc -aes-256-cbc -pbkdf2 -k word -in $f -out e.bin; done; done", "openssl"),
		works("image-convert", office, "pictures are made smaller and sharper, one after the other", 1.2, "", "convert -size 2400x1600 plasma:red-blue p.png; while :; do convert p.png -resize 70% -unsharp 2x1 -quality 88 q.jpg; convert p.png -rotate 11 -blur 0x2 r.png; done", "convert", "convert-im6.q16"),
		works("idle-desktop", office, "an idle desktop with a program that now and then does a little", 0.1, "", "while :; do seq 20000 | sort -R | sha256sum >/dev/null; sleep 4; done", "sort", "seq", "sha256sum").sparse(),
	}
}
