#!/bin/sh
# Starts the tray in each graphical session that is open now, so that nobody has to log in again after an installation;
# with the argument stop it ends those that it started. Sessions start it by themselves from the next log-in on.
set -u
[ -x /usr/bin/minewatch-tray ] || exit 0
for runtime in /run/user/*; do
	uid=${runtime#/run/user/}
	name=$(getent passwd "$uid" | cut -d: -f1)
	if [ -z "$name" ] || [ ! -S "$runtime/bus" ]; then continue; fi
	as_user() { runuser -u "$name" -- env XDG_RUNTIME_DIR="$runtime" DBUS_SESSION_BUS_ADDRESS="unix:path=$runtime/bus" "$@"; }
	if [ "${1-}" = stop ]; then
		as_user systemctl --user stop minewatch-tray.service >/dev/null 2>&1
	elif as_user systemctl --user show-environment 2>/dev/null | grep -q '^\(WAYLAND_\)\?DISPLAY='; then
		as_user systemd-run --user --quiet --collect --unit=minewatch-tray /usr/bin/minewatch-tray >/dev/null 2>&1
	fi
done
exit 0
