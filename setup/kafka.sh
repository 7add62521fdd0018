#!/usr/bin/env bash
# kafka.sh [tools]: Kafka's jars from Maven Central, once for each version, in the cache folder; with
# `tools` those of its command-line classes too, for tests. Prints their folder. Needs java and mvn
# (packages.sh demo).
set -euo pipefail
. "$(dirname "$0")/say.sh"

case ${1-} in
    '') pom=$SETUP/kafka/pom.xml kind=kafka ;;
    tools) pom=$SETUP/kafka/tools/pom.xml kind=kafka-tools ;;
    *) fail "kafka.sh knows no $1" ;;
esac
version=$(sed -n '/<artifactId>kafka_2.13</{n;s/.*<version>\(.*\)<.*/\1/p;}' "$pom")
jars=$CACHE/$kind-$version-$(sha256sum <"$pom" | cut -c1-12)

if [ ! -f "$jars/complete" ]; then
    command -v mvn >/dev/null || fail "mvn is missing: run setup/packages.sh demo"
    need_disk "$CACHE" 1 "Kafka"
    say "setup: fetching Kafka $version from Maven Central, about 50 MB, about 10 seconds" >&2
    mkdir -p "$CACHE"
    part=$(mktemp -d "$CACHE/kafka.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    mvn -q -B -f "$pom" dependency:copy-dependencies \
        -DincludeScope=runtime "-DoutputDirectory=$part" >"$CACHE/kafka.log" 2>&1 ||
        fail "Maven could not fetch Kafka; its words are in $CACHE/kafka.log"
    [ -f "$part/kafka_2.13-$version.jar" ] || fail "Maven brought no kafka_2.13-$version.jar; see $CACHE/kafka.log"
    chmod 0755 "$part"
    touch "$part/complete"
    # Another run may have been quicker; both hold the same.
    mv -T "$part" "$jars" 2>/dev/null || [ -f "$jars/complete" ] || fail "cannot write $jars"
fi
printf '%s\n' "$jars"
