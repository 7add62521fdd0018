#!/usr/bin/env bash
# points.sh: the demo's payment points, compiled against jars of Maven Central, once for each version,
# in the cache folder. Prints its folder of classes, its folder of jars and its OpenTelemetry agent, a
# line each. Needs javac and mvn (packages.sh demo).
set -euo pipefail
. "$(dirname "$0")/say.sh"
. "$SETUP/maven.sh"

pom=$ROOT/demo/points/pom.xml
version=$(version_of "$pom" rocketmq.version)
agent=opentelemetry-javaagent-$(version_of "$pom" agent.version).jar
jars=$(fetch_jars points "$pom" "rocketmq-client-$version.jar" 70)
[ -f "$jars/$agent" ] || fail "$jars holds no $agent: remove the folder and start again"
classes=$(compile_java points-program "$ROOT/demo/points/src" "$jars")
printf '%s\n' "$classes" "$jars" "$jars/$agent"
