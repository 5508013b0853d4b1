# A MariaDB of our own on a socket, written to by sixteen clients, without and with fsync of its binary log. Sourced.
# shellcheck shell=bash
# What is set in setup.bash and in scripts/worked-example is not seen from here.
# shellcheck disable=SC2154

database() {
    mariadb --no-defaults --socket="$work/socket" --user=root --execute="$1" >/dev/null 2>&1
}

# Starts the server in the given setting, behind the given words, and waits until it answers.
start_mariadb() {
    local sync=1 tries
    [[ $1 == slow ]] || sync=0
    shift
    "$@" mariadbd --no-defaults --datadir="$work/data" --socket="$work/socket" --skip-networking \
        --user="$(id -un)" --pid-file="$work/pid" --log-bin="$work/data/binlog" --sync-binlog="$sync" \
        >"$work/log" 2>&1 &
    server=$!
    for ((tries = 0; tries < 150; tries++)); do
        ! database "select 1" || return 0
        kill -0 "$server" 2>/dev/null || die "mariadbd did not start; see $work/log"
        sleep 0.2
    done
    die "mariadbd did not answer within 30 seconds; see $work/log"
}

# Ends the server. It is the child when lockprof run stands in front of it.
end_mariadb() {
    [[ -n ${server:-} ]] || return 0
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" || true
    server=
}

load_mariadb() {
    timeout "$((seconds + 60))" sysbench oltp_update_non_index --db-driver=mysql --mysql-socket="$work/socket" \
        --mysql-user=root --mysql-db=bench --table-size=100000 --rand-type=uniform --threads=16 "$@"
}

prepare_mariadb() {
    require_packages mariadb-server-core mariadb-client-core sysbench
    mariadb-install-db --no-defaults --datadir="$work/data" --user="$(id -un)" \
        --auth-root-authentication-method=normal --skip-test-db >"$work/log" 2>&1 || die "see $work/log"
    start_mariadb slow
    database "create database bench"
    load_mariadb prepare >"$work/log" || die "see $work/log"
    end_mariadb
}

# One run; prints what was done a second, or with show=yes what lockprof run says at the end.
run_mariadb() {
    local front=()
    [[ $2 == without ]] || front=("$lockprof" run --output "$work/profiles/" --)
    start_mariadb "$1" "${front[@]}"
    load_mariadb --time="$seconds" run >"$work/load"
    end_mariadb
    if [[ ${show:-no} == yes ]]; then
        sed -n '/^lockprof: in/,$p' "$work/log"
    else
        sed -n 's/.*transactions:.*(\([0-9.]*\) per sec.*/\1 transactions/p' "$work/load"
    fi
}

reports_mariadb() {
    say
    say "\$ lockprof report --by edge --top 3 FILE"
    "$lockprof" report --by edge --top 3 "$1"
    say
    say "\$ lockprof report --by sync --focus MYSQL_BIN_LOG --top 3 FILE"
    "$lockprof" report --by sync --focus MYSQL_BIN_LOG --top 3 "$1"
}
