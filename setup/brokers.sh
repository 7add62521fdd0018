#!/usr/bin/env bash
# Real brokers on free ports of loopback, without a container engine.
#
#   brokers.sh start DIR [NAME…]   start those of kafka, rabbitmq, rocketmq that are named (all when
#                                  none is), wait until they answer
#   brokers.sh run DIR [NAME…]     the same, and stay until they end
#   brokers.sh stop DIR            end them
#   brokers.sh status DIR          say what runs; exit 1 when something does not
#
# `start` writes DIR/brokers.env (KAFKA_BOOTSTRAP, RABBITMQ_AMQP, RABBITMQ_MANAGEMENT,
# RABBITMQ_PROMETHEUS, RABBITMQ_CTL, RABBITMQ_USER, RABBITMQ_PASSWORD, ROCKETMQ_NAMESRV,
# ROCKETMQ_BROKER, ROCKETMQ_PROXY, ROCKETMQ_PROXY_GRPC, pids, logs). With a pipe as standard input the
# brokers live as long as its other end: they die with the process that holds it, also after kill -9.
# Otherwise they live until `stop`.
set -euo pipefail
. "$(dirname "$0")/say.sh"
. "$SETUP/child.sh"
. "$SETUP/user.sh"
. "$SETUP/port.sh"
. "$SETUP/brokers/kafka.sh"
. "$SETUP/brokers/rabbitmq.sh"
. "$SETUP/brokers/rocketmq.sh"

# A busy machine was 14 times slower than an idle one.
READY_SECONDS=${WAYBILL_READY_SECONDS:-180}

usage() { sed -n '2,15s/^# \{0,1\}//p' "$0"; }

start() {
    local part deadline began=$SECONDS
    if any_child "$STATE"; then
        if [ ! -f "$STATE/brokers.env" ] || { [ -f "$STATE/watchdog" ] && ! has_owner "$STATE"; }; then
            say "brokers: ending what an earlier run left in $STATE"
            stop_children "$STATE"
        elif [ -p /dev/stdin ] || has_owner "$STATE"; then
            fail "the brokers of $STATE run and belong to somebody: choose another folder, or end them by $0 stop $STATE"
        else
            say "brokers: already running, see $STATE/brokers.env"
            return
        fi
    fi
    need_disk "$STATE" 1 "a start of the brokers"
    mkdir -p "$STATE/log"
    chmod 0711 "$STATE"
    rm -f "$STATE/children" "$STATE/brokers.env" "$STATE/watchdog"
    trap 'stop_children "$STATE"; release "$STATE"' EXIT
    trap 'exit 130' INT TERM
    bind_to_parent "$STATE"

    for part in "$@"; do "start_$part"; done
    deadline=$((SECONDS + READY_SECONDS))
    for part in "$@"; do
        until "ready_$part"; do
            if ! lives "$STATE" "$part"; then
                # A port that was free when chosen may be taken by now: choose again, a few times.
                if "clashed_$part" && [ "$SECONDS" -lt "$deadline" ]; then
                    "start_$part"
                else
                    fail "$part ended while starting; its words are in $(log_of "$part")"
                fi
            fi
            [ "$SECONDS" -lt "$deadline" ] || fail "$part did not answer within $READY_SECONDS s; its words are in $(log_of "$part")"
            [ ! -f "$STATE/watchdog" ] || has_owner "$STATE" || fail "the parent ended meanwhile"
            sleep 0.2
        done
    done
    for part in "$@"; do "env_$part"; done >"$STATE/brokers.env.part"
    mv "$STATE/brokers.env.part" "$STATE/brokers.env"
    trap - EXIT INT TERM
    say "brokers: $* ready after $((SECONDS - began)) s; addresses in $STATE/brokers.env, logs in $STATE/log"
}

run() {
    start "$@"
    trap stop EXIT
    trap 'exit 130' INT TERM
    while any_child "$STATE"; do sleep 0.5; done
}

log_of() { printf '%s\n' "$STATE/log/$1.log"; }

pid_of() { awk -v name="$1" '$1 == name { pid = $2 } END { print pid }' "$STATE/children"; }

stop() {
    release "$STATE"
    stop_children "$STATE"
    rm -f "$STATE/brokers.env"
}

status() {
    local name pid start signal down=0
    [ -f "$STATE/children" ] || { say "nothing was started in $STATE"; return 1; }
    while read -r name pid start signal; do
        if is_alive "$pid" "$start"; then
            say "$name runs (pid $pid)"
        else
            say "$name is gone (was pid $pid)"
            down=1
        fi
    done <"$STATE/children"
    return $down
}

[ $# -ge 2 ] || { usage >&2; exit 2; }
verb=$1
case $verb in start | run) mkdir -p "$2" ;; esac
STATE=$(realpath -m "$2")
shift 2
[ $# -gt 0 ] || set -- kafka rabbitmq rocketmq
for part in "$@"; do
    case $part in kafka | rabbitmq | rocketmq) ;; *) usage >&2; exit 2 ;; esac
done
case $verb in
    start) start "$@" ;;
    run) run "$@" ;;
    stop) stop ;;
    status) status ;;
    *) usage >&2; exit 2 ;;
esac
