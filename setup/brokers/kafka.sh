# Sourced by brokers.sh: one combined KRaft node, plain java.

start_kafka() {
    local user home jars java
    jars=$("$SETUP/kafka.sh")
    user=$(service_user nobody)
    home=$(home_of "$STATE" kafka "$user")
    become "$user"
    jars=$(readable_jars "$jars" "$home")
    free_port
    KAFKA_PORT=$PORT
    free_port
    sed "s|@PORT@|$KAFKA_PORT|g; s|@CONTROLLER@|$PORT|g; s|@HOME@|$home|g" \
        "$SETUP/kafka/server.properties" >"$home/server.properties"
    cp "$SETUP/kafka/log4j2.properties" "$home/log4j2.properties"
    [ -s "$home/cluster-id" ] ||
        head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | cut -c1-21 | sed 's/$/A/' >"$home/cluster-id"
    chmod 0644 "$home/server.properties" "$home/log4j2.properties" "$home/cluster-id"
    java=(java -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
        "-Dlog4j2.configurationFile=$home/log4j2.properties" -cp "$jars/*")
    # One child formats and then becomes the broker, so that a watchdog finds either.
    (
        cd "$home" || exit
        : >"$(log_of kafka)"
        launch "$STATE" kafka TERM "$(log_of kafka)" "${BECOME[@]}" bash -c '
            config=$1; id=$2; shift 2
            "$@" kafka.tools.StorageTool format --ignore-formatted -t "$id" -c "$config" && exec "$@" kafka.Kafka "$config"
        ' kafka "$home/server.properties" "$(cat "$home/cluster-id")" "${java[@]}"
    )
}

# Asks for the metadata of no topic (version 4) and wants at least one broker in the answer:
# a broker that has not joined its controller yet answers, but lists none.
ready_kafka() {
    local answer
    answer=$(
        exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$KAFKA_PORT" || exit 0
        printf '\0\0\0\017\0\003\0\004\0\0\0\001\377\377\0\0\0\0\0' >&3
        timeout 5 head -c 16 <&3 | od -An -tu1 | tr -s ' \n' ' '
    ) || return 1
    # size, correlation, throttle, number of brokers: four bytes each.
    set -- $answer
    [ $# -eq 16 ] && [ "${16}" -ge 1 ]
}

clashed_kafka() { grep -qiE 'Address already in use|BindException' "$(log_of kafka)"; }

env_kafka() {
    printf 'KAFKA_BOOTSTRAP=127.0.0.1:%s\nKAFKA_PID=%s\nKAFKA_LOG=%s\n' \
        "$KAFKA_PORT" "$(pid_of kafka)" "$(log_of kafka)"
}
