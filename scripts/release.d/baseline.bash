# The oldest C library that what is released runs on: its files to link with, and the proof that it is enough. Sourced.
# shellcheck shell=bash disable=SC2154 # what is not set here is set by scripts/release

# Debian 11 has it: glibc 2.31, as Ubuntu 20.04 has.
baseline_suite=bullseye
baseline=2.31
# What a program is compiled and linked with there; the compiler itself is the machine's own.
baseline_packages=(libc6 libc6-dev libgcc-s1 linux-libc-dev)

# Fetches the baseline's packages, with lists of apt-get's own beside those of the machine, and
# unpacks them into $sysroot, with $link_flags for the compiler; does nothing when they are there.
#
# Not by zig, which can name a glibc to link for: it puts an unwinder of its own into the library,
# and a thread that is cancelled while it waits in us is unwound by the program's.
require_sysroot() {
    sysroot=$target/tools/sysroot-$baseline_suite
    # For who sourced this. The first is not enough: the machine's own compiler looks beside itself before it looks there.
    # shellcheck disable=SC2034
    link_flags=("--sysroot=$sysroot" "-B$sysroot/usr/lib/$triplet" "-L$sysroot/usr/lib/$triplet"
        "-L$sysroot/lib/$triplet")
    [[ ! -d $sysroot ]] || return 0
    require_packages apt debian-archive-keyring
    local part=$sysroot.part apt keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    rm -rf "$part"
    mkdir -p "$part"/{root,etc,lists/partial,cache/archives/partial}
    touch "$part/status"
    say "deb [signed-by=$keyring] http://deb.debian.org/debian $baseline_suite main" >"$part/etc/sources.list"
    apt=(apt-get -q -o "Dir::Etc=$part/etc" -o "Dir::State=$part" -o "Dir::State::status=$part/status"
        -o "Dir::Cache=$part/cache" -o APT::Sandbox::User=root)
    { "${apt[@]}" update && (cd "$part" && "${apt[@]}" download "${baseline_packages[@]}"); } ||
        die "apt-get could not fetch the packages of $baseline_suite: ${baseline_packages[*]}"
    local file link
    for file in "$part"/*.deb; do
        dpkg-deb --extract "$file" "$part/root"
    done
    # They lead to the root of a whole system; here to the machine's own libraries.
    find "$part/root" -type l -lname '/*' | while read -r link; do
        ln -sfn --relative "$part/root$(readlink "$link")" "$link"
    done
    mv "$part/root" "$sysroot"
    rm -rf "$part"
}

# Fails when one of the files asks for a newer symbol than the baseline has, and names it.
expect_baseline() {
    local file version symbol bad=0
    for file in "$@"; do
        while read -r version symbol; do
            [[ $(printf '%s\n' "$version" "$baseline" | sort -V | tail -n 1) != "$baseline" ]] || continue
            say "${file##*/} needs $symbol of glibc $version, which is newer than $baseline"
            bad=1
        done < <(objdump -T "$file" | sed -nE 's/.*\*UND\*.*\(?GLIBC_([0-9.]+)\)? +([^ ]+)$/\1 \2/p')
    done
    ((bad == 0)) || die "that does not run on $baseline_suite"
}
