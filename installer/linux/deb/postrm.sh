#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl --system daemon-reload >/dev/null || true
fi
if [ "$1" = remove ] && command -v deb-systemd-helper >/dev/null; then
	deb-systemd-helper mask minewatch.service >/dev/null || true
fi
if [ "$1" = purge ]; then
	if command -v deb-systemd-helper >/dev/null; then
		deb-systemd-helper purge minewatch.service >/dev/null || true
		deb-systemd-helper unmask minewatch.service >/dev/null || true
	fi
	rm -rf /var/lib/minewatch /etc/minewatch
	# Folders that only our files were in.
	for dir in /etc/chromium /etc/opt/chrome /etc/opt/edge /etc/brave /etc/opt/vivaldi /etc/opt/opera; do
		rmdir "$dir/native-messaging-hosts" "$dir" 2>/dev/null || true
	done
fi
