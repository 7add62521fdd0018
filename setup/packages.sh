#!/usr/bin/env bash
# packages.sh build|demo|test: system packages for that purpose, those that are missing only.
#
# One `apt-get update` and one install; nothing at all when nothing is missing. No service is
# started, no running one is touched. What another source already brought (a java, a Chromium named
# in WAYBILL_CHROMIUM, a Postgres on PATH) counts as there.
# WAYBILL_TEST_WITHOUT=kafka,rabbitmq,rocketmq,browser leaves out what those parts need.
set -euo pipefail
. "$(dirname "$0")/say.sh"

POLICY=/usr/sbin/policy-rc.d
CLUSTER_SWITCH=/etc/postgresql-common/createcluster.d/waybill-setup.conf

purpose=${1:-}
case $purpose in build | demo | test) ;; *) say "usage: $0 build|demo|test" >&2; exit 2 ;; esac
need_rust

has() { command -v "$1" >/dev/null 2>&1; }

has_java() {
    has java && java -version 2>&1 | awk -F'[".]' 'NR == 1 { ok = $2 >= 17 } END { exit !ok }'
}

# A server of 14 or newer: on PATH, where Debian keeps them, or in a configured folder.
has_postgres() {
    local folder
    for folder in "${WAYBILL_DATABASE_BIN_DIR:-}" "$(dirname "$(command -v postgres || echo /nowhere/postgres)")" /usr/lib/postgresql/*/bin; do
        [ -x "$folder/initdb" ] || continue
        [ "$("$folder/postgres" --version | grep -oE '[0-9]+' | head -n 1)" -lt 14 ] || return 0
    done
    return 1
}

has_header() { printf '#include <%s>\n' "$1" | cc -E -x c - >/dev/null 2>&1; }

# The package is what counts for fonts; another system's are as good when fontconfig knows them.
has_font() { dpkg -s "$2" >/dev/null 2>&1 || { has fc-list && [ -n "$(fc-list "$1")" ]; }; }

# missing: prints the packages of this purpose that are not there.
missing() {
    { has cc && has c++ && has make; } || echo build-essential
    has pkg-config || echo pkg-config
    has perl || echo perl
    { has cc && has_header openssl/ssl.h; } || echo libssl-dev
    { has cc && has_header zlib.h; } || echo zlib1g-dev
    "$SETUP/wasm.sh" before-update
    [ "$purpose" != build ] || return 0
    has_postgres || echo postgresql
    [ "$purpose" != run ] || return 0
    has curl || echo curl
    if ! without kafka || ! without rocketmq; then
        { has_java && has javac; } || echo openjdk-17-jdk-headless
        has mvn || echo maven
    fi
    without rabbitmq || "$SETUP/rabbitmq.sh" >/dev/null 2>&1 || echo rabbitmq-server
    [ "$purpose" = test ] || return 0
    # Certificates of the brokers that tests start.
    without kafka || has openssl || echo openssl
    if ! without browser; then
        "$SETUP/browser.sh" >/dev/null 2>&1 || echo chromium
        has_font "Liberation Sans" fonts-liberation || echo fonts-liberation
        has_font "Noto Sans CJK SC" fonts-noto-cjk || echo fonts-noto-cjk
    fi
}

# As root, or through sudo: without asking where that is allowed, with its question on a terminal.
choose_root() {
    if [ "$(id -u)" -eq 0 ]; then
        ROOT_WORDS=()
    elif has sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        ROOT_WORDS=(sudo)
    else
        fail "these system packages are missing, and this user may not install them. As root:
  apt-get update && apt-get install -y --no-install-recommends $*"
    fi
}

# Debian starts what it installs, unless this file says no (101). One that says so already stays;
# another one is set aside and put back, also after an interrupted run.
hold_services() {
    restore_services
    if [ -x "$POLICY" ]; then
        local answer=0
        "$POLICY" rabbitmq-server start >/dev/null 2>&1 || answer=$?
        [ "$answer" -ne 101 ] || return 0
        as_root mv "$POLICY" "$POLICY.before-waybill"
    fi
    trap restore_services EXIT
    printf '#!/bin/sh\n# waybill setup, for the time of one install\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 0755 "$POLICY"
    as_root mkdir -p "$(dirname "$CLUSTER_SWITCH")"
    printf 'create_main_cluster = false\n' | as_root tee "$CLUSTER_SWITCH" >/dev/null
}

restore_services() {
    if grep -qs 'waybill setup' "$POLICY"; then as_root rm -f "$POLICY"; fi
    if [ -e "$POLICY.before-waybill" ]; then as_root mv "$POLICY.before-waybill" "$POLICY"; fi
    as_root rm -f "$CLUSTER_SWITCH"
}

as_root() { "${ROOT_WORDS[@]}" "$@"; }

wanted=$(missing)
if [ -z "$wanted" ]; then
    say "setup: no system package is missing for: $purpose"
    exit 0
fi
# One a line becomes one a word.
wanted=$(printf '%s ' $wanted)
has apt-get || fail "these Debian packages (or what they hold) are missing, and there is no apt-get here: $wanted"
choose_root "$wanted"
need_disk /usr 2 "the packages $wanted"
say "setup: installing $wanted(about a minute; the longest are the compiler for wasm and the browser)"
hold_services
log=$(mktemp)
apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 "$@" >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        fail "apt-get $1 failed; all it said is in $log"
    }
}
apt update
case " $wanted" in *" rustc-web "*) [ -n "$("$SETUP/wasm.sh")" ] ;; esac
# shellcheck disable=SC2086 # words
apt install -y --no-install-recommends $wanted
rm -f "$log"
left=$(missing)
[ -z "$left" ] || fail "still missing after the install: $(printf '%s ' $left)"
say "setup: packages installed"
