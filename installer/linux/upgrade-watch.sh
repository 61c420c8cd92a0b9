#!/bin/sh
# Looks after an upgrade: if the new version fails its own check for a minute, the version and the database that were
# there before come back, and the journal and `minewatch status` say so. The packages leave the previous version in
# $previous before they replace it, and start this through minewatch-upgrade.service.
set -u
state=/var/lib/minewatch
previous=$state/previous
tries=${MINEWATCH_UPGRADE_TRIES:-30} # of two seconds each

say() { echo "$1"; } # to the journal

[ -x "$previous/minewatch" ] || exit 0
new=$(cat "$previous/new-version" 2>/dev/null || echo "the new version")
old=$(cat "$previous/version" 2>/dev/null || echo "the previous version")

worked=0
for _ in $(seq "$tries"); do
	# Three times in a row: an agent that starts again and again answers now and then.
	if timeout 10 /usr/bin/minewatch doctor >/dev/null 2>&1; then
		worked=$((worked + 1))
		if [ "$worked" -ge 3 ]; then
			say "The upgrade to $new works."
			rm -rf "$previous" "$state/upgrade-taken-back"
			exit 0
		fi
	else
		worked=0
	fi
	sleep 2
done

say "minewatch $new failed its check for a minute after the upgrade; $old comes back."
systemctl stop minewatch.service
for name in minewatch minewatch-host minewatch-tray; do
	if [ -f "$previous/$name" ]; then
		# Beside it first: a program that runs cannot be written into.
		cp -p "$previous/$name" "/usr/bin/.$name.previous" && mv -f "/usr/bin/.$name.previous" "/usr/bin/$name"
	fi
done
if [ -d "$previous/state" ]; then
	rm -f "$state"/minewatch.db "$state"/minewatch.db-*
	cp -p "$previous"/state/* "$state"/
fi
echo "The upgrade to $new did not work and was taken back; this is $old again." >"$state/upgrade-taken-back"
chmod 600 "$state/upgrade-taken-back"
rm -rf "$previous"
systemctl reset-failed minewatch.service 2>/dev/null
systemctl start minewatch.service
say "minewatch $old is back. Install it again with your package manager, or wait for a newer version; tell its developers: journalctl -u minewatch"
exit 1
