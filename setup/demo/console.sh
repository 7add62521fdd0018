# Sourced by demo.sh: Waybill itself, its first people, and what to tell the person.

waybill() { "$ROOT/target/release/waybill" "$@"; }

# Starts the server on its usual ports, or on free ones where those are taken; sets CONSOLE (its
# address) and OTLP (where spans go).
start_console() {
    local console grpc http data deadline
    free_port_near 8080; console=$PORT
    free_port_near 4317; grpc=$PORT
    free_port_near 4318; http=$PORT
    data=$(place_of "$DEMO" data "$(service_user postgres)")
    chmod 0711 "$data"
    (
        umask 077
        sed "s|@DATA@|$data|; s|@CONSOLE@|$console|g; s|@GRPC@|$grpc|; s|@HTTP@|$http|
             s|@KAFKA@|$KAFKA_BOOTSTRAP|; s|@AMQP@|$RABBITMQ_AMQP|; s|@MANAGEMENT@|$RABBITMQ_MANAGEMENT|; s|@NAMESRV@|$ROCKETMQ_NAMESRV|; s|@PROXY@|$ROCKETMQ_PROXY|" \
            "$SETUP/demo/waybill.toml" >"$DEMO/waybill.toml"
    )
    CONSOLE=http://127.0.0.1:$console
    OTLP=http://127.0.0.1:$grpc
    say "demo: starting Waybill (a few seconds; log: $LOG/waybill.log)"
    : >"$LOG/waybill.log"
    launch "$APPS" waybill TERM "$LOG/waybill.log" "$ROOT/target/release/waybill" serve --config "$DEMO/waybill.toml"
    deadline=$((SECONDS + READY_SECONDS))
    until curl -fsS -m 5 "$CONSOLE/readyz" >/dev/null 2>&1; do
        lives "$APPS" waybill || fail "Waybill ended while starting; its words are in $LOG/waybill.log"
        [ "$SECONDS" -lt "$deadline" ] || fail "Waybill was not ready within $READY_SECONDS s; its words are in $LOG/waybill.log"
        sleep 0.2
    done
    people
}

# One administrator, one who approves what needs two, one token for this script. Made at the first
# start, kept with the state.
people() {
    local name password
    [ ! -s "$DEMO/passwords" ] || return 0
    rm -f "$DEMO/passwords.part"
    for name in admin:admin approver:operator; do
        password=$(head -c 12 /dev/urandom | base64 | tr '+/' '-_')
        # A start that was interrupted here has made the user already: then the password is new.
        printf '%s\n' "$password" |
            waybill user add "${name%:*}" --role "${name#*:}" --password-stdin --config "$DEMO/waybill.toml" >>"$LOG/setup.log" 2>&1 ||
            printf '%s\n' "$password" |
            waybill user reset "${name%:*}" --password-stdin --config "$DEMO/waybill.toml" >>"$LOG/setup.log" 2>&1 ||
            fail "user ${name%:*} could not be made; the words are in $LOG/setup.log"
        (umask 077; printf '%s %s\n' "${name%:*}" "$password" >>"$DEMO/passwords.part")
    done
    (umask 077; waybill token create --name "make demo" --role viewer --user admin --config "$DEMO/waybill.toml" |
        grep -oE 'wb_[A-Za-z0-9_-]+' | head -n 1 >"$DEMO/token")
    [ -s "$DEMO/token" ] || fail "no token could be made; see $LOG/setup.log"
    mv "$DEMO/passwords.part" "$DEMO/passwords"
}

# ask PATH [CURL WORDS…]: the API's answer.
ask() {
    local path=$1
    shift
    # Not as a word of the command line: those are everybody's to read.
    printf 'header = "Authorization: Bearer %s"\n' "$(cat "$DEMO/token")" |
        curl -fsS -m 10 -K - "$@" "$CONSOLE/api/v1$path"
}

# find_an_order: waits until an order placed now is found by its number, and prints that number.
find_an_order() {
    local deadline=$((SECONDS + READY_SECONDS)) order
    order=$(place_order)
    [ -n "$order" ] || fail "the shop took no order; the words are in $LOG/setup.log and $LOG/shop.log"
    until ask /journeys -G --data-urlencode "attribute=order.id:$order" 2>/dev/null | grep -Eq '"items": ?\[ ?\{'; do
        { lives "$APPS" waybill && lives "$APPS" shop; } || fail "a part of the demo ended by itself; the logs are in $LOG"
        [ "$SECONDS" -lt "$deadline" ] || fail "order $order could not be found within $READY_SECONDS s; the logs are in $LOG"
        sleep 0.5
    done
    printf '%s\n' "$order"
}

# greet ORDER
greet() {
    local admin approver
    admin=$(awk '$1 == "admin" { print $2 }' "$DEMO/passwords")
    approver=$(awk '$1 == "approver" { print $2 }' "$DEMO/passwords")
    cat <<WORDS

  Waybill runs:   $CONSOLE
  Sign in as      admin / $admin
  who approves    approver / $approver
  OTLP goes to    $OTLP (gRPC), logs and state are in $DEMO

  Three things to try
  1. Follow order $1 from shop to delivery and to the customer's points, over three brokers:
       $CONSOLE/search?find=order.id%3D$1
  2. Let the bank decline, and watch retries, back-off and dead letters (in another terminal):
       $(fault_words)
  3. Place 5,000 orders at once, and find each of them (in another terminal):
       make demo-burst

  Ctrl-C ends everything.

WORDS
}
