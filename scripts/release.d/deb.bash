# The Debian package, by dpkg-deb: it is no more than the tree and one page of control. Sourced.
# shellcheck shell=bash disable=SC2154 # what is not set here is set by scripts/release

# make_deb BUILT
make_deb() {
    local tree=$work/deb
    # The loader's own folder: LD_PRELOAD=liblockprof.so is found there without a path.
    make_tree "$tree/usr" /usr "lib/$triplet" zsh/vendor-completions "$1"
    install -D -m 644 packaging/lintian-overrides "$tree/usr/share/lintian/overrides/lockprof"
    add_papers_of_debian "$tree/usr/share/doc/lockprof"
    add_control "$tree"
    settle "$tree"
    # xz, because dpkg of Debian 11 knows no zstd.
    dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$tree" \
        "$out/lockprof_$version-1_$architecture.deb" >/dev/null
}

# What Debian wants to find beside a program.
add_papers_of_debian() {
    { grep -v '^@MIT@' packaging/copyright && tail -n +5 LICENSE-MIT | sed 's/^$/./; s/^/ /'; } >"$1/copyright"
    gzip -9n <CHANGELOG.md >"$1/changelog.gz"
    gzip -9n >"$1/changelog.Debian.gz" <<TEXT
lockprof ($version-1) unstable; urgency=medium

  * Made by scripts/release; what is new stands in changelog.gz.

 -- $maintainer  $(LC_ALL=C date --utc --rfc-email --date "@$SOURCE_DATE_EPOCH")
TEXT
}

add_control() {
    local size
    # In KiB, as files are long: how full their blocks are depends on the disk.
    size=$(find "$1" -type f -printf '%s\n' | awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')
    install -d "$1/DEBIAN"
    sed -e "s|@VERSION@|$version|; s|@ARCHITECTURE@|$architecture|; s|@MAINTAINER@|$maintainer|" \
        -e "s|@SIZE@|$size|; s|@BASELINE@|$needed|" packaging/control >"$1/DEBIAN/control"
    # The loader keeps a list of its libraries.
    echo "activate-noawait ldconfig" >"$1/DEBIAN/triggers"
    (cd "$1" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
}

# Fails when Debian's own reader of packages finds a fault; what it must not ask for stands, with why, in the overrides.
expect_good_package() {
    require_packages lintian
    lintian --allow-root --fail-on error,warning "$1" || die "lintian has found the above"
    say "   lintian: nothing to say"
}
