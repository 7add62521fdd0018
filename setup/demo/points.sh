# Sourced by demo.sh: the payment points, a Java program over RocketMQ. As the shop, it knows nothing of
# Waybill; the agent of OpenTelemetry is told where spans go.

# build_points: sets POINTS_PATH (class path) and POINTS_AGENT.
build_points() {
    local words
    words=$("$SETUP/points.sh")
    words=$(printf '%s' "$words" | tr '\n' ' ')
    read -r POINTS_PATH POINTS_JARS POINTS_AGENT <<<"$words"
    POINTS_PATH="$POINTS_PATH:$POINTS_JARS/*"
}

# Starts both services. The second has no OpenTelemetry; RocketMQ's own message trace is on there.
start_points() {
    local service deadline
    say "demo: starting the payment points (about 10 seconds; log: $LOG/points.log)"
    export ROCKETMQ_NAMESRV KAFKA_BOOTSTRAP SHOP_URL=http://$SHOP_LISTEN
    launch_points reminders
    launch_points points "-javaagent:$POINTS_AGENT"
    deadline=$((SECONDS + READY_SECONDS))
    for service in points reminders; do
        until [ -e "$DEMO/$service.ready" ]; do
            lives "$APPS" "$service" || fail "$service ended while starting; its words are in $LOG/$service.log"
            [ "$SECONDS" -lt "$deadline" ] || fail "$service was not ready within $READY_SECONDS s; its words are in $LOG/$service.log"
            sleep 0.2
        done
    done
}

# launch_points SERVICE JAVA-WORDS…
launch_points() {
    local service=$1
    shift
    rm -f "$DEMO/$service.ready"
    : >"$LOG/$service.log"
    mkdir -p "$DEMO/$service"
    # Of HTTP it asks for the shop's faults alone: no spans of those.
    launch "$APPS" "$service" TERM "$LOG/$service.log" env "READY_FILE=$DEMO/$service.ready" \
        OTEL_SERVICE_NAME="$service" OTEL_EXPORTER_OTLP_ENDPOINT="$OTLP" OTEL_EXPORTER_OTLP_PROTOCOL=grpc \
        OTEL_SEMCONV_STABILITY_OPT_IN=messaging OTEL_INSTRUMENTATION_JAVA_HTTP_CLIENT_ENABLED=false \
        java "$@" -Xmx128m -Xss256k -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "-Duser.home=$DEMO/$service" \
        -cp "$POINTS_PATH" Main "$service"
}
