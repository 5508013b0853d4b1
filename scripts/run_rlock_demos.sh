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

Without a demo, shows a menu. --cxx runs the demos in C++, --quick a few seconds of each.
Profiles go to target/demos/profiles, and to Datadog where that is set up.
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

place=$target/demos/profiles

# What must be there before anything is run.
check_library() {
    local file
    for file in liblockprof.so lockprof; do
        [[ -f $target/release/$file ]] || die "there is no $target/release/$file; scripts/release-build makes it"
    done
    "$root/scripts/build-demos"
    mkdir -p "$place"
}

# Whether somebody listens where the Agent is expected: a host and port, or its socket.
agent_answers() {
    local url=${DD_TRACE_AGENT_URL:-http://${DD_AGENT_HOST:-localhost}:${DD_TRACE_AGENT_PORT:-8126}} host port
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
    export LOCKPROF_OUTPUT=${LOCKPROF_OUTPUT:-$place/}
    if [[ -n ${LOCKPROF_SINK:-} ]]; then
        say "profiles go where LOCKPROF_SINK says: $LOCKPROF_SINK"
    elif [[ -n ${DD_API_KEY:-} && -z ${DD_AGENT_HOST:-}${DD_TRACE_AGENT_URL:-} ]]; then
        say "DD_API_KEY is set, and no Agent: profiles go past the Agent to ${DD_SITE:-datadoghq.com}, and to files"
    elif agent_answers; then
        say "there is a Datadog Agent: profiles go to it, which needs no key here, and to files"
    else
        say "there is no Datadog Agent: profiles go to files only"
        export LOCKPROF_SINK=file
    fi
}

# What to look for in the profiles that came since the file $2 was made, of the demo $1.
say_what_to_look_for() {
    local demo=$1 since=$2 files
    mapfile -t files < <(find "${LOCKPROF_OUTPUT%/*}" -name "lockprof.$demo.*.pb.gz" -newer "$since")
    say
    if ((${#files[@]} > 0)); then
        "$target/release/lockprof" report "${files[@]}"
        say
        printf 'profile: %s\n' "${files[@]}"
    fi
    say
    say "What to look for (docs/rlock-demos.md has more):"
    say "  - lock-acquire and lock-release: as many as the truth above says"
    say "  - lock-acquire-wait (Lock Wait Time) and lock-release-hold (Locked Time): its milliseconds"
    case $demo in
        *simple*)
            say "  - 250 acquisitions of depth 2: add_inside below add_two"
            say "  - threads Simple-0 to Simple-4 and Reentrant-0 to Reentrant-4"
            ;;
        *heavy*)
            say "  - depths 2 and 3 in nest_three_deep; Writer-N, Reader-N and Nested-N"
            say "  - most of the waiting put down to write_item: lockprof report --by holder FILE"
            ;;
        *stress*)
            say "  - four locks by name; level_three below level_two below level_one; fill_slot below look_up"
            say "  - threads Worker-0, Worker-1, ...: lockprof report --by thread FILE"
            ;;
    esac
    demo=${demo%_cxx}
    say "  - in Datadog: service ${demo//_/-}"
}

# Runs the demo $1 with the other arguments.
run_demo() {
    local demo=$1$suffix since
    shift
    since=$(mktemp "$place/.since.XXXXXX")
    say
    say "== $demo $*"
    "$target/demos/$demo" "$@" || {
        rm -f "$since"
        die "$demo failed"
    }
    say_what_to_look_for "$demo" "$since"
    rm -f "$since"
}

run_all() {
    run_demo rlock_simple_demo "${quick[@]}"
    run_demo rlock_heavy_contention "${quick[@]}"
    run_demo rlock_stress_test "${quick[@]}"
}

ask() {
    cat <<'TEXT'

Demos of re-entrant locks
  1  simple: ten threads, one counter (half a minute)
  2  heavy contention: fifteen threads (a minute)
  3  stress: 60 s, 10 workers
  4  stress: 120 s, 20 workers
  5  stress: 300 s, 30 workers
  6  all three (two and a half minutes)
  q  quit
TEXT
    local choice
    read -rp "Which one? " choice || choice=q
    case $choice in
        1) words=(simple) ;;
        2) words=(heavy) ;;
        3) words=(stress 60 10) ;;
        4) words=(stress 120 20) ;;
        5) words=(stress 300 30) ;;
        6) words=(all) ;;
        q) exit 0 ;;
        *) die "there is no choice $choice" ;;
    esac
}

((${#words[@]} > 0)) || ask
case ${words[0]} in
    simple | heavy | all) ((${#words[@]} == 1)) || die "${words[0]} takes no numbers; see --help" ;;
    stress) ;;
    *) die "there is no demo ${words[0]}; see --help" ;;
esac
check_library
choose_receivers
case ${words[0]} in
    simple) run_demo rlock_simple_demo "${quick[@]}" ;;
    heavy) run_demo rlock_heavy_contention "${quick[@]}" ;;
    stress) run_demo rlock_stress_test "${words[@]:1}" "${quick[@]}" ;;
    all) run_all ;;
esac
