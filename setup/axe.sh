#!/usr/bin/env bash
# axe.sh: checks the committed axe-core (tests/e2e/axe.min.js), which browser tests inject.
# From the npm package axe-core 4.14.1, unchanged, MPL-2.0 (its header says so).
set -euo pipefail
. "$(dirname "$0")/say.sh"

expected=29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c
found=$(sha256sum <"$ROOT/tests/e2e/axe.min.js" | cut -d' ' -f1)
[ "$found" = "$expected" ] || fail "tests/e2e/axe.min.js is not axe-core 4.14.1 as published: restore it from git"
printf '%s\n' "$ROOT/tests/e2e/axe.min.js"
