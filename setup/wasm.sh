#!/usr/bin/env bash
# wasm.sh: prints the Debian packages that building for wasm32 still wants; nothing when it can be
# built as things are. Ends with both ways when neither is possible. xtask chooses in the same order.
# Never calls rustup's network.
set -euo pipefail
. "$(dirname "$0")/say.sh"

need_rust
libdir=$(rustc --print target-libdir --target wasm32-unknown-unknown)
if [ -n "$(ls -A "$libdir" 2>/dev/null)" ]; then exit 0; fi

if [ -x /usr/bin/rustc ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/std" ]; then
    exit 0
fi
if command -v apt-cache >/dev/null; then
    # Lists may be older than the package, or absent on a fresh image: packages.sh refreshes them first.
    if apt-cache show rustc-web rust-web-src >/dev/null 2>&1 || [ "${1:-}" = before-update ]; then
        say "rustc-web rust-web-src"
        exit 0
    fi
fi
fail "no Rust standard library for wasm32 here, and no Debian package for it. Either
  rustup target add wasm32-unknown-unknown
or, on Debian 12,
  apt-get install --no-install-recommends rustc-web rust-web-src"
