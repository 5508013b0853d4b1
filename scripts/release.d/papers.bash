# What says who wrote what is linked in, under which licence: third-party texts and bills of material. Sourced.
# shellcheck shell=bash disable=SC2154 # what is not set here is set by scripts/release

about_version=0.9.3
cyclonedx_version=0.5.9

# Makes the papers in $work/papers, from a copy of the source: one of the tools writes beside manifests.
make_papers() {
    require_cargo_tool cargo-about "$about_version" --features cli
    require_cargo_tool cargo-cyclonedx "$cyclonedx_version"
    local copy=$work/source papers=$work/papers package
    mkdir -p "$copy" "$papers"
    git ls-files -z | xargs -0 cp --parents -t "$copy"
    cargo fetch --locked --quiet
    # Offline, texts come with the packages alone: no server is asked for others.
    (cd "$copy" && "$target/tools/bin/cargo-about" generate --workspace --locked --offline --fail \
        --config packaging/about.toml packaging/third-party.hbs --output-file "$papers/THIRD-PARTY.txt") ||
        die "cargo-about could not tell all licences"
    (cd "$copy" && PATH=$target/tools/bin:$PATH cargo cyclonedx --quiet --format json --spec-version 1.5 \
        --describe crate --no-build-deps --target "$(rustc -vV | sed -n 's/^host: //p')" --override-filename sbom)
    # Where the copy lies is told of every package of ours.
    for package in liblockprof:. lockprof:crates/cli; do
        sed "s|$copy|/lockprof|g" "$copy/${package#*:}/sbom.json" >"$papers/${package%%:*}.cdx.json"
    done
}
