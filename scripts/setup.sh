#!/bin/sh
# Installs the Debian packages that are missing for building or testing minewatch.
#
#   scripts/setup.sh run    what `make run` needs: only the tray's library, and only where there is a display
#   scripts/setup.sh corpus what `make corpus` and `make sessions` need: the same and the programs that are recorded
#   scripts/setup.sh packages what `make packages` needs
#   scripts/setup.sh test   what `make test` needs: a browser and a desktop without a screen
#
# It prints nothing and changes nothing when all is there. Exit status 0: all is there now; 1: something is missing;
# 2: wrong usage.
set -eu

packages='' # to install, each after a space
wanted=''   # the same for people, one a line

# have CHECK reports whether something is there: a command, file:PATH, pkg:NAME (a library's development files) or
# font:LANGUAGE.
have() {
	case $1 in
	file:*) [ -e "${1#file:}" ] ;;
	pkg:*) command -v pkg-config >/dev/null && pkg-config --exists "${1#pkg:}" ;;
	font:*) command -v fc-list >/dev/null && [ -n "$(fc-list ":lang=${1#font:}" family)" ] ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# need PACKAGE CHECK WHY notes a package whose check fails.
need() {
	if ! have "$2"; then
		packages="$packages $1"
		wanted="$wanted  $1: $3
"
	fi
}

needs_of_tray() {
	need gcc gcc "compiles the tray's part in C"
	need pkg-config pkg-config "finds the tray's library"
	need libayatana-appindicator3-dev pkg:ayatana-appindicator3-0.1 "the library that shows the tray icon"
}

needs_of_run() {
	if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
		needs_of_tray
	fi
}

needs_of_test() {
	needs_of_tray
	need chromium chromium "the browser whose tabs are watched"
	need firefox-esr firefox-esr "the other browser whose tabs are watched"
	need chromium-sandbox file:/usr/lib/chromium/chrome-sandbox "its sandbox where the kernel gives users no namespaces"
	need xvfb Xvfb "a screen in memory"
	need dbus dbus-daemon "the session bus of tray and notifications"
	need fluxbox fluxbox "the test desktop's window manager"
	need xfce4-panel xfce4-panel "the test desktop's tray"
	need dunst dunst "shows the notifications"
	need libnotify-bin notify-send "sends a notification to try the test desktop"
	need imagemagick import "takes the pictures of the screen"
	need xdotool xdotool "moves the mouse and presses keys"
	need x11-utils xwininfo "tells where windows are"
	need npm npm "fetches the linters of the extension"
	need nodejs node "runs the tests of the extension and of the test pages' scripts"
	need zstd zstd "makes broken recordings for tests, and lets people look into whole ones"
	need procps top "one of the programs that minewatch's cost is compared with"
	need sysstat pidstat "another of these"
	need libc6-dev file:/usr/include/stdio.h "compiles the sleeping processes of make bench"
	need systemd-container systemd-nspawn "boots a system of its own for the tests of the package"
	need debootstrap debootstrap "makes that system"
	need fontconfig fc-list "finds fonts"
	need fonts-dejavu-core font:en "letters for the pictures"
	need fonts-noto-cjk font:ja "Japanese letters for the pictures"
}

needs_of_packages() {
	needs_of_tray
	need lintian lintian "checks the deb"
	need rpm rpm "checks the rpm"
}

needs_of_corpus() {
	needs_of_test
	need stress-ng stress-ng "a load that only looks like mining"
	need stockfish file:/usr/games/stockfish "another"
	need ffmpeg ffmpeg "converts video"
	need xz-utils xz "packs"
	need p7zip-full 7z "packs"
	need zip zip "packs"
	need git git "keeps what a programmer in a recording writes"
	need rsync rsync "copies"
	need libreoffice-writer soffice "writes and converts documents"
	need libreoffice-calc file:/usr/lib/libreoffice/program/libsclo.so "fills tables"
	need minisat minisat "a solver"
	need glpk-utils glpsol "another"
	need povray povray "renders pictures"
	need postgresql file:/usr/lib/postgresql "a database server"
	need sqlite3 sqlite3 "a database in a file"
	need bc bc "a calculator"
	need iproute2 ip "for networks of the recordings' own"
}

# install installs $packages with apt-get, as root or through sudo.
install() {
	if ! command -v apt-get >/dev/null; then
		printf 'setup: this is not a Debian system, so install these or what they are called here:\n%s' "$wanted" >&2
		return 1
	fi
	as_root=''
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			printf 'setup: these packages are missing:\n%s' "$wanted" >&2
			printf 'setup: as root, run: apt-get install%s\n' "$packages" >&2
			return 1
		fi
		as_root='sudo'
	fi
	printf 'setup: installing with apt-get:\n%s' "$wanted"
	log=$(mktemp)
	# A fresh machine has no package lists, an old one outdated lists. The names are split on purpose.
	# shellcheck disable=SC2086
	if $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >"$log" 2>&1 &&
		$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y \
			--no-install-recommends $packages >>"$log" 2>&1; then
		rm -f "$log"
		return 0
	fi
	tail -n 15 "$log" >&2
	rm -f "$log"
	printf 'setup: apt-get failed, see above. By hand: apt-get update && apt-get install%s\n' "$packages" >&2
	return 1
}

case ${1:-} in
run | test | corpus | packages) purpose=$1 ;;
*)
	echo 'usage: scripts/setup.sh run|test|corpus|packages' >&2
	exit 2
	;;
esac
"needs_of_$purpose"
[ -n "$packages" ] || exit 0
install || exit 1
packages='' wanted=''
"needs_of_$purpose"
if [ -n "$packages" ]; then
	printf 'setup: still missing after the installation:\n%s' "$wanted" >&2
	exit 1
fi
