#!/bin/sh
set -e
# Before an upgrade the version that works is kept, so that the new one can be taken back (see upgrade-watch).
if [ "$1" = upgrade ] && [ -n "${2-}" ] && [ -d /run/systemd/system ] && command -v minewatch >/dev/null; then
	state=/var/lib/minewatch
	rm -rf "$state/previous"
	# One that did not work before is no better than the new one.
	if timeout 10 minewatch doctor >/dev/null 2>&1; then
		deb-systemd-invoke stop minewatch.service >/dev/null 2>&1 || true # the database at rest
		mkdir -p -m 700 "$state/previous/state"
		for name in minewatch minewatch-host minewatch-tray; do
			if [ -f "/usr/bin/$name" ]; then cp -p "/usr/bin/$name" "$state/previous/"; fi
		done
		for file in "$state"/minewatch.db*; do
			if [ -f "$file" ]; then cp -p "$file" "$state/previous/state/"; fi
		done
		echo "$2" >"$state/previous/version"
	fi
fi
