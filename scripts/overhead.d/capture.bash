# Rows of scripts/overhead that need the measuring build: a capture, a dropped record, the throttle. Sourced.
# shellcheck shell=bash
# What is set in setup.bash and in scripts/overhead is not seen from here.
# shellcheck disable=SC2154

# Builds the library with src/intercept/measure.rs in it, otherwise as it ships.
build_measuring() {
    measuring=${LOCKPROF_MEASURING_LIBRARY:-$target/measure/release/liblockprof.so}
    [[ -z ${LOCKPROF_MEASURING_LIBRARY:-} ]] || return 0
    require_rust
    RUSTFLAGS="--cfg lockprof_measure" cargo build --locked --quiet --package liblockprof \
        --release --target-dir "$target/measure"
}

measure_capture() {
    local capture measuring turn
    has_library "a captured stack" || return 0
    build_measuring
    capture=$(bench_program capture)
    # One capture: the series, then the program's arguments.
    one() {
        local series=$1
        shift
        keep "$series" "$(env LD_PRELOAD="$measuring" "$capture" "$@")"
    }
    for ((turn = 0; turn < rounds; turn++)); do
        one warm10 warm 10
        one warm30 warm 30
        one warm64 warm 64
        one random300 random 30 300
        one random3000 random 30 3000
        one forgotten forgotten 30
        one first first 30 $((turn + 1))
    done
    row "a captured stack, warm, 10 frames" ns value '<= 60' warm10
    row "a captured stack, warm, 30 frames" ns value '<= 200' warm30
    row "a captured stack, warm, 64 frames" ns value '<= 450' warm64
    row "one of 300 stacks, by chance, 30 frames" ns value '<= 350' random300
    row "one of 3000 stacks, by chance, 30 frames" ns value '<= 350' random3000
    row "a frame without a rule, tables warm" ns value '<= 500' forgotten
    row "a frame of a function never met" ns value '<= 5000' first
}

# Records and events that a profile says were lost because the queue was full: "R E".
lost_in_profile() {
    local lost
    lost=$(gzip -dc "$1" | grep -a -o 'lost: [0-9]* records for [0-9]* events (queue full)' || true)
    sed -E 's/lost: ([0-9]+) records for ([0-9]+) .*/\1 \2/' <<<"${lost:-lost: 0 records for 0 }"
}

# The one profile of a folder.
profile_in() {
    local found=("$1"/lockprof.*.pb.gz)
    [[ ${#found[@]} == 1 && -f ${found[0]} ]] || die "there is not one profile in $1"
    printf '%s\n' "${found[0]}"
}

measure_dropped() {
    local dropped measuring turn line folder said
    has_library "a dropped record" || return 0
    build_measuring
    dropped=$(bench_program dropped)
    for ((turn = 0; turn < few; turn++)); do
        folder=$(mktemp -d "$work/dropped.XXXXXX")
        line=$(env LD_PRELOAD="$measuring" LOCKPROF_SAMPLE=2 LOCKPROF_CPU_LIMIT=0 LOCKPROF_OUTPUT="$folder/" "$dropped")
        keep declined "$(word 1 "$line")"
        keep pair "$(word 2 "$line")"
        said=$(lost_in_profile "$(profile_in "$folder")")
        if [[ $said == "$(word 3 "$line") $(word 4 "$line")" ]]; then keep counted 1; else keep counted 0; fi
    done
    row "a dropped record" ns value '<= 5' declined
    row "a pair, queue full, half of them sampled" ns value '' pair
    row "whether the profile counts all that was dropped" "" value '>= 1' counted
}

measure_throttle() {
    local throttle measuring turn line
    has_library "the throttle" || return 0
    build_measuring
    throttle=$(bench_program throttle)
    for ((turn = 0; turn < few; turn++)); do
        line=$(env LD_PRELOAD="$measuring" "$throttle" "$phase_seconds")
        keep worst "$(word 1 "$line")"
        keep mean "$(word 2 "$line")"
    done
    row "sampling's share of a thread, worst 100 ms" % value '<= 0.5' worst
    row "the same, mean of the fast phases" % value '<= 0.5' mean
}
