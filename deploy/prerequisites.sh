# Sourced by deploy/quickstart, tests/run and .ci/run: what a bare Debian 12 (or Ubuntu) machine lacks is installed here, and said.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

# need_packages PURPOSE PACKAGE...: installs what is missing as root; otherwise says the one command that does.
need_packages() {
    local purpose=$1 missing=() package
    shift
    if ! command -v dpkg-query >/dev/null 2>&1; then
        say "note: no dpkg here, so the system packages are not checked; on Debian they are: $*"
        return 0
    fi
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local install="apt-get install -y --no-install-recommends ${missing[*]}"
    if [ "$(id -u)" -eq 0 ]; then
        say "installing system packages $purpose: ${missing[*]}"
        { DEBIAN_FRONTEND=noninteractive apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install -qq; } >/tmp/auscult-apt.$$ 2>&1 \
            || { cat "/tmp/auscult-apt.$$" >&2; rm -f "/tmp/auscult-apt.$$"; fail "the packages could not be installed (above is what apt said)"; }
        rm -f "/tmp/auscult-apt.$$"
    else
        fail "system packages are missing $purpose; install them and start again: sudo apt-get update && sudo $install"
    fi
}

# need_cargo: a Rust toolchain of at least the version in Cargo.toml.
need_cargo() {
    command -v cargo >/dev/null 2>&1 || { [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"; }
    command -v cargo >/dev/null 2>&1 \
        || fail "cargo is missing; this installs it: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile default"
    local wanted have
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")
    have=$(rustc --version | sed -n 's/^rustc \([0-9]*\.[0-9]*\).*/\1/p')
    [ "$(printf '%s\n%s\n' "$wanted" "$have" | sort -V | head -n 1)" = "$wanted" ] \
        || fail "rustc $have is older than $wanted, which this project needs; this updates it: rustup update stable"
}

# What every build needs: a C and C++ compiler for librdkafka and ring, OpenSSL for librdkafka's TLS, libpcap for the sensor.
need_build_tools() {
    need_packages "for the build" gcc g++ make libc6-dev pkg-config libssl-dev libpcap-dev
    need_cargo
}
