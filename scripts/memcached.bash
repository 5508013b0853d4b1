# A memcached of our own on a free port of 127.0.0.1, and the load for it. Sourced after setup.bash.
# shellcheck shell=bash

# Starts the given command followed by memcached's own arguments, and waits until it serves.
# Sets server (the command's process) and port. $1 is a folder for its two small files.
start_server() {
    local folder=$1 tries
    shift
    server_folder=$folder
    rm -f "$folder/port" "$folder/pid"
    # -p -1: a free port, which memcached writes down. -u counts only for root,
    # whom memcached would not serve otherwise.
    MEMCACHED_PORT_FILENAME=$folder/port "$@" \
        -p -1 -U 0 -l 127.0.0.1 -t 4 -m 256 -u "$(id -un)" -P "$folder/pid" &
    server=$!
    for ((tries = 0; tries < 100; tries++)); do
        port=$(sed -n 's/^TCP INET: //p' "$folder/port" 2>/dev/null || true)
        [[ -z $port ]] || return 0
        kill -0 "$server" 2>/dev/null || die "memcached did not start"
        sleep 0.1
    done
    die "memcached did not serve within 10 seconds"
}

# Asks the server to end and waits for it, five seconds at most.
stop_server() {
    local tries status=0
    kill -TERM "$server"
    for ((tries = 0; tries < 50; tries++)); do
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    if kill -0 "$server" 2>/dev/null; then
        end_server
        die "memcached did not end within 5 seconds of SIGTERM"
    fi
    wait "$server" || status=$?
    server=
    ((status == 0)) || die "memcached ended with status $status"
}

# Whatever happens to us, nothing of ours goes on: call it from the exit trap.
end_server() {
    [[ -n ${server:-} ]] || return 0
    # The command's child first, in case the command is not memcached itself.
    local child
    child=$(cat "$server_folder/pid" 2>/dev/null || true)
    [[ -z $child ]] || kill -KILL "$child" 2>/dev/null || true
    kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}

# Gets and sets from two threads for the given number of seconds; prints operations a second.
load_server() {
    local tool output
    # One program, named differently by different releases.
    tool=$(command -v memcaslap || command -v memaslap) || die "memcaslap is missing (libmemcached-tools)"
    output=$(timeout "$(($1 + 20))" "$tool" -s "127.0.0.1:$port" -T 2 -c 32 -t "$1s" 2>&1) ||
        die "memcaslap failed: $output"
    output=$(sed -n 's/.* TPS: \([0-9]*\) .*/\1/p' <<<"$output")
    [[ -n $output ]] || die "memcaslap printed no throughput"
    printf '%s\n' "$output"
}
