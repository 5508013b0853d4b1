# Rows of scripts/overhead: whole programs, and our own thread beside them. Sourced.
# shellcheck shell=bash
# What is set in setup.bash and in scripts/overhead is not seen from here.
# shellcheck disable=SC2154

# CPU time of a process and its threads so far, microseconds.
cpu_us() {
    awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) * 1000000 / hz }' "/proc/$1/stat"
}

# One round of memcached; $1 names the series, the rest is the command before its arguments.
serve_once() {
    local name=$1 throughput cpu
    shift
    start_server "$work" "$@"
    throughput=$(load_server "$seconds")
    cpu=$(cpu_us "$server")
    stop_server
    keep "throughput.$name" "$throughput"
    keep "cpu.$name" "$(awk -v cpu="$cpu" -v n="$((throughput * seconds))" 'BEGIN { print cpu / n }')"
}

measure_memcached() {
    local turn
    require_packages memcached libmemcached-tools >&2
    for ((turn = 0; turn < (rounds + 1) / 2; turn++)); do
        serve_once native "${native[@]}" memcached
        serve_once on "${on[@]}" memcached
    done
    row "memcached, operations" op/s ratio '>= 0.97' throughput.on throughput.native
    row "memcached, processor time of an operation" us ratio '' cpu.on cpu.native
}

# One start of a program that does nothing, microseconds.
start_once() {
    local name=$1 begin end
    shift
    # Digits only: seconds and microseconds without whatever separates them.
    begin=${EPOCHREALTIME//[!0-9]/}
    "$@" /bin/true
    end=${EPOCHREALTIME//[!0-9]/}
    keep "$name" "$((end - begin))"
}

measure_start() {
    local turn
    for ((turn = 0; turn < rounds * 8; turn++)); do
        start_once native "${native[@]}"
        start_once on "${on[@]}"
    done
    row "start to end of /bin/true" us difference '<= 500' on native
}

measure_exporter() {
    local paced line folder
    has_library "our own thread" || return 0
    paced=$(bench_program paced)
    folder=$(mktemp -d "$work/exporter.XXXXXX")
    # Half of the pairs are sampled, with two records each.
    line=$("${on[@]}" LOCKPROF_SAMPLE=2 LOCKPROF_CPU_LIMIT=0 LOCKPROF_OUTPUT="$folder/" \
        "$paced" 100000 30 "$exporter_seconds")
    keep share "$(word 1 "$line")"
    keep lost "$(word 1 "$(lost_in_profile "$(profile_in "$folder")")")"
    row "our thread at 1e5 records/s, 30 frames" % value '<= 5' share
    row "records dropped in these $exporter_seconds seconds" '' value '<= 0' lost
}
