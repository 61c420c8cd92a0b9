#!/bin/sh
# Fetches axe-core, which checks pages for people who use a screen reader or the keyboard, into .cache/axe. Only the
# popup's test uses it; nothing of it is kept in the repository or in what is built.
#
# It does nothing when it is there. Exit status 0: it is there now; 1: it could not be fetched.
set -eu
cd "$(dirname "$0")/.."

axe=4.14.1 # MPL-2.0

tools=.cache/axe
have=$tools/version
if [ "$(cat "$have" 2>/dev/null)" = "$axe" ]; then
	exit 0
fi
command -v npm >/dev/null || {
	echo "fetch-axe: npm is not installed (scripts/setup.sh test installs it)" >&2
	exit 1
}
echo "fetching axe-core $axe (once)"
mkdir -p "$tools"
echo '{"private": true}' >"$tools/package.json"
npm install --prefix "$tools" --no-save --no-package-lock --no-audit --no-fund --loglevel=error --ignore-scripts "axe-core@$axe"
echo "$axe" >"$have"
