#!/usr/bin/env bash
# A menu of the demos of re-entrant locks: runs one, and says what to look for in what it leaves.
#
# With an argument it asks nothing.
set -euo pipefail
# shellcheck source=scripts/setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

usage() {
    cat <<'TEXT'
Usage: scripts/run_rlock_demos.sh [simple | heavy | stress [SECONDS [WORKERS]] | all] [--cxx] [--quick]

Without a demo, shows a menu. SECONDS are 60 to 300, WORKERS 10 to 50. --cxx runs the demos in
C++, --quick three seconds of each. Profiles go to target/demos/profiles, or where LOCKPROF_OUTPUT
says, and to Datadog where that is set up.
TEXT
}

suffix=
quick=()
words=()
for argument in "$@"; do
    case $argument in
        --cxx) suffix=_cxx ;;
        --quick) quick=(--quick) ;;
        -h | --help)
            usage
            exit 0
            ;;
        -*) die "there is no option $argument; see --help" ;;
        *) words+=("$argument") ;;
    esac
done

lockprof=$target/release/lockprof
export LOCKPROF_OUTPUT=${LOCKPROF_OUTPUT:-$target/demos/profiles/}
# Below the folder this was called in, which is no longer ours.
[[ $LOCKPROF_OUTPUT == /* ]] || LOCKPROF_OUTPUT=$OLDPWD/$LOCKPROF_OUTPUT
# The demo under way, and a file as old as its beginning.
demo='' since=''
trap 'rm -f "$since"' EXIT
trap interrupted INT

# What must be there before anything is asked or run.
check_library() {
    local file
    for file in liblockprof.so lockprof; do
        [[ -f $target/release/$file ]] || die "there is no $target/release/$file; scripts/release-build makes it"
    done
}

# The folder that profiles go to; the library makes none but this script does.
check_place() {
    place=$LOCKPROF_OUTPUT
    [[ -d $place || $place == */ ]] || place=$(dirname "$place")
    { mkdir -p "$place" && [[ -w $place ]]; } 2>/dev/null ||
        die "nothing can be written into $place; LOCKPROF_OUTPUT=FOLDER/ names another place for profiles"
}

# Whether somebody listens where the Agent is expected: a host and port, or its socket.
agent_answers() {
    local host=${DD_TRACE_AGENT_HOSTNAME:-${DD_AGENT_HOST:-localhost}}
    local port=${DD_TRACE_AGENT_PORT:-${DD_AGENT_PORT:-8126}}
    local url=${DD_TRACE_AGENT_URL:-http://$host:$port}
    case $url in
        unix://*) [[ -S ${url#unix://} ]] ;;
        http://*)
            url=${url#http://}
            url=${url%%/*}
            host=${url%:*}
            port=${url##*:}
            [[ $port != "$url" ]] || port=80
            # shellcheck disable=SC2016 # the inner shell expands them
            timeout 2 bash -c ': >"/dev/tcp/$1/$2"' _ "$host" "$port" 2>/dev/null
            ;;
        *) return 0 ;;
    esac
}

# Where profiles will go. Files only, when nobody would take anything else.
choose_receivers() {
    if [[ -n ${LOCKPROF_SINK:-} ]]; then
        say "profiles go where LOCKPROF_SINK says: $LOCKPROF_SINK"
    elif [[ -n ${DD_API_KEY:-} && -z ${DD_AGENT_HOST:-}${DD_TRACE_AGENT_HOSTNAME:-}${DD_TRACE_AGENT_URL:-} ]]; then
        say "DD_API_KEY is set, and no Agent: profiles go past the Agent to ${DD_SITE:-datadoghq.com}, and to files"
    elif agent_answers; then
        say "there is a Datadog Agent: profiles go to it, which needs no key here, and to files"
    else
        say "there is no Datadog Agent: profiles go to files only"
        export LOCKPROF_SINK=file
    fi
}

# The profiles of this demo since it began, one a line.
find_profiles() {
    local name='lockprof.%e.%p.%t.pb.gz'
    [[ -d $LOCKPROF_OUTPUT || $LOCKPROF_OUTPUT == */ ]] || name=$(basename "$LOCKPROF_OUTPUT")
    name=${name//%e/$demo}
    find "$place" -maxdepth 1 -type f -name "${name//%[pt]/*}" -newer "$since"
}

# One command to go on with, and what it shows.
show_command() {
    say "  $lockprof $1"
    say "      $2"
}

# What is to be seen in the profile $1 of the demo, each thing with the command that shows it.
say_what_to_look_for() {
    local name=${demo%_cxx}
    say "What to look for (docs/rlock-demos.md has more):"
    say "  above, beside each lock, the numbers that the demo counted and timed itself (truth):"
    say "      acquired is its acquisitions, wait total is waited, hold total is held"
    case $demo in
        *simple*)
            show_command "report --by site $1" "250 acquisitions, the nested ones, in add_inside, which waits for nothing"
            show_command "report --by thread $1" "Simple-0 to Simple-4 and Reentrant-0 to Reentrant-4, 100 acquisitions each"
            show_command "report --list add_two $1" "its source, with what happened in each line"
            ;;
        *heavy*)
            show_command "report --by holder $1" "the largest part of the waiting is put down to write_item"
            show_command "report --by site $1" "nest_three_deep takes it three times in a round; only the outermost waits"
            show_command "report --by thread $1" "Writer-N, Reader-N and Nested-N"
            show_command "report --list nest_three_deep $1" "three lines that take the lock: the first waits; only the last release ends a hold"
            ;;
        *stress*)
            show_command "report --by site $1" "level_one, level_two and level_three, one in the other; fill_slot within look_up"
            show_command "report --by thread $1" "Worker-0, Worker-1, ..."
            show_command "report --list look_up $1" "the lines of the cache: where it is taken, and a miss takes it again"
            ;;
    esac
    show_command "flamegraph --value acquisitions -o ${place%/}/$demo.svg $1" "who calls whom with the lock held, as a picture for a browser"
    [[ ${LOCKPROF_SINK:-datadog} != *datadog* ]] ||
        say "  in Datadog, APM > Profiles: service:${name//_/-}; Lock Acquires, Lock Wait Time, Locked Time, Lock Releases"
}

# What the demo left.
say_what_came() {
    local files
    mapfile -t files < <(find_profiles)
    say
    if ((${#files[@]} == 0)); then
        [[ ,${LOCKPROF_SINK:-file}, == *,file,* ]] || return 0
        die "$demo left no profile in $place; what it printed above says why"
    fi
    # As lockprof run does by itself.
    "$lockprof" symbolize "${files[@]}" 2>/dev/null || say "without source lines: lockprof symbolize failed"
    "$lockprof" report "${files[@]}"
    say
    printf 'profile: %s\n' "${files[@]}"
    say
    say_what_to_look_for "${files[*]}"
}

# Ctrl-C: a demo that ran longer has left what its last profile had.
interrupted() {
    trap - INT
    if [[ -n $since ]]; then
        say
        say "interrupted; $demo has left${place:+ in $place}:"
        find_profiles | grep . || say "no profile, for it ended in its first 10 s"
        rm -f "$since"
    fi
    kill -INT $$
}

# Runs the demo $1 for the time $2 with the other arguments.
run_demo() {
    demo=$1$suffix
    local lasts=$2
    shift 2
    ((${#quick[@]} == 0)) || lasts="a few seconds"
    since=$(mktemp)
    say
    say "== $demo${*:+ $*} ($lasts)"
    "$target/demos/$demo" "$@" "${quick[@]}" || die "$demo failed"
    say_what_came
    rm -f "$since"
    since=
}

run_simple() {
    run_demo rlock_simple_demo "half a minute, of which it works two seconds"
}

run_heavy() {
    run_demo rlock_heavy_contention "a minute"
}

# run_stress SECONDS WORKERS
run_stress() {
    ((${#quick[@]} == 0)) || set -- 3 "$2"
    run_demo rlock_stress_test "$1 s" "$@"
}

# Asks until there is an answer; with --quick the seconds do not count.
ask() {
    cat <<'TEXT'

Demos of re-entrant locks
  1  simple: ten threads, one counter (half a minute)
  2  heavy contention: fifteen threads (a minute)
  3  stress: 60 s, 10 workers
  4  stress: 120 s, 20 workers
  5  stress: 300 s, 30 workers
  6  all three, the stress with 10 workers (two and a half minutes)
  q  quit
TEXT
    ((${#quick[@]} == 0)) || say "Each takes three seconds only (--quick)."
    local choice
    while true; do
        read -rp "Which one? " choice || {
            say
            exit 0
        }
        case $choice in
            1) words=(simple) ;;
            2) words=(heavy) ;;
            3) words=(stress 60 10) ;;
            4) words=(stress 120 20) ;;
            5) words=(stress 300 30) ;;
            6) words=(all) ;;
            q | Q) exit 0 ;;
            *)
                say "1 to 6, or q"
                continue
                ;;
        esac
        return 0
    done
}

# Whether $3 is a whole number from $1 to $2.
is_within() {
    [[ $3 =~ ^[1-9][0-9]{0,3}$ ]] && (($1 <= $3 && $3 <= $2))
}

check_words() {
    case ${words[0]} in
        simple | heavy | all) ((${#words[@]} == 1)) || die "${words[0]} takes no numbers; see --help" ;;
        stress)
            words=(stress "${words[1]:-60}" "${words[2]:-10}" "${words[@]:3}")
            if ((${#words[@]} > 3)) || ! is_within 60 300 "${words[1]}" || ! is_within 10 50 "${words[2]}"; then
                die "stress takes SECONDS, 60 to 300, and WORKERS, 10 to 50; --quick makes it three seconds"
            fi
            ;;
        *) die "there is no demo ${words[0]}; see --help" ;;
    esac
}

((${#words[@]} == 0)) || check_words
check_library
((${#words[@]} > 0)) || ask
check_place
"$root/scripts/build-demos"
choose_receivers
case ${words[0]} in
    simple) run_simple ;;
    heavy) run_heavy ;;
    stress) run_stress "${words[1]}" "${words[2]}" ;;
    all)
        run_simple
        run_heavy
        run_stress 60 10
        ;;
esac
