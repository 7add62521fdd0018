#!/usr/bin/env bash
# The demo: real brokers, an order system as a user could have written it, and Waybill.
#
#   demo.sh run      build, start everything, print the address; Ctrl-C ends every child
#   demo.sh stop     end a demo whose terminal was lost
#   demo.sh clean    the same, and remove its state
#   demo.sh burst    5,000 concurrent orders through the running demo
#
# State, logs and passwords: .demo/ in the checkout.
set -euo pipefail
. "$(dirname "$0")/say.sh"
. "$SETUP/child.sh"
. "$SETUP/user.sh"
. "$SETUP/port.sh"

DEMO=$ROOT/.demo
APPS=$DEMO/apps
LOG=$DEMO/log
ALIVE=$DEMO/alive
READY_SECONDS=${WAYBILL_READY_SECONDS:-180}
. "$SETUP/demo/console.sh"
. "$SETUP/demo/shop.sh"
. "$SETUP/demo/points.sh"

# The demo's own process, by number and start time.
owner_lives() {
    local pid start
    [ -f "$DEMO/owner" ] && read -r pid start <"$DEMO/owner" && is_alive "$pid" "$start"
}

end_children() {
    trap '' INT TERM HUP
    # A database that is still being made: a background job hears no Ctrl-C.
    [ -z "${STARTER:-}" ] || { kill -TERM "$STARTER" 2>/dev/null || true; wait "$STARTER" 2>/dev/null || true; }
    say ""
    say "demo: ending the order system, Waybill and the brokers (up to half a minute)"
    release "$APPS"
    stop_children "$APPS"
    "$SETUP/brokers.sh" stop "$DEMO/brokers" &
    "$SETUP/postgres.sh" stop "$DEMO/shop" &
    wait
    rm -f "$DEMO/owner" "$ALIVE"
    say "demo: all ended; its state is kept in $DEMO (make demo-clean removes it)"
}

run() {
    ! owner_lives || fail "the demo already runs: $(cat "$DEMO/address" 2>/dev/null || echo starting). make demo-stop ends it"
    need_disk "$DEMO" 6 "the demo with its build"
    # Words of a server's configuration that this terminal may hold must not change the demo's.
    unset "${!WAYBILL_SERVER_@}" "${!WAYBILL_INGEST_@}" WAYBILL_CONFIG WAYBILL_DATA_DIR WAYBILL_DATABASE_URL WAYBILL_TOKEN "${!OTEL_@}"
    "$SETUP/build.sh" demo
    build_points
    mkdir -p "$APPS" "$LOG"
    chmod 0711 "$DEMO"
    printf '%s %s\n' "$$" "$(start_time "$$")" >"$DEMO/owner"
    rm -f "$DEMO/address" "$ALIVE"
    # Its end, however it comes, is what the watchdogs of all children wait for.
    mkfifo "$ALIVE"
    exec 8<>"$ALIVE"
    trap end_children EXIT
    trap 'exit 130' INT TERM HUP

    say "demo: starting the brokers and the shop's database (about 30 seconds)"
    "$SETUP/postgres.sh" start "$DEMO/shop" <"$ALIVE" 8>&- &
    STARTER=$!
    "$SETUP/brokers.sh" start "$DEMO/brokers" <"$ALIVE" 8>&-
    wait "$STARTER"
    STARTER=
    # shellcheck source=/dev/null
    . "$DEMO/brokers/brokers.env"
    # shellcheck source=/dev/null
    . "$DEMO/shop/shop.env"

    ! any_child "$APPS" || stop_children "$APPS"
    rm -f "$APPS/children" "$APPS/watchdog"
    bind_to_parent "$APPS" <"$ALIVE"
    start_console
    start_shop
    start_points
    local order
    say "demo: placing an order and waiting until Waybill finds it"
    order=$(find_an_order)
    printf '%s\n' "$CONSOLE" >"$DEMO/address"
    greet "$order"
    watch_children
}

# Returns only when a child ended by itself.
watch_children() {
    while lives "$APPS" waybill && lives "$APPS" shop && lives "$APPS" points && lives "$APPS" reminders; do sleep 1; done
    fail "a part of the demo ended by itself; the logs are in $LOG"
}

stop() {
    local pid start
    if owner_lives; then
        read -r pid start <"$DEMO/owner"
        kill -TERM "$pid"
        while is_alive "$pid" "$start"; do sleep 0.2; done
        say "demo: ended"
    elif any_child "$APPS" || any_child "$DEMO/brokers" || any_child "$DEMO/shop"; then
        end_children
    else
        say "demo: nothing runs"
    fi
}

clean() {
    stop
    forget_places "$DEMO/brokers"
    forget_places "$DEMO/shop"
    forget_places "$DEMO"
    say "demo: its state is removed"
}

case ${1:-} in
    run) run ;;
    stop) stop ;;
    clean) clean ;;
    burst)
        owner_lives && [ -f "$DEMO/address" ] || fail "the demo does not run: start it by make demo in another terminal"
        burst
        ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
