#!/bin/bash
# Runs inside a container in which systemd is process 1, as root, once for each boot: $1 is full or short. It installs,
# breaks and removes the packages in /root/test and writes one line for each check to /root/test/results:
# "ok NAME" or "not ok NAME: why". Whatever it prints besides goes to /root/test/log.
set -u
cd /root/test
length=$1
boot=$(cat boot 2>/dev/null || echo 1)

# check NAME COMMAND… runs a command and notes whether it did what it should.
check() {
	local name=$1
	shift
	if "$@" >out 2>&1; then
		echo "ok $name" >>results
	else
		echo "not ok $name: $(tail -n 3 out | tr '\n' ' ' | cut -c1-300)" >>results
	fi
	echo "== $name"
	cat out
}

# within SECONDS COMMAND… tries a command until it succeeds.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then return 1; fi
		sleep 0.5
	done
}

main_pid() { systemctl show -p MainPID --value minewatch; }
answers() { minewatch status --json | grep -q '"watching":true'; }
# again OLD: another process is the agent, and it answers.
again() { [ "$(main_pid)" != 0 ] && [ "$(main_pid)" != "$1" ] && answers; }
# alerted: an alert about the program called load is stored, whoever may see it.
alerted() { minewatch alerts --json | grep -q '"process_name":"load"'; }
# Left out: what systems write by themselves, and /etc/opt, which base-files makes by a script, so that dpkg takes the
# empty folder away with the last package that had something in it.
files() { find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /root -o -path /tmp -o -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path "/var/tmp/systemd-private-*" -o -path /var/lib/systemd -o -path /etc/opt -o -path /home \) -prune -o -print | sort; }

first_boot() {
	useradd -m anna
	useradd -m bruno
	files >before
	check "installs on a bare system" dpkg -i old.deb
	check "runs after installing" within 20 answers
	check "starts with the computer" systemctl is-enabled minewatch
	check "its doctor finds nothing wrong" minewatch doctor
	check "systemd finds it little exposed (at most 1.8)" bash -c 'e=$(systemd-analyze security minewatch --no-pager | sed -n "s/.*level for minewatch.service: \([0-9.]*\) .*/\1/p"); echo "$e" | tee exposure; awk "BEGIN{exit !($e > 0 && $e <= 1.8)}"'
	check "holds two rights and no more" bash -c 'grep CapBnd /proc/$(systemctl show -p MainPID --value minewatch)/status | grep -q 0000000000080004'
	check "service install leaves a package alone" bash -c '! minewatch service install 2>err && grep -q "package installed this service" err'

	su anna -c '/root/test/load hash -threads 2 -for 80s' &
	check "a program's load raises an alert, which is stored" within 70 alerted
	check "its user sees it" su anna -c 'minewatch alerts --json | grep -q "\"process_name\":\"load\""'
	check "another user does not" su bruno -c '[ -z "$(minewatch alerts --json)" ]'
	check "the journal has the alert with its fields" bash -c 'journalctl -u minewatch -o json | grep -q MINEWATCH_SEVERITY'

	local pid
	pid=$(main_pid)
	kill -9 "$pid"
	check "killed, it is back within 5 s" within 5 again "$pid"
	check "nothing stored was lost" alerted

	if [ "$length" = full ]; then
		pid=$(main_pid)
		kill -STOP "$pid"
		check "hung, the watchdog restarts it" within 60 again "$pid"

		old=$(sha256sum </usr/bin/minewatch)
		check "an upgrade installs" dpkg -i new.deb
		check "it runs after the upgrade" within 20 answers
		check "alerts survive the upgrade" alerted
		check "the upgrade is found to work" within 60 bash -c 'journalctl -u minewatch-upgrade | grep -q works && [ ! -e /var/lib/minewatch/previous ]'
		worked=$(sha256sum </usr/bin/minewatch)

		mkdir -p /etc/systemd/system/minewatch-upgrade.service.d
		printf '[Service]\nEnvironment=MINEWATCH_UPGRADE_TRIES=4\n' >/etc/systemd/system/minewatch-upgrade.service.d/test.conf
		check "an upgrade to a broken build installs" dpkg -i broken.deb
		check "it takes itself back" within 60 bash -c "[ \"\$(sha256sum </usr/bin/minewatch)\" = '$worked' ]"
		check "the previous version runs again" within 20 answers
		check "with its alerts" alerted
		check "status says that it was taken back" bash -c 'minewatch status | grep -q "taken back"'
		check "so does the journal" bash -c 'journalctl -u minewatch-upgrade | grep -q "comes back"'
		rm -r /etc/systemd/system/minewatch-upgrade.service.d
		systemctl daemon-reload

		systemctl stop minewatch
		mount -t tmpfs -o size=64k tmpfs /var/lib/minewatch
		head -c 70000 /dev/zero >/var/lib/minewatch/filler 2>/dev/null
		systemctl start minewatch
		check "it watches on a full disk" within 20 answers
		systemctl stop minewatch
		umount /var/lib/minewatch
		systemctl start minewatch
		check "a second agent says why it cannot run" bash -c '! minewatch run 2>err; grep -q "is already running" err || { cat err; exit 1; }'
		[ "$old" ] && echo 2 >boot && systemctl reboot && exit
	fi
	last
}

second_boot() {
	check "it runs again after a reboot" within 30 answers
	check "alerts survive a reboot" alerted
	last
}

last() {
	check "removing leaves what was stored" bash -c 'apt-get remove -y minewatch || dpkg -r minewatch; [ -e /var/lib/minewatch/minewatch.db ] && [ ! -e /usr/bin/minewatch ]'
	check "no agent runs any more" bash -c '! systemctl is-active minewatch'
	check "purging works" dpkg -P minewatch
	files >after
	check "purging leaves nothing" diff before after
	finish
}

finish() {
	touch done
	systemctl poweroff
}

if [ "$boot" = 1 ]; then first_boot; else second_boot; fi
