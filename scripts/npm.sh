#!/bin/sh
# Installs a list of npm packages from scripts/npm into .cache/npm, at the versions and checksums of its lockfile.
# None of them is ever in the repository or in what is built.
#
#   scripts/npm.sh lint        what checks the extension's code (make extension-lint)
#   scripts/npm.sh test        what tests load into browsers (make test)
#   scripts/npm.sh pages       the engines of some test pages, some 240 MB (make corpus)
#   scripts/npm.sh lock LIST   writes a list's lockfile again, after its package.json was changed
#
# It does nothing when all is there, so only the first time needs the network. Exit status 0: all is there now;
# 1: something could not be fetched; 2: wrong usage.
set -eu
cd "$(dirname "$0")/.."

usage() {
	echo 'usage: scripts/npm.sh lint|test|pages, or scripts/npm.sh lock lint|test|pages' >&2
	exit 2
}

lock=''
if [ "${1:-}" = lock ]; then
	lock=yes
	shift
fi
case ${1:-} in
lint | test | pages) list=$1 ;;
*) usage ;;
esac
[ $# -eq 1 ] || usage

from=scripts/npm/$list
to=.cache/npm/$list
if [ -z "$lock" ] && cmp -s "$from/package-lock.json" "$to/installed.json"; then
	exit 0
fi
command -v npm >/dev/null || {
	echo "npm.sh: npm is not installed (scripts/setup.sh test installs it)" >&2
	exit 1
}

if [ -n "$lock" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	cp "$from/package.json" scripts/npm/.npmrc "$work"
	npm install --prefix "$work" --package-lock-only --loglevel=error >/dev/null
	# What is left of addresses are those where authors ask for money or explain themselves.
	node -e '
		const fs = require("fs");
		const lock = JSON.parse(fs.readFileSync(process.argv[1]));
		lock.name = process.argv[2];
		for (const p of Object.values(lock.packages)) { delete p.funding; delete p.deprecated; delete p.resolved; }
		fs.writeFileSync(process.argv[3], JSON.stringify(lock, null, 2) + "\n");
	' "$work/package-lock.json" "$list" "$from/package-lock.json"
	exit 0
fi

echo "fetching the npm packages of $from (once)"
mkdir -p "$to"
rm -f "$to/installed.json"
cp "$from/package.json" "$from/package-lock.json" scripts/npm/.npmrc "$to"
if ! npm ci --prefix "$to" --omit=optional --loglevel=error >"$to/npm.log" 2>&1; then
	tail -n 15 "$to/npm.log" >&2
	echo "npm.sh: the packages of $from could not be fetched, see above; the first time needs the network" >&2
	exit 1
fi
cp "$from/package-lock.json" "$to/installed.json"
