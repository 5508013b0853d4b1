# What is installed, as files below a folder: one tree, of which the package and the tarball are made. Sourced.
# shellcheck shell=bash disable=SC2154 # what is not set here is set by scripts/release

# make_tree FOLDER PREFIX LIBDIR ZSHDIR BUILT: PREFIX as pkg-config tells it, the others below
# FOLDER; BUILT has both programs.
make_tree() {
    local to=$1 prefix=$2 libdir=$3 zsh=$4 built=$5 shell
    install -D -m 755 "$built/lockprof" "$to/bin/lockprof"
    # Not set-user-id, so that the loader lets no set-user-id program have it.
    install -D -m 644 "$built/liblockprof.so" "$to/$libdir/liblockprof.so"
    install -D -m 644 include/lockprof.h "$to/include/lockprof.h"
    install -d "$to/$libdir/pkgconfig"
    sed -e "s|@PREFIX@|$prefix|; s|@LIBDIR@|$libdir|; s|@VERSION@|$version|" packaging/lockprof.pc \
        >"$to/$libdir/pkgconfig/lockprof.pc"
    install -d "$to"/share/{man/man1,bash-completion/completions,fish/vendor_completions.d,"$zsh"}
    "$built/lockprof" man "$to/share/man/man1"
    gzip -9n "$to"/share/man/man1/*.1
    for shell in bash:bash-completion/completions/lockprof fish:fish/vendor_completions.d/lockprof.fish \
        "zsh:$zsh/_lockprof"; do
        "$built/lockprof" completions "${shell%%:*}" >"$to/share/${shell#*:}"
    done
    add_documents "$to/share/doc/lockprof"
}

# What there is to read: how it is used, who may use it, what is in it, and examples.
add_documents() {
    install -d "$1/examples"
    install -m 644 README.md "$1/"
    cp -R docs "$1/docs"
    # It makes the pictures, which are there.
    rm "$1/docs/pictures/shoot.mjs"
    cp -R examples/systemd examples/container examples/named_locks.c "$1/examples/"
    install -D -m 644 -t "$1/examples/rust" examples/rust/Cargo.toml examples/rust/Cargo.lock
    cp -R examples/rust/src "$1/examples/rust/"
    [[ ! -d $work/papers ]] || cp "$work"/papers/* "$1/"
}

# Gives all files below the folder the same time, and rights that do not depend on who made them.
settle() {
    find "$1" -type d -exec chmod 755 {} +
    find "$1" -type f ! -path '*/bin/*' -exec chmod 644 {} +
    find "$1" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
}

# The tarball: all in one folder, which may lie anywhere.
make_tarball() {
    local name=lockprof-$version-$triplet
    # Of where the file lies, not of where it was made.
    # shellcheck disable=SC2016
    make_tree "$work/$name" '${pcfiledir}/../..' lib zsh/site-functions "$1"
    sed "s|@BASELINE@|$needed|" packaging/INSTALL >"$work/$name/INSTALL"
    install -m 644 LICENSE-APACHE LICENSE-MIT CHANGELOG.md "$work/$name/share/doc/lockprof/"
    settle "$work/$name"
    tar --create --format=gnu --sort=name --owner=0 --group=0 --numeric-owner --directory "$work" "$name" |
        xz -6 --threads=1 >"$out/$name.tar.xz"
}
