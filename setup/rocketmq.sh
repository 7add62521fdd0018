#!/usr/bin/env bash
# rocketmq.sh [clients]: RocketMQ's jars from Maven Central, once for each version, in the cache
# folder; with `clients` those of the tests' own client program. Prints their folder. Needs java and
# mvn (packages.sh demo).
set -euo pipefail
. "$(dirname "$0")/say.sh"

case ${1-} in
    '') pom=$SETUP/rocketmq/pom.xml kind=rocketmq size=120 ;;
    clients) pom=$SETUP/rocketmq/clients/pom.xml kind=rocketmq-clients size=70 ;;
    *) fail "rocketmq.sh knows no $1" ;;
esac
version=$(sed -n 's/.*<rocketmq.version>\(.*\)<.*/\1/p' "$pom")
jars=$CACHE/$kind-$version-$(sha256sum <"$pom" | cut -c1-12)

if [ ! -f "$jars/complete" ]; then
    command -v mvn >/dev/null || fail "mvn is missing: run setup/packages.sh demo"
    need_disk "$CACHE" 1 "RocketMQ"
    say "setup: fetching RocketMQ $version from Maven Central, about $size MB, about 20 seconds" >&2
    mkdir -p "$CACHE"
    part=$(mktemp -d "$CACHE/rocketmq.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    mvn -q -B -f "$pom" dependency:copy-dependencies \
        -DincludeScope=runtime "-DoutputDirectory=$part" >"$CACHE/rocketmq.log" 2>&1 ||
        fail "Maven could not fetch RocketMQ; its words are in $CACHE/rocketmq.log"
    [ -f "$part/rocketmq-client-$version.jar" ] ||
        fail "Maven brought no rocketmq-client-$version.jar; see $CACHE/rocketmq.log"
    chmod 0755 "$part"
    touch "$part/complete"
    # Another run may have been quicker; both hold the same.
    mv -T "$part" "$jars" 2>/dev/null || [ -f "$jars/complete" ] || fail "cannot write $jars"
fi
printf '%s\n' "$jars"
