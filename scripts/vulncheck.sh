#!/bin/sh
# Looks for known vulnerabilities in what minewatch is built from, with govulncheck.
#
#   scripts/vulncheck.sh          where its data cannot be had, that is said in one line and is no failure
#   scripts/vulncheck.sh --must   for releases: then it is a failure
#
# GOVULNDB names another place of the data, as an address or file:///FOLDER. Exit status 0: nothing known, or not
# checked; 1: something was found, or could not be checked; 2: wrong usage.
set -eu
cd "$(dirname "$0")/.."
version=v1.9.0
tool=.cache/bin/govulncheck-$version

must=''
case ${1:-} in
'') ;;
--must) must=yes ;;
*)
	echo 'usage: scripts/vulncheck.sh [--must]' >&2
	exit 2
	;;
esac

# skip WHY ends the script where nothing could be checked.
skip() {
	echo "vulncheck: $1, so known vulnerabilities were not looked for"
	[ -z "$must" ] && exit 0
	exit 1
}

if [ ! -x "$tool" ]; then
	if ! out=$(GOBIN="$PWD/.cache/bin" GOFLAGS=-mod=mod go install "golang.org/x/vuln/cmd/govulncheck@$version" 2>&1); then
		skip "govulncheck could not be fetched"
	fi
	mv .cache/bin/govulncheck "$tool"
fi
# The short scan tells soon whether the data can be had; a network that swallows everything must not hold up work.
limit=''
if command -v timeout >/dev/null; then limit='timeout 20'; fi
code=0
# shellcheck disable=SC2086
out=$($limit "$tool" ${GOVULNDB:+-db "$GOVULNDB"} -scan module 2>&1) || code=$?
case $code/$out in
124/* | */*'fetching vulnerabilities'*) skip "the data of govulncheck cannot be reached from here" ;;
0/* | 3/*) exec "$tool" ${GOVULNDB:+-db "$GOVULNDB"} ./... ;;
*)
	printf '%s\n' "$out" >&2
	exit 1
	;;
esac
