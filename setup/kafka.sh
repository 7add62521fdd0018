#!/usr/bin/env bash
# kafka.sh [tools]: Kafka's jars from Maven Central, once for each version, in the cache folder; with
# `tools` those of its command-line classes too, for tests. Prints their folder. Needs java and mvn
# (packages.sh demo).
set -euo pipefail
. "$(dirname "$0")/say.sh"
. "$SETUP/maven.sh"

case ${1-} in
    '') pom=$SETUP/kafka/pom.xml name=kafka ;;
    tools) pom=$SETUP/kafka/tools/pom.xml name=kafka-tools ;;
    *) fail "kafka.sh knows no $1" ;;
esac
version=$(sed -n '/<artifactId>kafka_2.13</{n;s/.*<version>\(.*\)<.*/\1/p;}' "$pom")
fetch_jars "$name-$version" "$pom" "kafka_2.13-$version.jar" 50
