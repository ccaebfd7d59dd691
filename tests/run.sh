#!/bin/sh
# run.sh BUILD check|test|fuzz - runs the tests of one build and adds them up.
#
#   check  unit tests and fuzz corpus: no network, no weights
#   test   all: check, tests that need weights (pulled when missing), cli and tui scripts
# A test program is cmocka's; a script prints "ok NAME" or "not ok NAME: why".
cd "$(dirname "$0")/.." || exit 1
build=$1 what=$2
passed=0 failed=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

add() { # name, exit status; counts what $out holds
    p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' "$out" | awk '{ s += $1 } END { print s + 0 }')
    f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test(s).*/\1/p' "$out" | awk '{ s += $1 } END { print s + 0 }')
    p=$((p + $(grep -c '^ok ' "$out")))
    f=$((f + $(grep -c '^not ok ' "$out")))
    [ "$2" != 0 ] && [ "$f" = 0 ] && f=1
    [ $((p + f)) = 0 ] && f=1 && echo "$1 ran no test"
    passed=$((passed + p)) failed=$((failed + f))
    printf '%-44s %3d passed, %d failed\n' "$1" "$p" "$f"
    [ "$f" = 0 ] || { grep -vE '^\[ +(RUN|OK) ' "$out" | tail -n 60; }
}
run() { # name, command...
    name=$1; shift
    "$@" >"$out" 2>&1 </dev/null
    add "$name" $?
}

if [ "$what" = fuzz ]; then
    export FUZZ_SECONDS="${FUZZ_SECONDS:-60}"
    for fuzzer in "$build"/tests/fuzz/fuzz_*; do
        [ -x "$fuzzer" ] && case "$fuzzer" in *.d) ;; *) run "${fuzzer##*/}" "$fuzzer" tests/fuzz/corpus/"${fuzzer##*/fuzz_}" ;; esac
    done
    echo "$passed passed, $failed failed"; [ "$failed" = 0 ]; exit
fi
for program in "$build"/tests/test_* "$build"/tests/fuzz/fuzz_*; do
    case "$program" in *.d|*'*') continue ;; esac
    name=${program##*/}
    case "$name" in
    fuzz_*) run "$name" "$program" "tests/fuzz/corpus/${name#fuzz_}" ;;
    *) run "$name" "$program" ;;
    esac
done
[ -x "$build"/tests/test_kernels_emulated ] ||
    echo "test_kernels_emulated                        not run: libsimde-dev is not there"
if [ "$what" = test ]; then
    arm=build/aarch64/test_kernels      # a processor with ARMv8.2's dot products, and one without
    if [ -x $arm ] && command -v qemu-aarch64 >/dev/null; then
        run "test_kernels (aarch64, all)" qemu-aarch64 -cpu max $arm
        run "test_kernels (aarch64, ARMv8.0)" qemu-aarch64 -cpu cortex-a53 $arm
    elif [ "$(uname -m)" != aarch64 ]; then
        echo "test_kernels (aarch64)                       not run: the packages of tools/packages-test.txt are not there"
    fi
    "$build"/mynah pull tiny whisper-base efficientnet-lite2 ssd-coco minilm >"$out" 2>&1 </dev/null ||
        { cat "$out"; echo "the weights that tests need could not be pulled"; failed=$((failed + 1)); }
    for program in "$build"/tests/weights_*; do
        case "$program" in *.d|*'*') continue ;; esac
        run "${program##*/}" "$program"
    done
    for script in tests/cli/test_*.sh tests/tui/test_*.sh; do
        [ -f "$script" ] && run "$script" sh "$script" "$build/mynah"
    done
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
