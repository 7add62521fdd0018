# Sourced. Servers do not run as root: who runs them instead, and where that user can write.

# service_user NAME…: the first of these users that exists; nothing when we are not root.
service_user() {
    [ "$(id -u)" -eq 0 ] || return 0
    local name
    for name in "$@" nobody; do
        if id "$name" >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
}

# become USER: sets BECOME to the words that put a command under that user (none when USER is empty).
become() {
    BECOME=()
    [ -z "$1" ] || BECOME=(setpriv "--reuid=$1" "--regid=$(id -g "$1")" --clear-groups --inh-caps=-all --no-new-privs)
}

# place_of STATE NAME USER: makes STATE/NAME and prints its real path. A state folder that USER cannot
# reach (a checkout below root's closed home) gets a link to a folder below /var/tmp instead;
# forget_places removes both.
place_of() {
    local state=$1 name=$2 user=$3 place=$1/$2
    mkdir -p "$state"
    if [ -n "$user" ]; then
        become "$user"
        if ! "${BECOME[@]}" test -x "$state" 2>/dev/null; then
            place=/var/tmp/waybill-$(printf '%s' "$state" | sha256sum | cut -c1-12)/$name
            mkdir -m 0711 "$(dirname "$place")" 2>/dev/null || true
            [ -O "$(dirname "$place")" ] || fail "$(dirname "$place") belongs to somebody else: remove it, or choose another state folder"
            [ -L "$state/$name" ] || ln -s "$place" "$state/$name"
        fi
    fi
    mkdir -p "$place"
    printf '%s\n' "$place"
}

# home_of STATE NAME USER: as place_of, private to USER.
home_of() {
    local place
    place=$(place_of "$@")
    chmod 0700 "$place"
    [ -z "$3" ] || chown "$3:$(id -g "$3")" "$place"
    printf '%s\n' "$place"
}

# readable_jars JARS HOME: prints JARS, or a copy in HOME where the user of `become` cannot read them
# (a cache below root's closed home). Links where it is the same file system.
readable_jars() {
    local jars=$1 copy
    if ! "${BECOME[@]}" test -r "$jars/complete"; then
        copy=$2/$(basename "$jars")
        if [ ! -f "$copy/complete" ]; then
            rm -rf "${copy:?}" "$copy.part"
            cp -rl "$jars" "$copy.part" 2>/dev/null || { rm -rf "$copy.part"; cp -r "$jars" "$copy.part"; }
            chmod -R go+rX "$copy.part"
            mv "$copy.part" "$copy"
        fi
        jars=$copy
    fi
    printf '%s\n' "$jars"
}

# forget_places STATE: removes the state folder and what it links to.
forget_places() {
    rm -rf "/var/tmp/waybill-$(printf '%s' "$1" | sha256sum | cut -c1-12)" "$1"
}
