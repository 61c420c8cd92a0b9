#!/usr/bin/env bash
# Runs the main job for this user: the agent, the tray if there is a display, and the live view. Quitting the view ends
# what this script started, and only that.
set -eu
bin=${1:-bin}
# The agent keeps its history in this folder and refuses one that others can open.
umask 077
logs=${XDG_STATE_HOME:-$HOME/.local/state}/minewatch
mkdir -p "$logs"
chmod 700 "$logs"
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}
trap finish EXIT

if "$bin/minewatch" status >/dev/null 2>&1; then
  echo "An agent is already running; this shows what it measures."
else
  "$bin/minewatch" run --user 2>"$logs/agent.log" &
  pids+=($!)
  agent=$!
  for _ in $(seq 50); do
    "$bin/minewatch" status >/dev/null 2>&1 && break
    if ! kill -0 "$agent" 2>/dev/null; then
      echo "The agent did not start:" >&2
      tail -n 3 "$logs/agent.log" >&2
      exit 1
    fi
    sleep 0.1
  done
fi
if [ -z "${DISPLAY-}${WAYLAND_DISPLAY-}" ]; then
  echo "No display here, so no tray: the tray needs a desktop. The live view follows."
elif [ -x "$bin/minewatch-tray" ]; then
  "$bin/minewatch-tray" 2>"$logs/tray.log" &
  pids+=($!)
fi
"$bin/minewatch" browser status || true
if [ ${#pids[@]} -gt 0 ]; then
  echo "Quitting the view (q) ends what was started here: the agent or the tray, or both. To watch on: minewatch run --user"
fi
"$bin/minewatch" watch
if [ ${#pids[@]} -gt 0 ]; then
  echo "Ended what was started with this view."
fi
