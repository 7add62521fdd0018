#!/usr/bin/env bash
# watchdog.sh STATE: waits for the end of its standard input, then ends the children of STATE.
# Started by bind_to_parent (child.sh) only.
set -euo pipefail
. "$(dirname "$0")/say.sh"
. "$SETUP/child.sh"

trap '' INT HUP
cat >/dev/null
say "the parent is gone: ending what it started"
stop_children "$1"
rm -f "$1/watchdog" "$1"/*.env
