#!/usr/bin/env bash
# build.sh [run|demo]: the release server with its console embedded, at target/release/waybill;
# with `run` what it needs to start, with `demo` also the order system, in the same build so that dependencies are built once.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$ROOT"

need_rust
"$SETUP/packages.sh" "${1:-build}"
need_disk "$(target_dir)" 4 "a release build"
# Before the server: a release embeds the files that lie there.
cargo xtask bundle
packages=(-p waybill-server)
[ "${1:-}" != demo ] || packages+=(-p waybill-demo)
say "build: release server (5 to 10 minutes on 2 cores the first time, seconds when nothing changed)"
cargo build --locked --release "${packages[@]}"

# The documented path, also when Cargo builds elsewhere.
built=$(target_dir)/release
if [ ! target/release -ef "$built" ]; then
    mkdir -p target/release
    cp -f "$built/waybill" target/release/
    [ "${1:-}" != demo ] || cp -f "$built/waybill-demo" target/release/
fi
say "build: target/release/waybill is ready"
