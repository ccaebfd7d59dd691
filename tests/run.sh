#!/bin/sh
# run.sh BUILD check|test|fuzz - runs the tests of one build, two at a time, and adds them up.
#
#   check  unit tests and fuzz corpus: no network, no weights
#   test   all: check, tests that need weights (pulled when missing), cli and tui scripts
# A test program is cmocka's; a script prints "ok NAME" or "not ok NAME: why".  Many wait
# for a terminal or a clock, so that two take little more time than one: JOBS=1 for one.
cd "$(dirname "$0")/.." || exit 1
build=$1 what=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# One test, a line of list(): NAME, a tab, the command.  Prints what came of it when it has ended.
one() {
    name=${1%%	*} command=${1#*	} began=$(date +%s)
    sh -c "$command" >"$work/out" 2>&1 </dev/null
    status=$?
    p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' "$work/out" | awk '{ s += $1 } END { print s + 0 }')
    f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test(s).*/\1/p' "$work/out" | awk '{ s += $1 } END { print s + 0 }')
    p=$((p + $(grep -c '^ok ' "$work/out")))
    f=$((f + $(grep -c '^not ok ' "$work/out")))
    [ "$status" != 0 ] && [ "$f" = 0 ] && f=1
    {
        [ $((p + f)) = 0 ] && f=1 && echo "$name ran no test"
        printf '%-44s %3d passed, %d failed %4d s\n' "$name" "$p" "$f" $(($(date +%s) - began))
        [ "$f" = 0 ] || { grep -vE '^\[ +(RUN|OK) ' "$work/out" | tail -n 60; }
    } >"$work/report"
    cat "$work/report"
}
[ "$what" = one ] && { one "$3"; exit; }

list() { # NAME COMMAND
    printf '%s\t%s\n' "$1" "$2" >>"$work/list"
}
list_programs() { # PATTERN...
    for program; do
        name=${program##*/}
        case "$name" in
        *.d|*'*') ;;
        fuzz_*) list "$name" "$program tests/fuzz/corpus/${name#fuzz_}" ;;
        *) list "$name" "$program" ;;
        esac
    done
}
not_run() { echo "$1: not run: $2"; }

if [ "$what" = fuzz ]; then
    export FUZZ_SECONDS="${FUZZ_SECONDS:-60}"
    list_programs "$build"/tests/fuzz/fuzz_*
else
    list_programs "$build"/tests/test_* "$build"/tests/fuzz/fuzz_*
    [ -x "$build"/tests/test_kernels_emulated ] || not_run test_kernels_emulated "libsimde-dev is not there"
fi
if [ "$what" = test ]; then
    arm=build/aarch64/test_kernels      # a processor with ARMv8.2's dot products, and one without
    if [ -x $arm ] && command -v qemu-aarch64 >/dev/null; then
        list "test_kernels (aarch64, all)" "qemu-aarch64 -cpu max $arm"
        list "test_kernels (aarch64, ARMv8.0)" "qemu-aarch64 -cpu cortex-a53 $arm"
    elif [ "$(uname -m)" != aarch64 ]; then
        not_run "test_kernels (aarch64)" "the packages of tools/packages-test.txt are not there"
    fi
    "$build"/mynah pull tiny whisper-base efficientnet-lite2 ssd-coco minilm >"$work/pull" 2>&1 </dev/null ||
        { cat "$work/pull"; echo "the weights that tests need: 0 passed, 1 failed    0 s" | tee "$work/results"; }
    list_programs "$build"/tests/weights_*
    for script in tests/cli/test_*.sh tests/tui/test_*.sh; do
        list "$script" "sh $script $build/mynah"
    done
fi
xargs -d '\n' -n 1 -P "${JOBS:-2}" sh tests/run.sh "$build" one <"$work/list" | tee -a "$work/results"
sed -n 's/^.* \([0-9]*\) passed, \([0-9]*\) failed *[0-9]* s$/\1 \2/p' "$work/results" |
    awk -v least="$(wc -l <"$work/list")" '{ p += $1; f += $2; n++ }
        END { if (n < least) f += least - n; print p + 0 " passed, " f + 0 " failed"; exit f > 0 || n == 0 }'
