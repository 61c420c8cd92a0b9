#!/bin/sh
# Installs minewatch for all users (with sudo) or for the user who runs this, or takes it away again (--remove).
set -eu
cd "$(dirname "$0")"
if [ "$(id -u)" = 0 ]; then
	bin=/usr/local/bin flag=''
else
	bin="$HOME/Library/Application Support/minewatch" flag=--user
fi
if [ "${1-}" = --remove ]; then
	"$bin/minewatch" service uninstall $flag || true
	if [ -n "$flag" ]; then "$bin/minewatch" browser remove || true; else "$bin/minewatch" browser remove --system --yes || true; fi
	rm -f "$bin/minewatch" "$bin/minewatch-host"
	echo "Taken away. Alerts and settings stay."
	exit 0
fi
mkdir -p "$bin"
install -m 755 minewatch minewatch-host "$bin"
if [ -n "$flag" ]; then "$bin/minewatch" browser install || true; else "$bin/minewatch" browser install --system --yes || true; fi
if "$bin/minewatch" service status $flag 2>/dev/null | grep -q 'not installed'; then
	"$bin/minewatch" service install $flag
else
	"$bin/minewatch" service restart $flag
fi
echo "Installed. \"$bin/minewatch\" doctor says whether everything works."
