# Sourced by the scripts beside it, from the repository's folder: installs Debian packages, and only those that are missing.
# It speaks on standard error, so that a script's output stays its own.

say() { echo "${0##*/}: $*" >&2; }

# need COMMAND:PACKAGE … FILE=PACKAGE …: a package for each command that is not on the PATH, and for each file that is not there.
need() {
    missing=
    for pair in "$@"; do
        case $pair in
        *=*) [ -e "${pair%%=*}" ] || missing="$missing ${pair##*=}" ;;
        *) command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}" ;;
        esac
    done
    install_packages $missing
}

install_packages() {
    [ $# -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        say "please install: $*"
        exit 1
    fi
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "please install, as root: apt-get install $*"
            exit 1
        fi
        as_root=sudo
    fi
    say "installing $*"
    $as_root apt-get update -q >&2
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
}

need_swift() {
    command -v swift >/dev/null && return 0
    say "no swift on the PATH: install Swift 6.3 or later, https://swift.org/install"
    exit 1
}

# The loader binds C libraries through libffi, and C plugins need a compiler.
need_loader() {
    need gcc:gcc make:make pkg-config:pkg-config readelf:binutils
    pkg-config --exists libffi || install_packages libffi-dev
}

python_environment=.build/python

# need_modules MODULE=PACKAGE …: those that are missing are installed into a virtual environment of the repository's own.
need_modules() {
    need python3:python3
    if [ ! -x "$python_environment/bin/python3" ]; then
        python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
        python3 -m venv "$python_environment" >&2
    fi
    missing=
    for pair in "$@"; do
        "$python_environment/bin/python3" -c "import ${pair%%=*}" 2>/dev/null || missing="$missing ${pair#*=}"
    done
    [ -z "$missing" ] && return 0
    say "installing$missing into $python_environment"
    "$python_environment/bin/python3" -m pip install --quiet --disable-pip-version-check $missing >&2
}
