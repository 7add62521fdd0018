# Sourced by brokers.sh: a name server, one broker and a proxy, plain java. The broker is the part
# that is watched while starting; the proxy starts when the broker is known to the name server.

start_rocketmq() {
    local user home store
    # What an earlier try left.
    stop_named "$STATE" rocketmq-proxy
    stop_named "$STATE" rocketmq-namesrv
    ROCKETMQ_STEP=broker
    user=$(service_user nobody)
    home=$(home_of "$STATE" rocketmq "$user")
    become "$user"
    ROCKETMQ_HOME=$home
    ROCKETMQ_JARS=$("$SETUP/rocketmq.sh")
    ROCKETMQ_JARS=$(readable_jars "$ROCKETMQ_JARS" "$home")
    store=$(rocketmq_store "$home" "$user")
    free_port; NAMESRV_PORT=$PORT
    free_broker_port; ROCKETMQ_PORT=$PORT
    free_port; PROXY_PORT=$PORT
    free_port; PROXY_GRPC_PORT=$PORT
    sed "s|@PORT@|$NAMESRV_PORT|; s|@HOME@|$home|" "$SETUP/rocketmq/namesrv.conf" >"$home/namesrv.conf"
    {
        sed "s|@CLUSTER@|waybill|; s|@NAME@|broker-a|; s|@NAMESRV@|127.0.0.1:$NAMESRV_PORT|
             s|@PORT@|$ROCKETMQ_PORT|; s|@STORE@|$store|" "$SETUP/rocketmq/broker.conf"
        printf 'brokerId=0\nbrokerRole=ASYNC_MASTER\n'
    } >"$home/broker.conf"
    printf '{"rocketMQClusterName":"waybill","namesrvAddr":"127.0.0.1:%s","grpcServerPort":%s,"remotingListenPort":%s}\n' \
        "$NAMESRV_PORT" "$PROXY_GRPC_PORT" "$PROXY_PORT" >"$home/proxy.json"
    chmod 0644 "$home/namesrv.conf" "$home/broker.conf" "$home/proxy.json"
    # Only the broker holds what is worth an orderly end; it and the proxy take ten seconds for theirs.
    launch_rocketmq rocketmq-namesrv KILL -Xmx32m org.apache.rocketmq.namesrv.NamesrvStartup -c "$home/namesrv.conf"
    launch_rocketmq rocketmq TERM "-Xmx160m -XX:MaxDirectMemorySize=96m" \
        org.apache.rocketmq.broker.BrokerStartup -c "$home/broker.conf"
}

# launch_rocketmq NAME SIGNAL MEMORY CLASS WORDS…: user.home is where it logs; a folder each.
launch_rocketmq() {
    local name=$1 signal=$2 memory=$3
    shift 3
    (
        cd "$ROCKETMQ_HOME" || exit
        : >"$(log_of "$name")"
        # shellcheck disable=SC2086 # words
        launch "$STATE" "$name" "$signal" "$(log_of "$name")" "${BECOME[@]}" java $memory -XX:+UseSerialGC \
            -XX:TieredStopAtLevel=1 -Xss256k "-Drocketmq.home.dir=$ROCKETMQ_HOME" \
            "-Duser.home=$ROCKETMQ_HOME/$name" -cp "$ROCKETMQ_JARS/*" "$@"
    )
}

# free_broker_port: a free port whose neighbours (two below, one above) are free too.
free_broker_port() {
    free_port
    while port_taken $((PORT - 2)) || port_taken $((PORT + 1)); do free_port; done
    GIVEN="$GIVEN$((PORT - 2)) $((PORT + 1)) "
}

# rocketmq_store HOME USER: where messages lie. A broker refuses every send a minute after the file
# system that holds them is 90 % full, and no setting raises that: then it is a folder in memory.
rocketmq_store() {
    local store=$1/store used
    used=$(df -P "$1" | awk 'NR == 2 { print int($5) }')
    if [ "$used" -gt 88 ]; then
        [ -d /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print int($4 / 1024) }')" -ge 200 ] ||
            fail "the file system of $1 is $used % full and /dev/shm has no 200 MB: RocketMQ refuses messages from 90 % on"
        store=/dev/shm/waybill-$(printf '%s' "$STATE" | sha256sum | cut -c1-12)
        printf '%s\n' "$store" >"$STATE/scratch"
        say "brokers: $used % of the disk is used, so RocketMQ keeps its messages in memory below $store" >&2
    fi
    mkdir -p "$store"
    [ -z "$2" ] || chown "$2:$(id -g "$2")" "$store"
    printf '%s\n' "$store"
}

# The name server lists the broker, and the proxy answers.
ready_rocketmq() {
    # Of the three, brokers.sh watches the broker: without another it is ended, and all start again.
    if ! lives "$STATE" rocketmq-namesrv || { [ "$ROCKETMQ_STEP" = proxy ] && ! lives "$STATE" rocketmq-proxy; }; then
        stop_named "$STATE" rocketmq
        return 1
    fi
    if [ "$ROCKETMQ_STEP" = broker ]; then
        rocketmq_listed || return 1
        launch_rocketmq rocketmq-proxy KILL "-Xmx128m -XX:MaxDirectMemorySize=64m" \
            org.apache.rocketmq.proxy.ProxyStartup -pm cluster -pc "$ROCKETMQ_HOME/proxy.json"
        ROCKETMQ_STEP=proxy
    fi
    grep -q 'startup successfully' "$(log_of rocketmq-proxy)"
}

# Asks the name server for its cluster (code 106). A frame is its length, the length of its header,
# the header, the body.
rocketmq_listed() {
    local header='{"code":106,"flag":0,"language":"OTHER","opaque":1,"version":475,"extFields":{}}'
    (
        exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$NAMESRV_PORT" || exit 1
        printf "$(printf '\\0\\0\\0\\x%02x\\0\\0\\0\\x%02x' $((${#header} + 4)) ${#header})%s" "$header" >&3
        length=$(timeout 5 head -c 4 <&3 | od -An -tu1 | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }')
        timeout 5 head -c "$length" <&3 | grep -aq "127.0.0.1:$ROCKETMQ_PORT"
    )
}

clashed_rocketmq() {
    grep -qiE 'Address already in use|BindException' "$(log_of rocketmq)" "$(log_of rocketmq-namesrv)" "$(log_of rocketmq-proxy)" 2>/dev/null
}

env_rocketmq() {
    printf 'ROCKETMQ_NAMESRV=127.0.0.1:%s\nROCKETMQ_BROKER=127.0.0.1:%s\n' "$NAMESRV_PORT" "$ROCKETMQ_PORT"
    printf 'ROCKETMQ_PROXY=127.0.0.1:%s\nROCKETMQ_PROXY_GRPC=127.0.0.1:%s\n' "$PROXY_PORT" "$PROXY_GRPC_PORT"
    printf 'ROCKETMQ_NAMESRV_PID=%s\nROCKETMQ_PID=%s\nROCKETMQ_PROXY_PID=%s\nROCKETMQ_LOG=%s\n' \
        "$(pid_of rocketmq-namesrv)" "$(pid_of rocketmq)" "$(pid_of rocketmq-proxy)" "$(log_of rocketmq)"
}
