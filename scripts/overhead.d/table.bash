# The table of scripts/overhead: what was measured becomes series of numbers, and series rows. Sourced.
# shellcheck shell=bash
# What is set in setup.bash and in scripts/overhead is not seen from here.
# shellcheck disable=SC2154

# Adds a number ($2) to a series ($1): one for each round.
keep() {
    printf '%s\n' "$2" >>"$work/series.$1"
}

# Prints a row: what, unit, subject, target, series with and series without the library;
# row.py says what they mean.
row() {
    local what=$1 unit=$2 subject=$3 target_of=$4 with=$work/series.$5 without=
    if (($# > 5)); then
        without=$work/series.$6
        (($# < 7)) || without+=:$work/series.$7
    fi
    python3 "$root/scripts/overhead.d/row.py" "$what" "$unit" "$subject" "$target_of" "$with" ${without:+"$without"}
}

# Prints a row that has words instead of numbers.
row_of_words() {
    printf '| %-50s | %s |\n' "$1" "$2"
}

# Forgets all series, between two groups of rows.
forget_series() {
    rm -f "$work"/series.*
}

# Prints the head of the table, with what there is to know about the machine.
table_head() {
    local model
    model=$(sed -n '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)
    say "${model:-unknown processor}, $(nproc) processors; Linux $(uname -r); $(getconf GNU_LIBC_VERSION);" \
        "$(date -u +%Y-%m-%d); load $(cut -d ' ' -f 1-3 /proc/loadavg)"
    awk '$1 > 0.5 { print "Something else is running here: read times as about, or run again with --noise to compare." }' \
        /proc/loadavg
    say
    python3 "$root/scripts/overhead.d/row.py"
}

# Whether rows about the library alone are wanted; without it (--noise) there are none.
has_library() {
    [[ $noise == no ]] || {
        row_of_words "$1" "not without the library"
        return 1
    }
}

# Builds a program ($1) of c-tests/bench, or a library when its name ends in .so; the rest
# goes to the compiler. Prints its path.
bench_program() {
    local name=$1 out=$target/bench/$1 flags=(-pthread) source=$root/c-tests/bench/${1%.so}.c
    shift
    [[ $name != *.so ]] || flags=(-fPIC -shared)
    mkdir -p "$target/bench"
    gcc -std=gnu11 -O2 -g -Wall -Wextra "${flags[@]}" -o "$out" "$source" "$@"
    printf '%s\n' "$out"
}

# The n-th word of a line.
word() {
    local words
    read -ra words <<<"$2"
    printf '%s\n' "${words[$1 - 1]}"
}
