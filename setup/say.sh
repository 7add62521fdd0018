# Sourced by the scripts of this folder: where things are, and words for the person who waits.

# A failure inside $(…) is a failure.
shopt -s inherit_errexit

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SETUP=$ROOT/setup
CACHE=${WAYBILL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/waybill}

say() { printf '%s\n' "$*"; }

# Says why on stderr and ends the script. The last line that a person sees should be this one.
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# without NAME: whether the person chose to go without this part (WAYBILL_TEST_WITHOUT=a,b).
without() {
    case ",${WAYBILL_TEST_WITHOUT:-}," in
        *",$1,"*) return 0 ;;
        *) return 1 ;;
    esac
}

# need_disk FOLDER GIGABYTES WHAT: refuses before anything is half done.
need_disk() {
    local folder=$1 free
    while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
    free=$(df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1048576) }')
    [ "$free" -ge "$2" ] || fail "$3 needs about $2 GB below $folder, and $free GB are free there"
}

# target_dir: where Cargo puts what it builds.
target_dir() {
    printf '%s\n' "${CARGO_TARGET_DIR:-$ROOT/target}"
}

# need_rust: the one thing that setup cannot bring.
need_rust() {
    command -v cargo >/dev/null || fail "cargo is not on PATH: install Rust by rustup (https://rustup.rs) and start again"
}
