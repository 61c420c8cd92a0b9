#!/bin/sh
# $1 is 1 for an installation and 2 for an upgrade. See upgrade-watch for what is kept and why.
if [ "${1-1}" -ge 2 ] && [ -d /run/systemd/system ] && [ -x /usr/bin/minewatch ]; then
	state=/var/lib/minewatch
	rm -rf "$state/previous"
	if timeout 10 /usr/bin/minewatch doctor >/dev/null 2>&1; then
		old=$(/usr/bin/minewatch version | cut -d' ' -f2)
		systemctl stop minewatch.service >/dev/null 2>&1 || :
		mkdir -p -m 700 "$state/previous/state"
		for name in minewatch minewatch-host minewatch-tray; do
			if [ -f "/usr/bin/$name" ]; then cp -p "/usr/bin/$name" "$state/previous/"; fi
		done
		for file in "$state"/minewatch.db*; do
			if [ -f "$file" ]; then cp -p "$file" "$state/previous/state/"; fi
		done
		echo "$old" >"$state/previous/version"
	fi
fi
exit 0
