# What makes the same source the same bytes, wherever it lies and whoever builds it. Sourced.
# shellcheck shell=bash disable=SC2154 # what is not set here is set by scripts/release

# Flags for rustc that put fixed names in the place of this machine's folders.
remapped_paths() {
    local index cargo_home=${CARGO_HOME:-$HOME/.cargo}
    local flags=("--remap-path-prefix=$root=/lockprof" "--remap-path-prefix=$target=/target"
        "--remap-path-prefix=$(rustc --print sysroot)=/rust")
    # Of packages, the folder of each registry too: where they were fetched is the machine's business.
    for index in "$cargo_home"/registry/src/*/; do
        flags+=("--remap-path-prefix=${index%/}=/crates")
    done
    printf '%s ' "${flags[@]}"
}

# Sets the time that all files get: that of the commit.
fix_time() {
    : "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null)}"
    [[ $SOURCE_DATE_EPOCH =~ ^[0-9]+$ ]] || die "no commit says when this was made: set SOURCE_DATE_EPOCH"
    export SOURCE_DATE_EPOCH
}

# Fails when a file below the folder says where it was built.
expect_no_path_of_this_machine() {
    local place
    for place in "$root" "$target" "${CARGO_HOME:-$HOME/.cargo}" "$(rustc --print sysroot)"; do
        ! grep -rlaF -- "$place" "$1" || die "the files above say where they were built: $place"
    done
}
