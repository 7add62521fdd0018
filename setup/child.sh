# Sourced. Child processes that are found again by what we wrote down, never by name.
#
# STATE/children has a line for each: NAME PID START SIGNAL. START is the kernel's start time of the
# process, so a number that was given to somebody else since is never signalled. Every child leads a
# session of its own: Ctrl-C reaches our script alone, which then ends them in order.

# start_time PID: ticks since boot; fails for a process that is gone or a zombie.
start_time() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # After the name in brackets, which may hold anything: field 3 (state) and on.
    set -- ${stat##*) }
    [ "$1" != Z ] && [ "$1" != X ] || return 1
    printf '%s\n' "${20}"
}

# is_alive PID START
is_alive() {
    local now
    now=$(start_time "$1") && [ "$now" = "$2" ]
}

# launch STATE NAME SIGNAL LOG COMMAND…: starts a child, writes it down, sets LAUNCHED to its number.
launch() {
    local state=$1 name=$2 signal=$3 log=$4
    shift 4
    # 7 and 8 are pipes whose other end means "our parent lives": no child may hold them.
    setsid "$@" </dev/null >>"$log" 2>&1 7>&- 8>&- &
    LAUNCHED=$!
    # Not a job of this shell's any more: it would report its end.
    disown "$LAUNCHED"
    printf '%s %s %s %s\n' "$name" "$LAUNCHED" "$(start_time "$LAUNCHED")" "$signal" >>"$state/children"
}

# lives STATE NAME: whether the child of that name runs.
lives() {
    local name pid start signal found=1
    [ -f "$1/children" ] || return 1
    while read -r name pid start signal; do
        [ "$name" != "$2" ] || ! is_alive "$pid" "$start" || found=0
    done <"$1/children"
    return $found
}

# any_child STATE: whether one of them runs.
any_child() {
    local name pid start signal
    [ -f "$1/children" ] || return 1
    while read -r name pid start signal; do
        ! is_alive "$pid" "$start" || return 0
    done <"$1/children"
    return 1
}

# signal_group PID START SIGNAL: to the whole session; also when its leader went first, since a
# number cannot be given away while its group has members.
signal_group() {
    if is_alive "$1" "$2" || [ ! -e "/proc/$1" ]; then
        kill "-$3" -- "-$1" 2>/dev/null || true
    fi
}

# stop_named STATE NAME: kills the child of that name and forgets it.
stop_named() {
    local name pid start signal
    [ -f "$1/children" ] || return 0
    while read -r name pid start signal; do
        [ "$name" != "$2" ] || signal_group "$pid" "$start" KILL
    done <"$1/children"
    awk -v name="$2" '$1 != name' "$1/children" >"$1/children.part"
    mv "$1/children.part" "$1/children"
}

# stop_children STATE: asks all, last started first; kills after 8 s what still runs.
stop_children() {
    local state=$1 name pid start signal deadline
    [ -f "$state/children" ] || return 0
    while read -r name pid start signal; do
        [ "$signal" = KILL ] || signal_group "$pid" "$start" "$signal"
    done < <(tac "$state/children")
    deadline=$((SECONDS + 8))
    while read -r name pid start signal; do
        while [ "$signal" != KILL ] && is_alive "$pid" "$start" && [ "$SECONDS" -lt "$deadline" ]; do
            sleep 0.1
        done
        signal_group "$pid" "$start" KILL
    done < <(tac "$state/children")
    rm -f "$state/children"
    # A folder outside STATE, in memory, that holds nothing worth keeping.
    [ ! -s "$state/scratch" ] || rm -rf "$(cat "$state/scratch")"
    rm -f "$state/scratch"
}

# Bound to a parent: when the standard input is a pipe, a watchdog in a session of its own reads it,
# and its end (the parent closed it, or was killed) ends the children of STATE.
# bind_to_parent STATE: before the first launch.
bind_to_parent() {
    [ -p /dev/stdin ] || return 0
    exec 7<&0
    setsid bash "$SETUP/watchdog.sh" "$1" <&7 >>"$1/watchdog.log" 2>&1 7<&- 8>&- &
    printf '%s %s\n' "$!" "$(start_time "$!")" >"$1/watchdog"
    disown "$!"
    exec 7<&-
}

# has_owner STATE: whether a parent that started these children still lives.
has_owner() {
    local pid start
    [ -f "$1/watchdog" ] && read -r pid start <"$1/watchdog" && is_alive "$pid" "$start"
}

# release STATE: ends the watchdog without letting it act.
release() {
    local pid start
    if [ -f "$1/watchdog" ] && read -r pid start <"$1/watchdog"; then
        signal_group "$pid" "$start" KILL
    fi
    rm -f "$1/watchdog"
}
