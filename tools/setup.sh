#!/bin/sh
# setup.sh [test] - installs the Debian packages of tools/packages.txt that are
# missing, saying which; with `test` those of tools/packages-test.txt too, without
# which some tests do not run.  Does nothing when all are there.
cd "$(dirname "$0")/.." || exit 1
command -v dpkg-query >/dev/null || {
    echo "setup: this is not a Debian system; install the libraries of tools/packages.txt by hand" >&2
    exit 0
}

install_list() { # a file of package names
    missing=
    for package in $(sed 's/#.*//' "$1"); do
        case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) in
        *"ok installed") ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -z "$missing" ] && return 0

    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || {
            echo "setup: these packages are missing and sudo is not there; install them as root:" >&2
            echo "  apt-get install --no-install-recommends$missing" >&2
            return 1
        }
        as_root=sudo
    fi
    echo "setup: installing$missing" >&2
    { $as_root apt-get -qq update && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y --no-install-recommends install $missing; } >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        echo "setup: apt-get could not install the packages above" >&2
        return 1
    }
}
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
install_list tools/packages.txt || exit 1
if [ "${1:-}" = test ] && [ "$(uname -m)" = x86_64 ]; then
    install_list tools/packages-test.txt || echo "setup: going on without them; NEON kernels are then not tested under qemu" >&2
fi
