# Rows of scripts/overhead: what other tools make of an uncontended lock and unlock. Sourced.
# shellcheck shell=bash
# What is set in setup.bash and in scripts/overhead is not seen from here.
# shellcheck disable=SC2154

# Rounds are few: their ratios are large.
peer_rounds=5

# One tool: its name, the pairs it is given, and the command in front of the program. The
# same number of native rounds stands beside it. A tool that does not work here gets words.
peer() {
    local name=$1 pairs=$2 type turn output
    shift 2
    for type in normal recursive; do
        for ((turn = 0; turn < peer_rounds; turn++)); do
            keep "native.$name.$type" "$(word 1 "$("${native[@]}" "$pair" "$type" 2000000)")"
            if ! output=$("$@" "$pair" "$type" "$pairs" 2>"$work/said") || [[ $output != *'ns a pair'* ]]; then
                # The last complaint: those before it are advice.
                row_of_words "pair, $name" "does not work here: $(tail -n 1 < <(grep -i error "$work/said" || cat "$work/said"))"
                return 0
            fi
            keep "$name.$type" "$(awk '/ns a pair/ { print $1 }' <<<"$output")"
        done
        row "pair, $type, $name" ns ratio '' "$name.$type" "native.$name.$type"
    done
}

# bpftrace sees whom it starts only through one word, and prints what it saw as well.
bpftrace_futexes() {
    bpftrace -e 'tracepoint:syscalls:sys_enter_futex { @[ustack] = count(); }' -c "$*"
}

# ddtrace profiles locks of Python, so it is held against the same lock of Python.
peer_ddtrace() {
    local folder=$target/peers/venv percent line
    if [[ ! -x $folder/bin/python ]] || ! "$folder/bin/python" -c 'import ddtrace' 2>/dev/null; then
        require_packages python3-venv
        { python3 -m venv "$folder" && "$folder/bin/pip" install --quiet ddtrace; } >&2 ||
            die "ddtrace could not be installed from PyPI"
    fi
    for percent in 1 100; do
        env DD_PROFILING_CAPTURE_PCT="$percent" DD_PROFILING_OUTPUT_PPROF="$work/ddtrace" \
            DD_PROFILING_STACK_ENABLED=0 DD_PROFILING_MEMORY_ENABLED=0 DD_TRACE_ENABLED=0 \
            DD_INSTRUMENTATION_TELEMETRY_ENABLED=0 DD_REMOTE_CONFIGURATION_ENABLED=0 \
            "$folder/bin/python" "$root/scripts/overhead.d/rlock.py" 30000 "$peer_rounds" \
            >"$work/rlock" 2>"$work/said" || die "ddtrace failed: $(tail -n 3 "$work/said")"
        while read -r line; do
            keep "plain.$percent" "$(word 1 "$line")"
            keep "ddtrace.$percent" "$(word 2 "$line")"
        done <"$work/rlock"
        row "Python's RLock, ddtrace at $percent %" ns ratio '' "ddtrace.$percent" "plain.$percent"
    done
}

measure_peers() {
    local pair
    pair=$(bench_program pair -fopenmp)
    require_packages valgrind ltrace uftrace bpftrace python3 >&2
    peer "valgrind drd" 20000 valgrind --quiet --tool=drd
    peer "ltrace" 300 ltrace -o "$work/ltrace" -e pthread_mutex_lock+pthread_mutex_unlock
    peer "uftrace" 50000 uftrace record --force --no-pager --data="$work/uftrace"
    peer "bpftrace, futex calls" 2000000 bpftrace_futexes
    if apt-cache show mutrace >/dev/null 2>&1; then
        require_packages mutrace >&2
        peer "mutrace" 200000 mutrace
    else
        row_of_words "pair, mutrace" "not in this Debian release"
    fi
    peer_ddtrace
}
