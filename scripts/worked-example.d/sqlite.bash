# Debian's Python and SQLite: threads over one connection, and over one each. Sourced.
# shellcheck shell=bash
# What is set in setup.bash and in scripts/worked-example is not seen from here.
# shellcheck disable=SC2154

prepare_sqlite() {
    require_packages python3
    mkdir "$work/data"
    /usr/bin/python3 "$root/scripts/worked-example.d/shared_connection.py" prepare "$work/data/shop.db"
}

# One run; prints what was done a second, and with show=yes what lockprof run says at the end.
run_sqlite() {
    local front=() sharing=shared errors=$work/errors
    [[ $1 == slow ]] || sharing=each
    [[ $2 == without ]] || front=("$lockprof" run --output "$work/profiles/" --)
    timeout "$((seconds + 60))" "${front[@]}" /usr/bin/python3 "$root/scripts/worked-example.d/shared_connection.py" \
        "$sharing" "$work/data/shop.db" "$seconds" 2>"$errors" || die "see $errors"
    [[ ${show:-no} != yes ]] || cat "$errors"
}

reports_sqlite() {
    say
    say "\$ lockprof report --by edge --kind recursive --top 5 FILE"
    "$lockprof" report --by edge --kind recursive --top 5 "$1"
    say
    say "\$ lockprof report --by thread FILE"
    "$lockprof" report --by thread "$1"
}
