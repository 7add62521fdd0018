#!/usr/bin/env bash
# All that `make test` does, in order; stops at the first step that fails.
#
# WAYBILL_TEST_WITHOUT=kafka,rabbitmq,rocketmq,browser leaves parts out by name; the end says which.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$ROOT"

BEGAN=$SECONDS
TIMES=""

# step NAME ABOUT COMMAND…: says what comes and how long it may take on 2 cores, then does it.
step() {
    local name=$1 about=$2 began=$SECONDS
    shift 2
    printf '\n== %s (%s)\n' "$name" "$about"
    # A subshell of its own: inside a condition bash would run on after a failure.
    set +e
    (set -e; "$@")
    local status=$?
    set -e
    [ "$status" -eq 0 ] || { summary; fail "$name failed after $((SECONDS - began)) s"; }
    TIMES+=$(printf '   %-22s %4d s' "$name" $((SECONDS - began)))$'\n'
}

parts() {
    local known
    known=" kafka rabbitmq rocketmq browser "
    for part in $(printf '%s' "${WAYBILL_TEST_WITHOUT:-}" | tr ',' ' '); do
        case "$known" in *" $part "*) ;; *) fail "WAYBILL_TEST_WITHOUT knows$known, not $part" ;; esac
    done
    "$SETUP/packages.sh" test
    # Here rather than in the middle of the tests: a part that cannot be had is a failure with a reason.
    if ! without kafka; then
        "$SETUP/kafka.sh" >/dev/null
        "$SETUP/kafka.sh" tools >/dev/null
    fi
    without rabbitmq || "$SETUP/rabbitmq.sh" >/dev/null
    if ! without rocketmq; then
        "$SETUP/rocketmq.sh" >/dev/null
        "$SETUP/rocketmq.sh" clients >/dev/null
    fi
    without browser || "$SETUP/axe.sh" >/dev/null
}

# The console as the browser compiles it. A folder of its own: features must not meet the server's.
hydrate_lints() {
    CARGO_TARGET_DIR="$(target_dir)/hydrate" cargo clippy --locked -p waybill-web --no-default-features \
        --features hydrate -- -D warnings
}

# The programs too: tests start the server and the order system as a user would.
build() {
    cargo build --locked --workspace --bins
    cargo test --locked --workspace --no-run
}

tests() {
    local part skipped=()
    # Tests of a part that was left out; the demo wants all of them.
    for part in kafka rabbitmq rocketmq; do
        if without "$part"; then skipped+=(--skip "live::$part" --skip demo::); fi
    done
    cargo test --locked --workspace --no-fail-fast -- "${skipped[@]}" 2>&1 | tee "$TEST_LOG"
}

# Counts over all test programs of this run, minutes a step, and what was left out.
summary() {
    printf '\n%s' "$TIMES"
    [ -z "${WAYBILL_TEST_WITHOUT:-}" ] || say "left out by name: $WAYBILL_TEST_WITHOUT"
    [ ! -f "$TEST_LOG" ] || awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
        END { printf "tests: %d passed, %d failed, %d left for soak and fuzz\n", passed, failed, ignored }' "$TEST_LOG"
}

need_rust
TEST_LOG=$(target_dir)/waybill-test.log
rm -f "$TEST_LOG"
need_disk "$(target_dir)" 8 "make test"
step "parts" "3 minutes on a bare machine" parts
if ! without browser; then
    WAYBILL_CHROMIUM=$("$SETUP/browser.sh")
    export WAYBILL_CHROMIUM
fi
step "format" "seconds" cargo fmt --all --check
step "scripts and images" "seconds" "$SETUP/validate.sh"
step "bundle" "5 minutes from nothing" cargo xtask bundle
step "lints" "4 minutes from nothing" cargo clippy --locked --workspace --all-targets -- -D warnings
step "lints of the browser's side" "2 minutes from nothing" hydrate_lints
step "build of server and tests" "8 minutes from nothing" build
step "tests with brokers and browser" "up to 20 minutes" tests

summary
say "make test: passed in $(((SECONDS - BEGAN) / 60)) min $(((SECONDS - BEGAN) % 60)) s"
