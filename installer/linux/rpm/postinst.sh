#!/bin/sh
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload >/dev/null 2>&1 || :
	if [ "${1-1}" -ge 2 ]; then
		systemctl restart minewatch.service >/dev/null 2>&1 || :
		if [ -d /var/lib/minewatch/previous ]; then
			/usr/bin/minewatch version 2>/dev/null | cut -d' ' -f2 >/var/lib/minewatch/previous/new-version
			systemctl --no-block start minewatch-upgrade.service || :
		fi
	else
		systemctl enable --now minewatch.service >/dev/null 2>&1 || :
		/usr/lib/minewatch/start-trays || :
	fi
elif [ "${1-1}" -eq 1 ]; then
	systemctl enable minewatch.service >/dev/null 2>&1 || :
	echo "minewatch: no systemd runs here, so nothing was started. Start it with: minewatch run"
fi
exit 0
