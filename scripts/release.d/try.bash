# Whether the package does what it should: installed, used and removed, below a folder or in a root of its own. Sourced.
# shellcheck shell=bash disable=SC2154 # what is not set here is set by scripts/release

# What a program in C says to the compiler, as whoever has the package would: by its pkg-config.
# try_link COMPILER ROOT TO: links the example below ROOT's own library.
try_link() {
    local compiler=$1 in=$2 to=$3 flags
    flags=$(PKG_CONFIG_SYSROOT_DIR=$in PKG_CONFIG_LIBDIR=$in/usr/lib/$triplet/pkgconfig \
        PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 pkg-config --cflags --libs lockprof)
    # Words, each a flag.
    # shellcheck disable=SC2086
    $compiler -Wall -Werror -pthread -o "$to" examples/named_locks.c $flags
    objdump -p "$to" >"$work/needs"
    grep -q 'NEEDED *liblockprof.so$' "$work/needs" || die "-llockprof left no need for the library"
}

# What the example must leave: eight accounts, each taken exactly a thousand times.
# expect_truth NAME ROOT FOLDER LOCKPROF...: FOLDER below ROOT, as LOCKPROF sees it.
expect_truth() {
    local name=$1 in=$2 folder=$3 counts profiles
    shift 3
    profiles=("$in$folder"/*.pb.gz)
    [[ ${#profiles[@]} -eq 1 && -f ${profiles[0]} ]] || die "$name: not one profile but ${profiles[*]}"
    counts=$("$@" report --format csv "${profiles[0]#"$in"}" | awk -F , '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        $column["lock"] ~ /account/ { print $column["lock"], $column["acquisitions"] }' | sort)
    local wanted
    wanted=$(for number in {0..7}; do echo "account $number 1000"; done)
    [[ $counts == "$wanted" ]] || die "$name: the profile should say
$wanted
and says
$counts"
    say "   $name: a true profile"
}

# What lies below a root, without what dpkg and man keep for themselves.
list_files() {
    (cd "$1" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./tmp -o -path ./var/lib/dpkg \
        -o -path ./var/log -o -path ./var/cache \) -prune -o -print | LC_ALL=C sort)
}

# Fails where removing left something, or took something along.
expect_same_files() {
    diff "$1" <(list_files "$2") || die "removing the package did not leave the files of before"
    say "   removed: the same files as before"
}

# Whether the manual page can be read, and each shell completes by its file.
expect_papers() {
    local in=$1 share=$1/usr/share
    gzip -dc "$share/man/man1/lockprof-run.1.gz" | groff -man -Tutf8 -ww >"$work/page" 2>"$work/groff"
    [[ ! -s $work/groff ]] || die "groff on lockprof-run(1): $(<"$work/groff")"
    grep -q LOCKPROF_OUTPUT "$work/page" || die "lockprof-run(1) says nothing of LOCKPROF_OUTPUT"
    # shellcheck disable=SC1091
    (source "$share/bash-completion/completions/lockprof" && complete -p lockprof) >/dev/null ||
        die "the completion of bash completes nothing"
    [[ $(HOME=$work zsh -fc 'fpath=($1 $fpath); autoload -Uz compinit && compinit -u -D && autoload +X _lockprof &&
        print $_comps[lockprof]' zsh "$share/zsh/vendor-completions") == _lockprof ]] ||
        die "the completion of zsh completes nothing"
    HOME=$work fish --no-config --command "source $share/fish/vendor_completions.d/lockprof.fish
        complete --do-complete 'lockprof flame'" | grep -q '^flamegraph' || die "the completion of fish completes nothing"
    say "   manual page and completions: there"
}

# Installs below an empty folder, on this system: a minute less than a root, and no need to be root.
try_below_a_folder() {
    local in=$work/below package=$1 as=(fakeroot)
    mkdir -p "$in/var/lib/dpkg"/{info,updates,triggers} "$work"/{run,alone}
    touch "$in/var/lib/dpkg"/{status,available}
    list_files "$in" >"$work/before"
    # What it depends on is not below that folder but here.
    "${as[@]}" dpkg --root="$in" --force-depends --force-script-chrootless --install "$package" >/dev/null 2>&1 ||
        die "dpkg could not install $package"
    gcc -Wall -Werror -pthread -I "$in/usr/include" -o "$work/named_locks" examples/named_locks.c
    LOCKPROF_OUTPUT=$work/run "$in/usr/bin/lockprof" run --sample 1 -- "$work/named_locks" >"$work/said" 2>&1 ||
        die "lockprof run: $(<"$work/said")"
    expect_truth "lockprof run" "" "$work/run" "$in/usr/bin/lockprof"
    try_link gcc "$in" "$work/linked"
    LOCKPROF_OUTPUT=$work/alone LD_LIBRARY_PATH=$in/usr/lib/$triplet LOCKPROF_SAMPLE=1 "$work/linked" >/dev/null
    expect_truth "linked" "" "$work/alone" "$in/usr/bin/lockprof"
    expect_papers "$in"
    "${as[@]}" dpkg --root="$in" --force-script-chrootless --purge lockprof >/dev/null 2>&1 || die "dpkg could not remove it"
    expect_same_files "$work/before" "$in"
}

# Installs in a fresh system of that name, which debootstrap makes once and which stays as it was.
try_in_root() {
    local suite=$1 package=$2 in=$target/tools/root-$1
    ((EUID == 0)) || die "a root can be made and entered by root only"
    require_packages debootstrap debian-archive-keyring util-linux mount
    if [[ ! -d $in ]]; then
        rm -rf "$in.part"
        debootstrap --variant=minbase "$suite" "$in.part" >/dev/null || die "debootstrap could not make $suite"
        mv "$in.part" "$in"
    fi
    say "$suite: glibc $(dpkg-query --admindir="$in/var/lib/dpkg" -W -f '${Version}' libc6)"
    # What a try that failed has left.
    chroot "$in" dpkg --purge lockprof >/dev/null 2>&1
    rm -rf "$in"/tmp/*
    list_files "$in" >"$work/before"
    make_older "$package" "$in/tmp/older.deb"
    cp "$package" "$in/tmp/lockprof.deb"
    chroot "$in" dpkg --install /tmp/older.deb >/dev/null
    [[ -e $in/usr/share/doc/lockprof/gone ]] || die "the older package is not there"
    chroot "$in" dpkg --install /tmp/lockprof.deb >/dev/null
    expect_as_packed "$in"
    gcc "${link_flags[@]}" -Wall -Werror -pthread -I "$in/usr/include" -o "$in/tmp/named_locks" examples/named_locks.c
    try_link "gcc ${link_flags[*]}" "$in" "$in/tmp/program-linked"
    try_ways_to_load "$in"
    try_end_without_main "$in"
    expect_papers "$in"
    chroot "$in" dpkg --purge lockprof >/dev/null
    rm -rf "$in"/tmp/*
    expect_same_files "$work/before" "$in"
}

# Makes a package like this one, of a version before it, with a file that this one has no more.
make_older() {
    local tree=$work/older
    rm -rf "$tree"
    dpkg-deb --raw-extract "$1" "$tree"
    sed -i 's/^Version: .*/Version: 0.0.1-1/' "$tree/DEBIAN/control"
    echo gone >"$tree/usr/share/doc/lockprof/gone"
    dpkg-deb --root-owner-group --build "$tree" "$2" >/dev/null
}

# Fails when what was installed is not what was packed, or more than that: programs nobody asked about load nothing.
expect_as_packed() {
    local in=$1 said have
    # Names for dpkg-query to fill in.
    # shellcheck disable=SC2016
    have=$(chroot "$in" dpkg-query --show --showformat '${db:Status-Status} ${Version}' lockprof)
    [[ $have == "installed $version-1" ]] || die "installed should be $version-1, and there is: $have"
    [[ ! -e $in/usr/share/doc/lockprof/gone ]] || die "the file of the older package is still there"
    said=$(chroot "$in" dpkg --verify lockprof) || true
    [[ -z $said ]] || die "dpkg --verify: $said"
    [[ ! -e $in/etc/ld.so.preload ]] || die "there is a list of what every program loads"
    say "   in the place of an older one: as packed"
}

# C libraries before 2.34 do not tell how many threads there are: a program without its main must end there too.
try_end_without_main() {
    local in=$1
    gcc "${link_flags[@]}" -Wall -Werror -pthread -o "$in/tmp/main_exits_early" c-tests/main_exits_early.c
    # Far longer than it takes: what is to be told apart is a second and for ever.
    in_folder "$in" ended timeout 100 env LD_PRELOAD=liblockprof.so LOCKPROF_SAMPLE=1 /tmp/main_exits_early
    compgen -G "$in/tmp/ended/*.pb.gz" >/dev/null || die "a program whose main ended first left no profile"
    say "   main ends before its threads: ended, with a profile"
}

# Runs a command in a root that has its own /proc, as a started system does; that goes with the command.
enter() {
    # For the other shell.
    # shellcheck disable=SC2016
    unshare --mount sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$@"
}

# Each way a program gets the library, each in a folder of its own; and the one in which it must not.
try_ways_to_load() {
    local in=$1
    in_folder "$in" run lockprof run --sample 1 -- /tmp/named_locks
    expect_truth "lockprof run" "$in" /tmp/run enter "$in" lockprof
    in_folder "$in" preloaded env LD_PRELOAD=liblockprof.so LOCKPROF_SAMPLE=1 /tmp/named_locks
    expect_truth "LD_PRELOAD=liblockprof.so" "$in" /tmp/preloaded enter "$in" lockprof
    in_folder "$in" linked env LOCKPROF_SAMPLE=1 /tmp/program-linked
    expect_truth "linked" "$in" /tmp/linked enter "$in" lockprof
    cp "$in/tmp/named_locks" "$in/tmp/privileged"
    chmod u+s "$in/tmp/privileged"
    in_folder "$in" setuid setpriv --reuid=nobody --clear-groups env LD_PRELOAD=liblockprof.so /tmp/privileged
    [[ -z $(ls "$in/tmp/setuid") ]] || die "a set-user-id program was profiled"
    say "   set-user-id: not profiled"
    enter "$in" lockprof doctor -- /tmp/named_locks | tail -n 1
}

in_folder() {
    local in=$1 folder=$2
    shift 2
    mkdir -m 777 "$in/tmp/$folder"
    # Which words are whose is decided here.
    # shellcheck disable=SC2016
    enter "$in" sh -c 'cd "$0" && exec "$@"' "/tmp/$folder" "$@" >/dev/null 2>"$work/said" ||
        die "in $in failed: $*: $(<"$work/said")"
}
