# Sourced. Free ports of loopback.

# port_taken PORT: whether anything has this local port, listening or not, on any address.
port_taken() {
    local hex
    hex=$(printf '%04X' "$1")
    awk -v port=":$hex" '$2 ~ port "$" { found = 1 } END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# free_port: sets PORT to a free one. Below the range that the kernel gives to outgoing
# connections, so that one chosen now is still free when its server starts.
GIVEN=" "
free_port() {
    while :; do
        PORT=$((20000 + (RANDOM * 32768 + RANDOM) % 10000))
        case "$GIVEN" in *" $PORT "*) continue ;; esac
        if ! port_taken "$PORT"; then
            GIVEN="$GIVEN$PORT "
            return
        fi
    done
}

# free_port_near PORT: sets PORT to this one, or to a free one when it is taken.
free_port_near() {
    if port_taken "$1"; then free_port; else PORT=$1; fi
}
