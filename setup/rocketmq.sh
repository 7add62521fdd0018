#!/usr/bin/env bash
# rocketmq.sh: RocketMQ's jars from Maven Central, once for each version, in the cache folder. Prints
# their folder; with `old` those of an older version, for the long tests. `rocketmq.sh clients` brings the tests' own client program too, compiled, and prints
# its class path and its OpenTelemetry agent, a line each. Needs java and mvn (packages.sh demo).
set -euo pipefail
. "$(dirname "$0")/say.sh"
. "$SETUP/maven.sh"

case ${1-} in
    '')
        pom=$SETUP/rocketmq/pom.xml
        version=$(version_of "$pom" rocketmq.version)
        fetch_jars "rocketmq-$version" "$pom" "rocketmq-broker-$version.jar" 120
        ;;
    old)
        pom=$SETUP/rocketmq/old/pom.xml
        version=$(version_of "$pom" rocketmq.version)
        fetch_jars "rocketmq-$version" "$pom" "rocketmq-broker-$version.jar" 60
        ;;
    clients)
        pom=$SETUP/rocketmq/clients/pom.xml
        version=$(version_of "$pom" rocketmq.version)
        agent=opentelemetry-javaagent-$(version_of "$pom" agent.version).jar
        jars=$(fetch_jars "rocketmq-clients-$version" "$pom" "rocketmq-client-$version.jar" 70)
        classes=$(compile_java rocketmq-clients-program "$ROOT/tests/clients/rocketmq" "$jars")
        printf '%s\n' "$classes:$jars/*" "$jars/$agent"
        ;;
    *) fail "rocketmq.sh knows no $1" ;;
esac
