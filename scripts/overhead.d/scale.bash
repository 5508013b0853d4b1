# Rows of scripts/overhead: what grows with threads, locks, stacks and symbols; memory. Sourced.
# shellcheck shell=bash
# What is set in setup.bash and in scripts/overhead is not seen from here.
# shellcheck disable=SC2154

# One run of scale.c: the series' name, its four arguments, then the command. In KiB and MiB.
scale_once() {
    local name=$1 arguments=("${@:2:4}") line
    shift 5
    line=$("$@" "$scale" "${arguments[@]}")
    keep "pair.$name" "$(word 1 "$line")"
    keep "before.$name" "$(awk '{ print $2 / 1024 }' <<<"$line")"
    keep "after.$name" "$(awk '{ print $3 / 1024 }' <<<"$line")"
}

measure_memory() {
    local scale turn
    scale=$(bench_program scale)
    for ((turn = 0; turn < few; turn++)); do
        scale_once native.alone 0 1 1 200 "${native[@]}"
        scale_once on.alone 0 1 1 200 "${on[@]}"
        # Sampled so often that every table fills.
        scale_once native.large 64 1000000 100000 "$large_ms" "${native[@]}"
        scale_once on.large 64 1000000 100000 "$large_ms" "${on[@]}" LOCKPROF_SAMPLE=10 LOCKPROF_CPU_LIMIT=0
    done
    row "memory, before the first thread" MiB difference '<= 1' before.on.alone before.native.alone
    row "the same, a profile written" MiB difference '' after.on.alone after.native.alone
    row "memory, 64 threads, 1e6 mutexes, 1e5 stacks" MiB difference '<= 16' after.on.large after.native.large
}

measure_scale() {
    local scale turn threads locks
    scale=$(bench_program scale)
    for ((turn = 0; turn < few; turn++)); do
        for threads in 1 4 16 64; do
            scale_once "native.threads.$threads" "$threads" 1000 1000 500 "${native[@]}"
            scale_once "on.threads.$threads" "$threads" 1000 1000 500 "${on[@]}"
        done
        for locks in 1 1000 1000000; do
            scale_once "native.locks.$locks" 1 "$locks" 1000 500 "${native[@]}"
            scale_once "on.locks.$locks" 1 "$locks" 1000 500 "${on[@]}"
        done
    done
    for threads in 1 4 16 64; do
        row "pair at 1000 stacks, 1000 locks, $threads threads" ns ratio '' "pair.on.threads.$threads" "pair.native.threads.$threads"
    done
    for locks in 1 1000 1000000; do
        row "pair at 1000 stacks, $locks locks" ns ratio '' "pair.on.locks.$locks" "pair.native.locks.$locks"
    done
    measure_symbols
}

measure_symbols() {
    local functions turn program
    has_library "a flush" || return 0
    for functions in 100 1000 10000 100000; do
        program=$target/bench/symbols.$functions
        gcc -std=gnu11 -O2 -Wa,--defsym,FUNCTIONS="$functions" -o "$program" \
            c-tests/bench/symbols.c c-tests/bench/many_functions.S
        for ((turn = 0; turn < few * 2; turn++)); do
            keep "symbols.$functions" "$("${on[@]}" LOCKPROF_SAMPLE=1 "$program" "$functions")"
        done
        row "first flush of a program with $functions functions" ms value '' "symbols.$functions"
    done
}
