#!/usr/bin/env bash
# long.sh soak|fuzz: the ignored tests whose names say so, at full size, one after the other.
# Power-cut tests need root and loop devices and say so themselves when they are not there.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$ROOT"

case ${1:-} in soak | fuzz) ;; *) say "usage: $0 soak|fuzz" >&2; exit 2 ;; esac
"$SETUP/packages.sh" test
say "$1: building the tests (about 8 minutes on 2 cores the first time)"
cargo build --locked --workspace --bins
cargo test --locked --workspace --no-run
# cargo takes an empty selection for success; a person who asked for long tests should know.
found=$(cargo test --locked --workspace --lib --bins --tests -- --ignored --list "$1" 2>/dev/null | grep -c ': test$' || true)
[ "$found" -gt 0 ] || fail "there is no ignored test with \"$1\" in its name"
say "$1: $found tests at full size; this takes from minutes to hours"
cargo test --locked --workspace --lib --bins --tests --no-fail-fast -- --ignored --test-threads=1 --nocapture "$1"
