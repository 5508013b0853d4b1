# Counts instructions with callgrind. Sourced after setup.bash; needs valgrind and $work, a folder.
# shellcheck shell=bash

# Instructions inside a function ($1) of a program, all its calls together; then come
# settings of the environment, `--`, and the program with its arguments. A preload in the
# environment is seen by valgrind's own launcher too: it takes no lock, so nothing comes of it.
count_instructions() {
    local function=$1 settings=() folder=${work:?} sum
    shift
    while [[ $1 != -- ]]; do
        settings+=("$1")
        shift
    done
    shift
    env "${settings[@]}" LOCKPROF_OUTPUT="$folder/" valgrind --quiet --tool=callgrind \
        --trace-children=no --toggle-collect="$function" --callgrind-out-file="$folder/callgrind" \
        "$@" >"$folder/callgrind.output" 2>&1 || die "callgrind failed: $(cat "$folder/callgrind.output")"
    ! grep -q 'cannot be preloaded' "$folder/callgrind.output" || die "$(cat "$folder/callgrind.output")"
    sum=$(sed -n 's/^totals: //p' "$folder/callgrind")
    [[ -n $sum && $sum != 0 ]] || die "callgrind counted nothing"
    printf '%s\n' "$sum"
}

# Instructions that one more turn takes: of a function ($1), from two numbers of turns
# ($2, $3), so that nothing else counts. The rest is as above; the number of turns becomes
# the program's last argument.
instructions_per_turn() {
    local function=$1 few=$2 many=$3 first second
    shift 3
    first=$(count_instructions "$function" "$@" "$few")
    second=$(count_instructions "$function" "$@" "$many")
    awk -v a="$first" -v b="$second" -v n="$((many - few))" 'BEGIN { printf "%.1f", (b - a) / n }'
}
