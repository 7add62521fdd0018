# Sourced by demo.sh: the order system, told where things are by the variables that any such system
# reads. It knows nothing of Waybill: an OTLP endpoint is all it is given.

shop() { "$ROOT/target/release/waybill-demo" "$@"; }

# Starts all services, two orders a second; sets SHOP_LISTEN.
start_shop() {
    local deadline
    free_port_near 8088
    export SHOP_LISTEN=127.0.0.1:$PORT
    printf '%s\n' "$SHOP_LISTEN" >"$DEMO/shop.listen"
    rm -f "$DEMO/shop.ready"
    : >"$LOG/shop.log"
    say "demo: starting the order system, two orders a second (log: $LOG/shop.log)"
    launch "$APPS" shop TERM "$LOG/shop.log" env "KAFKA_BOOTSTRAP=$KAFKA_BOOTSTRAP" "RABBITMQ_AMQP=$RABBITMQ_AMQP" \
        "DATABASE_URL=$SHOP_DATABASE_URL" "OTEL_EXPORTER_OTLP_ENDPOINT=$OTLP" \
        "$ROOT/target/release/waybill-demo" all --rate 2 --ready-file "$DEMO/shop.ready"
    deadline=$((SECONDS + READY_SECONDS))
    until [ -e "$DEMO/shop.ready" ]; do
        lives "$APPS" shop || fail "the order system ended while starting; its words are in $LOG/shop.log"
        [ "$SECONDS" -lt "$deadline" ] || fail "the order system was not ready within $READY_SECONDS s; its words are in $LOG/shop.log"
        sleep 0.2
    done
}

# place_order: prints the number of a new order.
place_order() { shop order place 2>>"$LOG/setup.log" | awk 'NF { id = $NF } END { print id }'; }

# fault_words: the command that breaks something, as a person would type it here.
fault_words() {
    local listen=""
    [ "$SHOP_LISTEN" = 127.0.0.1:8088 ] || listen="SHOP_LISTEN=$SHOP_LISTEN "
    printf '%s' "${listen}target/release/waybill-demo fault set payment declines --share 0.3"
}

# Places many orders at once, then asks Waybill for each that the shop acknowledged.
burst() {
    local folder=$DEMO/burst orders=${WAYBILL_BURST_ORDERS:-5000} wanted left deadline
    CONSOLE=$(cat "$DEMO/address")
    SHOP_LISTEN=$(cat "$DEMO/shop.listen")
    export SHOP_LISTEN
    rm -rf "$folder"
    mkdir -p "$folder/found"
    say "burst: placing $orders orders, 500 at a time"
    shop burst --orders "$orders" --ids-file "$folder/ids"
    wanted=$(grep -c . "$folder/ids" || true)
    [ "$wanted" -gt 0 ] || fail "the shop acknowledged no order"
    say "burst: $wanted acknowledged; asking Waybill for each of them (about a minute)"
    cp "$folder/ids" "$folder/left"
    deadline=$((SECONDS + READY_SECONDS))
    (umask 077; printf 'header = "Authorization: Bearer %s"\n' "$(cat "$DEMO/token")" >"$folder/words")
    while :; do
        {
            cat "$folder/words"
            awk -v at="$CONSOLE/api/v1/journeys?limit=1&attribute=order.id:" -v into="$folder/found/" \
                '{ printf "url = \"%s%s\"\noutput = \"%s%s\"\n", at, $1, into, $1 }' "$folder/left"
        } | curl -s --parallel --parallel-max 8 -m 600 -K - 2>/dev/null || true
        (cd "$folder/found" && grep -lEr '"items": ?\[ ?\{' . | cut -c3-) | sort >"$folder/have" || true
        sort "$folder/ids" | comm -23 - "$folder/have" >"$folder/left"
        left=$(wc -l <"$folder/left")
        say "burst: $((wanted - left)) of $wanted found"
        [ "$left" -gt 0 ] || break
        [ "$SECONDS" -lt "$deadline" ] || fail "$left acknowledged orders could not be found; their numbers are in $folder/left"
        sleep 2
    done
    rm -rf "$folder/found" "$folder/words"
    say "burst: every acknowledged order is found"
}
