#!/bin/sh
# $1 is 0 when the package goes, 1 when a newer one takes its place.
if [ "${1-0}" -eq 0 ]; then
	systemctl disable --now minewatch.service >/dev/null 2>&1 || :
	/usr/lib/minewatch/start-trays stop || :
fi
exit 0
