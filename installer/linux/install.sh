#!/bin/sh
# Installs minewatch for the user who runs this, without root, or takes it away again (--remove).
set -eu
cd "$(dirname "$0")"
bin=${XDG_BIN_HOME:-$HOME/.local/bin}
autostart=${XDG_CONFIG_HOME:-$HOME/.config}/autostart

if [ "$(id -u)" = 0 ]; then
	echo "This installs for one user. As root, use the deb or rpm, or: minewatch service install" >&2
	exit 2
fi
case ${1-} in
--remove)
	"$bin/minewatch" service uninstall --user || true
	"$bin/minewatch" browser remove || true
	rm -f "$bin/minewatch" "$bin/minewatch-host" "$bin/minewatch-tray" "$autostart/minewatch-tray.desktop"
	echo "Taken away. Alerts and settings stay in ${XDG_STATE_HOME:-$HOME/.local/state}/minewatch; delete that folder if you want."
	exit 0
	;;
'') ;;
*)
	echo "usage: $0 [--remove]" >&2
	exit 2
	;;
esac
mkdir -p "$bin"
for name in minewatch minewatch-host minewatch-tray; do
	if [ -f "$name" ]; then
		cp "$name" "$bin/.$name.new"
		chmod 755 "$bin/.$name.new"
		mv -f "$bin/.$name.new" "$bin/$name" # a running program cannot be written into
	fi
done
if [ -x "$bin/minewatch-tray" ]; then
	mkdir -p "$autostart"
	printf '[Desktop Entry]\nType=Application\nName=minewatch\nExec="%s"\nTerminal=false\n' "$bin/minewatch-tray" >"$autostart/minewatch-tray.desktop"
fi
"$bin/minewatch" browser install || true
if "$bin/minewatch" service status --user 2>/dev/null | grep -q 'not installed'; then
	"$bin/minewatch" service install --user || echo "Start it by hand: $bin/minewatch run --user"
else
	"$bin/minewatch" service restart --user || echo "Start it by hand: $bin/minewatch run --user"
fi
case :$PATH: in
*":$bin:"*) ;;
*) echo "$bin is not in your PATH: use $bin/minewatch, or add it." ;;
esac
echo "Installed. \`$bin/minewatch doctor\` says whether everything works."
