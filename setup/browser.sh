#!/usr/bin/env bash
# browser.sh: prints the Chromium that browser tests drive, after asking it for its version.
set -euo pipefail
. "$(dirname "$0")/say.sh"

for name in "${WAYBILL_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$name" ] || continue
    path=$(command -v "$name") || continue
    # On Ubuntu the package is a shim that only starts below snap.
    if "$path" --version 2>/dev/null | grep -qE '[0-9]+\.[0-9]+'; then
        printf '%s\n' "$path"
        exit 0
    fi
done
fail "no Chromium that starts: on Debian run setup/packages.sh test; elsewhere name one in WAYBILL_CHROMIUM (or leave browser tests out by WAYBILL_TEST_WITHOUT=browser)"
