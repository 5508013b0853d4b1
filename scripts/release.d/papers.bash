# What says who wrote what is linked in, under which licence: third-party texts and bills of material. Sourced.
# shellcheck shell=bash disable=SC2154 # what is not set here is set by scripts/release

about_version=0.9.3
cyclonedx_version=0.5.9

# Makes the papers in $work/papers, two for each program, from a copy of the source: one of the tools writes
# beside manifests.
make_papers() {
    # With the comparing of texts optimised: without, that takes a quarter of an hour.
    require_cargo_tool cargo-about "$about_version" --features cli --config 'profile.dev.package.spdx.opt-level=3'
    require_cargo_tool cargo-cyclonedx "$cyclonedx_version"
    local copy=$work/source papers=$work/papers package host
    host=$(rustc -vV | sed -n 's/^host: //p')
    mkdir -p "$copy" "$papers"
    git ls-files -z | xargs -0 cp --parents -t "$copy"
    cargo fetch --locked --quiet
    (cd "$copy" && PATH=$target/tools/bin:$PATH cargo cyclonedx --quiet --format json --spec-version 1.5 \
        --no-build-deps --target "$host" --override-filename sbom)
    for package in liblockprof:. lockprof:crates/cli; do
        tell_licences "$copy/${package#*:}" "$papers/${package%%:*}.licences.txt"
        # Where the copy lies is told of every package of ours.
        sed "s|$copy|/lockprof|g" "$copy/${package#*:}/sbom.json" >"$papers/${package%%:*}.cdx.json"
        expect_all_named "$copy/${package#*:}" "$papers/${package%%:*}"
    done
}

# Writes what others wrote of the program whose manifest lies in a folder, with the texts of their licences.
tell_licences() {
    # Offline, texts come with the packages alone: no server is asked for others.
    (cd "$1" && "$target/tools/bin/cargo-about" generate --locked --offline --fail --target "$host" \
        --config "$root/packaging/about.toml" "$root/packaging/third-party.hbs" --output-file "$2") ||
        die "cargo-about could not tell all licences"
    # What a package has from others again lies deeper in it. (cargo-about can be told of each such
    # file, but reads its licence from the wrong key as of 0.9.3.)
    local crate text place
    while read -r crate; do
        for place in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"${crate/ /-}"; do
            while read -r text; do
                printf '\n%s\n%s, in:\n  %s\n\n' "$(printf '=%.0s' {1..78})" "${text#./}" "$crate"
                cat "$place/$text"
            done < <(cd "$place" && find . -mindepth 2 -type f -iname '*licen[cs]e*' ! -name '*.rs' | LC_ALL=C sort)
        done
    done < <(list_crates "$1") >>"$2"
}

# The packages of others that are linked into the program whose manifest lies in a folder: name and version.
list_crates() {
    (cd "$1" && cargo tree --locked --offline --target "$host" --edges normal,no-proc-macro --prefix none \
        --format '{p}' | sed -nE 's/^([^ ]+) v([^ ]+)( \(\*\))?$/\1 \2/p' | LC_ALL=C sort -u)
}

# Fails when one of the papers keeps quiet about one of them.
expect_all_named() {
    local crate number=0
    while read -r crate; do
        grep -qxF -- "  $crate" "$2.licences.txt" || die "${2##*/}.licences.txt says nothing of $crate"
        grep -qF -- "pkg:cargo/${crate/ /@}" "$2.cdx.json" || die "${2##*/}.cdx.json says nothing of $crate"
        number=$((number + 1))
    done < <(list_crates "$1")
    ((number > 10)) || die "cargo tree told of $number crates only"
    say "   ${2##*/}: $number crates of others, their licences and a bill of material"
}
