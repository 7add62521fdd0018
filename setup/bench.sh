#!/usr/bin/env bash
# bench.sh [WORDS…]: builds with the profile of packages (thin LTO) and measures; words go to the
# bench program. Numbers belong into docs/benchmarks.md together with the machine they came from.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$ROOT"

"$SETUP/packages.sh" demo
say "bench: building with thin LTO (about 10 minutes on 2 cores the first time)"
cargo build --locked --profile dist -p waybill-tests --bin waybill-bench -p waybill-server --bin waybill
say "bench: measuring; leave the machine alone meanwhile"
exec "$(target_dir)/dist/waybill-bench" "$@"
