#!/bin/sh
# Installs what a Debian 12 machine with git, make and rustup still lacks, and makes the media, the models and the
# pages.
#
#   setup.sh run     what building, `quaywatch demo` and a centre that sees and hears need
#   setup.sh test    and what the tests need
#   setup.sh eval    what building and the evaluation need
#
# Takes well under a second when all is there. Installs packages as root, or through sudo.
set -eu
cd "$(dirname "$0")/.."

build="build-essential pkg-config libclang-dev libavcodec-dev libavformat-dev libavutil-dev libswscale-dev libswresample-dev"
# The simulated cameras, their sound, and the broker. -ugly has the H.264 encoder, -bad the H.265 one, -libav AAC.
simulated="python3 python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gir1.2-gst-rtsp-server-1.0
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
  ffmpeg espeak-ng mosquitto ca-certificates"
# A wall clock that the tests can set for one process, a bad link between two namespaces, a browser, and what asks the
# API everything.
tests="faketime iproute2 procps curl chromium python3-venv"
# The evaluation makes its scenes with it.
evaluation="python3-numpy"

# What fetches and builds the models, once; npm comes out of a Python package where there is none.
building_models="python3-pip python3-numpy python3-onnx"

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }

missing_packages() {
    # shellcheck disable=SC2086 # the lists are words on purpose
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null || true)
    for package in $wanted; do
        echo "$installed" | grep -qx "installed $package" || echo "$package"
    done
}

install_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || fail "this needs Debian's packages, and there is no apt-get here:" $missing
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "run this as root, or install sudo: packages are missing:" $missing
        as_root=sudo
    fi
    say "installing" $missing
    {
        $as_root apt-get -q update || say "the package lists could not be updated: is there a network? Trying with the old ones."
        # shellcheck disable=SC2086
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing ||
            fail "apt-get could not install all of these (see above):" $missing
    } >&2
    case " $(echo $missing) " in
    *" mosquitto "*)
        # The demo and the tests start brokers of their own: the service that the package starts is not needed.
        if [ -d /run/systemd/system ]; then $as_root systemctl disable --now mosquitto >/dev/null 2>&1 || true; fi ;;
    esac
}

check_rust() {
    # rustup puts cargo here; a shell that was open before does not know it.
    if ! command -v cargo >/dev/null && [ -f "$HOME/.cargo/env" ]; then . "$HOME/.cargo/env"; fi
    command -v cargo >/dev/null || fail "cargo is not found: install Rust with rustup (https://rustup.rs)."
    cargo --version >/dev/null || fail "cargo is there but does not run: \`rustup default stable\` sets a toolchain."
}

check_rust_tools() {
    for tool in fmt clippy; do
        cargo $tool --version >/dev/null 2>&1 && continue
        component=$tool; [ $tool = fmt ] && component=rustfmt
        say "adding $component"
        rustup component add $component >&2 || fail "the tests need $component: \`rustup component add $component\`."
    done
}

case "${1:-}" in
run | test | eval) ;;
*) fail "usage: setup.sh run | test | eval" ;;
esac
wanted="$build $simulated"
[ "$1" != test ] || wanted="$wanted $tests"
[ "$1" != eval ] || wanted="$wanted $evaluation"
check_rust
[ "$1" != test ] || check_rust_tools
install_packages
/usr/bin/python3 deploy/sim/media.py
export PYTHONDONTWRITEBYTECODE=1
# The evaluation runs the service's own models, and no others.
models=$1; [ "$1" != eval ] || models=run
if ! /usr/bin/python3 deploy/models/make.py "$models" --check; then
    wanted=$building_models
    install_packages
    /usr/bin/python3 deploy/models/make.py "$models" || fail "the models are not all there (see above)."
fi
# What people see in a browser, built into the binary.
/usr/bin/python3 deploy/npm.py build
