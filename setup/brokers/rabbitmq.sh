# Sourced by brokers.sh: one node with a home, a cookie, ports and an epmd of its own.

start_rabbitmq() {
    local user home programs dist epmd cli
    programs=$("$SETUP/rabbitmq.sh")
    user=$(service_user rabbitmq)
    home=$(home_of "$STATE" rabbitmq "$user")
    become "$user"
    free_port; RABBITMQ_PORT=$PORT
    free_port; MANAGEMENT_PORT=$PORT
    free_port; PROMETHEUS_PORT=$PORT
    free_port; dist=$PORT
    free_port; epmd=$PORT
    free_port; cli=$PORT
    sed "s|@AMQP@|$RABBITMQ_PORT|; s|@MANAGEMENT@|$MANAGEMENT_PORT|; s|@PROMETHEUS@|$PROMETHEUS_PORT|" \
        "$SETUP/rabbitmq/rabbitmq.conf" >"$home/node.conf"
    cp "$SETUP/rabbitmq/enabled_plugins" "$home/enabled_plugins"
    if [ ! -s "$home/.erlang.cookie" ]; then
        head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$home/.erlang.cookie"
        chmod 0400 "$home/.erlang.cookie"
    fi
    [ -z "$user" ] || chown "$user:" "$home/.erlang.cookie" "$home/node.conf" "$home/enabled_plugins"
    chmod 0644 "$home/node.conf" "$home/enabled_plugins"
    write_rabbitmqctl
    # The folder must be readable by the user: Erlang searches it for code.
    (
        cd "$home" || exit
        : >"$(log_of rabbitmq)"
        export HOME=$home LANG=C.UTF-8
        export ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$epmd
        # Ours, in the foreground: one that Erlang starts by itself would outlive the node.
        # It ignores SIGTERM.
        launch "$STATE" epmd KILL "$(log_of rabbitmq)" "${BECOME[@]}" epmd -address 127.0.0.1 -port "$epmd"
        until epmd -port "$epmd" -names >/dev/null 2>&1 || ! lives "$STATE" epmd; do sleep 0.05; done
        export RABBITMQ_NODENAME=waybill@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
        export RABBITMQ_NODE_PORT=$RABBITMQ_PORT RABBITMQ_DIST_PORT=$dist
        export RABBITMQ_CTL_DIST_PORT_MIN=$cli RABBITMQ_CTL_DIST_PORT_MAX=$cli
        export RABBITMQ_MNESIA_BASE=$home/mnesia RABBITMQ_LOG_BASE=$home/log
        export RABBITMQ_CONFIG_FILE=$home/node.conf RABBITMQ_ENABLED_PLUGINS_FILE=$home/enabled_plugins
        export RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_PID_FILE=$home/pid
        export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
        launch "$STATE" rabbitmq TERM "$(log_of rabbitmq)" "${BECOME[@]}" "$programs/rabbitmq-server"
    )
}

# The node's own tool, for whoever compares figures with it. One at a time: it has one port.
write_rabbitmqctl() {
    {
        printf '#!/usr/bin/env bash\n# Made by brokers.sh for this node.\nset -euo pipefail\n'
        printf 'cd %q\nexport HOME=%q LANG=C.UTF-8 RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_NODENAME=waybill@localhost\n' "$home" "$home"
        printf 'export ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=%s\n' "$epmd"
        printf 'export RABBITMQ_CTL_DIST_PORT_MIN=%s RABBITMQ_CTL_DIST_PORT_MAX=%s\n' "$cli" "$cli"
        printf 'exec flock %q' "$STATE/rabbitmqctl"
        [ "${#BECOME[@]}" -eq 0 ] || printf ' %q' "${BECOME[@]}"
        printf ' %q "$@"\n' "$programs/rabbitmqctl"
    } >"$STATE/rabbitmqctl"
    chmod 0755 "$STATE/rabbitmqctl"
}

ready_rabbitmq() {
    curl -fsS -m 5 -u guest:guest "http://127.0.0.1:$MANAGEMENT_PORT/api/overview" >/dev/null 2>&1
}

clashed_rabbitmq() {
    grep -rqiE 'eaddrinuse|address already in use' "$(log_of rabbitmq)" "$STATE/rabbitmq/log" 2>/dev/null
}

env_rabbitmq() {
    printf 'RABBITMQ_AMQP=amqp://guest:guest@127.0.0.1:%s/%%2f\n' "$RABBITMQ_PORT"
    printf 'RABBITMQ_MANAGEMENT=http://127.0.0.1:%s\n' "$MANAGEMENT_PORT"
    printf 'RABBITMQ_PROMETHEUS=http://127.0.0.1:%s\nRABBITMQ_CTL=%s\n' "$PROMETHEUS_PORT" "$STATE/rabbitmqctl"
    printf 'RABBITMQ_USER=guest\nRABBITMQ_PASSWORD=guest\n'
    printf 'RABBITMQ_PID=%s\nEPMD_PID=%s\nRABBITMQ_LOG=%s\n' \
        "$(pid_of rabbitmq)" "$(pid_of epmd)" "$(log_of rabbitmq)"
}
