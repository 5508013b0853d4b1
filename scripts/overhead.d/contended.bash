# Rows of scripts/overhead: locks that are fought for, and handed over with conditions. Sourced.
# shellcheck shell=bash
# What is set in setup.bash and in scripts/overhead is not seen from here.
# shellcheck disable=SC2154

# One run: the series' name, threads, section and time outside in ns, then the command.
contend() {
    local name=$1 threads=$2 inside=$3 outside=$4 line least most
    shift 4
    line=$("$@" "$contended" "$threads" "$inside" "$outside" "$contended_ms" "$steps_per_ns")
    keep "$name" "$(word 1 "$line")"
    least=${line#*, }
    most=${least#*..}
    keep "fair.$name" "$(awk -v a="${least%%..*}" -v b="${most%% *}" 'BEGIN { print a / b }')"
}

measure_contended() {
    local contended steps_per_ns threads length inside outside turn
    contended=$(bench_program contended)
    # Measured once, so that all runs do the same work.
    steps_per_ns=$("$contended" calibrate)
    for threads in 2 4 10; do
        for length in "short 30 300" "long 300 1200"; do
            read -r length inside outside <<<"$length"
            for ((turn = 0; turn < rounds; turn++)); do
                contend "native.$threads.$length" "$threads" "$inside" "$outside" "${native[@]}"
                contend "on.$threads.$length" "$threads" "$inside" "$outside" "${on[@]}"
            done
            row "contended, $threads threads, $length sections" op/s ratio '>= 0.97' "on.$threads.$length" "native.$threads.$length"
            row "fairness of these: least / most of a thread" '' ratio '' "fair.on.$threads.$length" "fair.native.$threads.$length"
        done
    done
}

measure_handover() {
    local handover pairs room steps queue turn
    handover=$(bench_program handover)
    # Nothing but handing over, asleep each time; and with about 20 us of work for an item.
    for queue in "1 1 0" "4 16 0" "4 16 50000"; do
        read -r pairs room steps <<<"$queue"
        for ((turn = 0; turn < rounds; turn++)); do
            keep "native.$queue" "$(word 1 "$("${native[@]}" "$handover" "$pairs" "$room" "$steps" "$contended_ms")")"
            keep "on.$queue" "$(word 1 "$("${on[@]}" "$handover" "$pairs" "$room" "$steps" "$contended_ms")")"
        done
        row "handed over by conditions, $((2 * pairs)) threads, room for $room$( ((steps == 0)) || printf ', with work')" \
            items/s ratio '>= 0.97' "on.$queue" "native.$queue"
    done
}

measure_growth() {
    local growth stamps hold turn line repeats
    growth=$(bench_program growth)
    stamps=$(bench_program stamps.so)
    for hold in 20 200 1000; do
        # About half a second each.
        repeats=$((500000 / (hold + 50)))
        for ((turn = 0; turn < few * 2; turn++)); do
            line=$("${native[@]}" LD_PRELOAD="$stamps" "$growth" "$hold" "$repeats")
            keep "native.$hold" "$(word 1 "$line")"
            line=$("${on[@]}" LD_PRELOAD="${noise_or_library:+$noise_or_library:}$stamps" "$growth" "$hold" "$repeats")
            keep "on.$hold" "$(word 1 "$line")"
            keep "wait.$hold" "$(word 2 "$line")"
        done
        row "added to a section waited for, hold $hold us" ns share '<= 0.5' "on.$hold" "native.$hold" "wait.$hold"
    done
}
