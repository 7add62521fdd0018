#!/usr/bin/env bash
# rabbitmq.sh: prints the folder of the installed RabbitMQ's own programs; its service is not used.
# The wrappers in /usr/sbin insist on a user and a home of theirs, so we call what they call.
set -euo pipefail
. "$(dirname "$0")/say.sh"

for folder in "${WAYBILL_RABBITMQ_BIN:-}" /usr/lib/rabbitmq/bin; do
    if [ -n "$folder" ] && [ -x "$folder/rabbitmq-server" ]; then
        command -v epmd >/dev/null || fail "epmd is missing: it comes with Erlang (package erlang-base)"
        printf '%s\n' "$folder"
        exit 0
    fi
done
fail "RabbitMQ is missing: run setup/packages.sh demo, or name the folder of rabbitmq-server in WAYBILL_RABBITMQ_BIN"
