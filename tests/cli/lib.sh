# lib.sh - for tests of the command line: runs the program, checks status, stdout and stderr.
mynah=$(realpath "$1")
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
unset LC_ALL LC_MESSAGES LANG
n_failed=0

ok() { echo "ok $1"; }
not_ok() { echo "not ok $1: $2"; n_failed=$((n_failed + 1)); }

# try NAME STATUS ARGUMENT... - runs `mynah ARGUMENT...`; true when it ends with STATUS within LIMIT_S, 60 s.
try() {
    name=$1 want=$2
    shift 2
    timeout "${LIMIT_S:-60}" "$mynah" "$@" >"$dir/out" 2>"$dir/err" </dev/null
    status=$?
    [ "$status" = "$want" ] && return 0
    not_ok "$name" "status $status, expected $want; $(head -c 300 "$dir/err")"
    return 1
}
# refuse NAME STATUS PATTERN ARGUMENT... - nothing on stdout, stderr matches, in under 2 s.
refuse() {
    name=$1 status_wanted=$2 pattern=$3
    shift 3
    started=$(date +%s%N)
    try "$name" "$status_wanted" "$@" || return
    took_ms=$((($(date +%s%N) - started) / 1000000))
    if [ -s "$dir/out" ]; then not_ok "$name" "stdout has $(head -c 100 "$dir/out")"
    elif ! grep -qE -- "$pattern" "$dir/err"; then not_ok "$name" "stderr says $(head -c 300 "$dir/err")"
    elif [ "$took_ms" -gt "${LIMIT_MS:-2000}" ]; then not_ok "$name" "took $took_ms ms"
    else ok "$name"
    fi
}
# has NAME PATTERN [FILE] - the last stdout (or another file) matches.
has() { if grep -qE -- "$2" "${3:-$dir/out}"; then ok "$1"; else not_ok "$1" "no /$2/ in $(head -c 300 "${3:-$dir/out}")"; fi; }
# lacks NAME PATTERN - the last stdout does not match.
lacks() { if grep -qE -- "$2" "$dir/out"; then not_ok "$1" "/$2/ in $(head -c 300 "$dir/out")"; else ok "$1"; fi; }
