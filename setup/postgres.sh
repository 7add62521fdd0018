#!/usr/bin/env bash
# A Postgres on a free port of loopback for the demo's shop: a database such as any user has,
# apart from Waybill's own.
#
#   postgres.sh start DIR    start, wait until it answers; writes DIR/shop.env (SHOP_DATABASE_URL)
#   postgres.sh stop DIR
#
# With a pipe as standard input it lives as long as the pipe's other end (as brokers.sh).
set -euo pipefail
. "$(dirname "$0")/say.sh"
. "$SETUP/child.sh"
. "$SETUP/user.sh"
. "$SETUP/port.sh"

READY_SECONDS=${WAYBILL_READY_SECONDS:-120}

# The newest server that is installed.
programs() {
    local folder newest=
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V); do
        [ ! -x "$folder/initdb" ] || newest=$folder
    done
    for folder in "${WAYBILL_DATABASE_BIN_DIR:-}" "$newest" "$(dirname "$(command -v postgres || echo /nowhere/postgres)")"; do
        if [ -n "$folder" ] && [ -x "$folder/initdb" ]; then
            printf '%s\n' "$folder"
            return
        fi
    done
    fail "no Postgres server: run setup/packages.sh demo, or name a folder of its programs in WAYBILL_DATABASE_BIN_DIR"
}

start() {
    local bin user home password deadline
    if any_child "$STATE"; then
        ! has_owner "$STATE" || fail "the database of $STATE runs and belongs to somebody: end it by $0 stop $STATE"
        stop_children "$STATE"
    fi
    bin=$(programs)
    mkdir -p "$STATE/log"
    chmod 0711 "$STATE"
    rm -f "$STATE/children" "$STATE/shop.env" "$STATE/watchdog"
    trap 'stop_children "$STATE"; release "$STATE"' EXIT
    trap 'exit 130' INT TERM
    bind_to_parent "$STATE"
    user=$(service_user postgres)
    home=$(home_of "$STATE" postgres "$user")
    become "$user"
    cd "$home"
    if [ ! -s "$STATE/shop.password" ]; then
        (umask 077; head -c 18 /dev/urandom | base64 | tr '+/' '-_' >"$STATE/shop.password")
    fi
    password=$(cat "$STATE/shop.password")
    if [ ! -f "$home/data/PG_VERSION" ]; then
        (umask 077; printf '%s\n' "$password" >"$home/password")
        [ -z "$user" ] || chown "$user:" "$home/password"
        "${BECOME[@]}" "$bin/initdb" -D "$home/data" -U shop --auth=scram-sha-256 --pwfile="$home/password" \
            -E UTF8 --locale=C.UTF-8 >"$STATE/log/initdb.log" 2>&1 ||
            fail "initdb failed; its words are in $STATE/log/initdb.log"
        rm -f "$home/password"
    fi
    free_port
    launch "$STATE" postgres INT "$STATE/log/postgres.log" "${BECOME[@]}" "$bin/postgres" -D "$home/data" \
        -c listen_addresses=127.0.0.1 -c "port=$PORT" -c "unix_socket_directories=" -c shared_buffers=64MB
    deadline=$((SECONDS + READY_SECONDS))
    export PGPASSWORD=$password PGHOST=127.0.0.1 PGPORT=$PORT PGUSER=shop
    until "$bin/psql" -qAt -d postgres -c 'select 1' >/dev/null 2>&1; do
        lives "$STATE" postgres || fail "Postgres ended while starting; its words are in $STATE/log/postgres.log"
        [ "$SECONDS" -lt "$deadline" ] || fail "Postgres did not answer within $READY_SECONDS s; see $STATE/log/postgres.log"
        sleep 0.1
    done
    [ "$("$bin/psql" -qAt -d postgres -c "select 1 from pg_database where datname = 'shop'")" = 1 ] ||
        "$bin/psql" -qAt -d postgres -c 'create database shop'
    (umask 077; printf 'SHOP_DATABASE_URL=postgres://shop:%s@127.0.0.1:%s/shop\n' "$password" "$PORT" >"$STATE/shop.env")
    trap - EXIT INT TERM
    say "postgres: ready; the shop's address is in $STATE/shop.env, its log is $STATE/log/postgres.log"
}

[ $# -eq 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ "$1" != start ] || mkdir -p "$2"
STATE=$(realpath -m "$2")
case $1 in
    start) start ;;
    stop)
        release "$STATE"
        stop_children "$STATE"
        rm -f "$STATE/shop.env"
        ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
