#!/usr/bin/env bash
# What can be checked of scripts and images without a container engine: every script parses, every
# file that the Dockerfile and docker-compose.yml name exists, every target, profile, package and
# service they refer to is there. With docker's compose plugin, its own reading too.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$ROOT"

for script in setup/*.sh setup/*/*.sh; do
    bash -n "$script" || fail "$script does not parse"
done
sh -n .ci/run
if command -v shellcheck >/dev/null; then
    shellcheck -S error setup/*.sh setup/*/*.sh || fail "shellcheck found something"
fi

# Every target of the Makefile that calls a script calls one that is there and may run.
grep -oE '@?setup/[a-z/-]+\.sh' Makefile | tr -d @ | sort -u | while read -r script; do
    [ -x "$script" ] || fail "the Makefile calls $script, which cannot be run"
done

stages=$(sed -nE 's/^FROM .* AS ([a-z]+)$/\1/p' Dockerfile)
for stage in $(sed -nE 's/.*--from=([a-z]+).*/\1/p' Dockerfile; sed -nE 's/^ +target: ([a-z]+)$/\1/p' docker-compose.yml); do
    printf '%s\n' "$stages" | grep -qx "$stage" || fail "there is no stage $stage in the Dockerfile"
done
for package in $(grep -oE 'cargo build.*' Dockerfile | grep -oE -- '-p [a-z-]+' | cut -c4-); do
    grep -rqx "name = \"$package\"" --include=Cargo.toml . || fail "the Dockerfile builds $package, which no Cargo.toml names"
done
sed -nE 's|^COPY --from=build /src/target/release/([a-z-]+) .*|\1|p' Dockerfile | while read -r program; do
    grep -rqx "name = \"$program\"" --include=Cargo.toml . || fail "the Dockerfile copies $program, which nothing builds"
done
# Mounted files: a missing one would become an empty folder, silently.
sed -nE 's|^ +- (\./[^:]+):.*|\1|p' docker-compose.yml | while read -r file; do
    [ -f "$file" ] || fail "docker-compose.yml mounts $file, which does not exist"
done
# Services that others wait for or share a network with, and volumes, are declared.
services=$(awk '/^services:/ { on = 1; next } /^[a-z]/ { on = 0 } on && /^  [a-z]+:$/ { gsub(/[ :]/, ""); print }' docker-compose.yml)
for service in $(awk '/depends_on:/ { on = 1; next } on && /^      [a-z]+:$/ { gsub(/[ :]/, ""); print; next } on && /^        / { next } { on = 0 }' docker-compose.yml; sed -nE 's/.*"service:([a-z]+)".*/\1/p' docker-compose.yml); do
    printf '%s\n' "$services" | grep -qx "$service" || fail "docker-compose.yml refers to $service, which it does not declare"
done
if grep -nP '\t' docker-compose.yml; then fail "docker-compose.yml holds a tab"; fi

if command -v docker >/dev/null && docker compose version >/dev/null 2>&1; then
    docker compose config --quiet || fail "docker compose does not accept docker-compose.yml"
elif command -v python3 >/dev/null && python3 -c 'import yaml' 2>/dev/null; then
    python3 -c 'import sys, yaml; yaml.safe_load(open("docker-compose.yml"))' || fail "docker-compose.yml is not YAML"
fi
say "setup: scripts parse; images and services refer to what exists"
