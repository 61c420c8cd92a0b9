#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	deb-systemd-invoke stop minewatch.service minewatch-upgrade.service >/dev/null || true
	/usr/lib/minewatch/start-trays stop || true
fi
