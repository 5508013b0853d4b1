# Rows of scripts/overhead: a sampled acquisition and its release, all in. Sourced.
# shellcheck shell=bash
# What is set in setup.bash and in scripts/overhead is not seen from here.
# shellcheck disable=SC2154

# Frames that sampled.c stands on besides those it is asked for: burst, main and three of the C library.
frames_around=5

measure_sampled() {
    local sampled frames turn depth t
    local -A half_target=([11]='<= 350' [31]='<= 550' [63]='<= 900')
    has_library "a sampled acquisition" || return 0
    sampled=$(bench_program sampled)
    for ((turn = 0; turn < few; turn++)); do
        for frames in 11 31 63; do
            depth=$((frames - frames_around))
            keep "native.$frames" "$(word 1 "$("${native[@]}" "$sampled" "$depth" 20)")"
            t=$(word 1 "$("${on[@]}" LOCKPROF_SAMPLE=2 LOCKPROF_CPU_LIMIT=0 "$sampled" "$depth" "$bursts")")
            # Half of the pairs are sampled, the other half cost next to nothing.
            keep "pair.$frames" "$(awk -v t="$t" -v n="$(tail -n 1 "$work/series.native.$frames")" 'BEGIN { print 2 * t - n }')"
            keep "half.$frames" "$(awk -v t="$(tail -n 1 "$work/series.pair.$frames")" 'BEGIN { print t / 2 }')"
        done
    done
    for frames in 11 31 63; do
        depth=$((frames - frames_around))
        keep "instructions.$frames" "$(
            # A burst has a thousand pairs.
            awk -v n="$(instructions_per_turn burst 4 12 LD_PRELOAD="$library" LOCKPROF_SAMPLE=1 -- "$sampled" "$depth")" \
                'BEGIN { printf "%.1f", n / 1000 }'
        )"
        row "sampled pair (2 stacks, 2 records), $frames frames" ns value '' "pair.$frames" "native.$frames"
        row "half of it: one stack, one record" ns value "${half_target[$frames]}" "half.$frames"
        row "sampled pair, $frames frames" inst value '' "instructions.$frames"
    done
}
