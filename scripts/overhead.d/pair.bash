# Rows of scripts/overhead: one uncontended lock and unlock, in instructions and in time. Sourced.
# shellcheck shell=bash
# What is set in setup.bash and in scripts/overhead is not seen from here.
# shellcheck disable=SC2154

# Pairs in one timed run, some 15 ms; a run that records each of them has fewer.
pairs_timed=2000000
pairs_recorded=30000

# Instructions of a pair: the setting's name, then the setting.
count_pair() {
    local setting=$1 type
    shift
    for type in normal recursive; do
        keep "instructions.$setting.$type" \
            "$(instructions_per_turn 'pairs_*' 100000 300000 "$@" -- "$pair" "$type")"
    done
}

# Nanoseconds of a pair in one setting: the setting's name, the pairs, then the command.
time_pair() {
    local setting=$1 pairs=$2 type
    shift 2
    for type in normal recursive; do
        keep "time.$setting.$type" "$(word 1 "$("$@" "$pair" "$type" "$pairs")")"
    done
}

measure_pair() {
    local pair empty type turn
    local -A instructions=([disabled.normal]='<= 72' [on.normal]='<= 86' [on.recursive]='<= 98')
    pair=$(bench_program pair -fopenmp)
    empty=$(bench_program empty_preload.so)

    if has_library "uncontended pair, instructions"; then
        count_pair native A=1
        count_pair empty LD_PRELOAD="$empty"
        count_pair disabled LD_PRELOAD="$library" LOCKPROF_ENABLED=0
        count_pair on LD_PRELOAD="$library" LOCKPROF_SAMPLE=1000000000
        for type in normal recursive; do
            row "pair, $type, empty preload" inst difference '' "instructions.empty.$type" "instructions.native.$type"
            row "pair, $type, loaded but off" inst value "${instructions[disabled.$type]:-}" "instructions.disabled.$type" "instructions.native.$type"
            row "pair, $type, on" inst value "${instructions[on.$type]}" "instructions.on.$type" "instructions.native.$type"
        done
    fi

    for ((turn = 0; turn < rounds; turn++)); do
        time_pair native "$pairs_timed" "${native[@]}"
        time_pair empty "$pairs_timed" "${native[@]}" LD_PRELOAD="$empty"
        time_pair disabled "$pairs_timed" "${on[@]}" LOCKPROF_ENABLED=0
        time_pair on "$pairs_timed" "${on[@]}"
        time_pair every "$pairs_recorded" "${on[@]}" LOCKPROF_SAMPLE=1
    done
    for type in normal recursive; do
        row "pair, $type, empty preload" ns ratio '' "time.empty.$type" "time.native.$type"
        row "pair, $type, loaded but off" ns ratio '<= 1.12' "time.disabled.$type" "time.native.$type"
        row "pair, $type, on" ns ratio '<= 1.25' "time.on.$type" "time.native.$type"
        row "pair, $type, every one recorded" ns ratio '' "time.every.$type" "time.native.$type"
    done
}
