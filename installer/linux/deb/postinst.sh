#!/bin/sh
set -e
if [ "$1" = configure ] || [ "$1" = abort-upgrade ] || [ "$1" = abort-deconfigure ] || [ "$1" = abort-remove ]; then
	deb-systemd-helper unmask minewatch.service >/dev/null || true
	if deb-systemd-helper --quiet was-enabled minewatch.service; then
		deb-systemd-helper enable minewatch.service >/dev/null || true
	else
		deb-systemd-helper update-state minewatch.service >/dev/null || true
	fi
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -n "${2-}" ]; then
			deb-systemd-invoke restart minewatch.service >/dev/null || true
			if [ -d /var/lib/minewatch/previous ]; then
				dpkg-query -W -f '${Version}\n' minewatch >/var/lib/minewatch/previous/new-version 2>/dev/null || true
				systemctl --no-block start minewatch-upgrade.service || true
			fi
		else
			deb-systemd-invoke start minewatch.service >/dev/null || true
			/usr/lib/minewatch/start-trays || true
		fi
	else
		echo "minewatch: no systemd runs here, so nothing was started. Start it with: minewatch run"
	fi
fi
