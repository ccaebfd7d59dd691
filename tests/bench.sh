#!/bin/sh
# bench.sh BUILD [json] - speed of what people wait for, as a table or as one JSON object.
#
#   BENCH_THREADS=2  BENCH_KERNELS=avx2   how the program is run (the best kernels)
#   BENCH_ROUNDS=2                        each side in turn this often; its best figure counts
#   BENCH_CLIP=FILE                       a WAV file, instead of 11 s of assets/speech.flac
#   PEER_LLAMA_BENCH  PEER_WHISPER_CLI    llama.cpp's llama-bench, whisper.cpp's whisper-cli: measured on
#                                         the same files in the same run, flash attention on and off
#
# Measuring programs print NAME TAB VALUE TAB UNIT TAB NOTE (bench_rows.h).  In $rows "ours" or
# "peer" stands before; a name's best value counts: the lowest of ms and MB, the highest of others.
cd "$(dirname "$0")/.." || exit 1
build=$1 form=${2:-table}
threads=${BENCH_THREADS:-2} kernels=${BENCH_KERNELS:-} clip=${BENCH_CLIP:-}
[ -z "$PEER_LLAMA_BENCH$PEER_WHISPER_CLI$BENCH_ROUNDS" ] && rounds=1 || rounds=${BENCH_ROUNDS:-2}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"; kill $spinner 2>/dev/null' EXIT
trap 'exit 130' INT TERM
rows=$dir/rows failed=0 spinner=
: >"$rows"

say() { [ ! -t 2 ] || echo "bench: $*" >&2; }
fail() { echo "bench: $*" >&2; failed=1; }
path_of() { "$build"/mynah models --json | sed -n "s/.*\"name\":\"$1\".*\"path\":\"\([^\"]*\)\".*\"present\":true.*/\1/p"; }
row() { # side, name, value, unit, note
    printf '%s\t%s\t%s\t%s\t%s\n' "$@" >>"$rows"
}
ours() { # program of rows, arguments...
    program=$1; shift
    say "$program $1 ${5:-}"
    "$build/tests/$program" "$@" >"$dir/out" || { fail "$program failed"; return; }
    sed "s/^/ours$tab/" "$dir/out" >>"$rows"
}
watched() { # command...: its milliseconds in $ms, those until its last word in $said, its megabytes in $mb; what it printed in $dir/out and out.log
    say "$1"
    seen=$("$build"/tests/bench_run "$dir/out" "$@") || { fail "$1 failed: $(tail -n 1 "$dir/out.log")"; return 1; }
    ms=${seen%% *} mb=${seen##* } said=${seen#* }
    said=${said% *}
}
number() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$dir/out" | head -n 1; }
mynah() { # command, arguments...
    command=$1; shift
    watched "$build"/mynah "$command" -q -t "$threads" ${kernels:+--kernels "$kernels"} "$@"
}
tab=$(printf '\t')

# ---- text ---------------------------------------------------------------------------
# A line of llama-bench's JSON is one test; the best of its repetitions counts.
llama() { # what follows the names of rows, arguments...
    after=$1; shift
    say "llama-bench $name $*"
    "$PEER_LLAMA_BENCH" -m "$path" -t "$threads" -r 2 -o jsonl "$@" >"$dir/out" 2>/dev/null || { fail "llama-bench failed: $*"; return; }
    awk -v name="$name" -v after="$after" '
        function number_of(key) { return match($0, "\"" key "\": *[0-9]+") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) + 0 : 0 }
        {
            n = split(substr($0, index($0, "\"samples_ts\"")), part, /[][,]/)
            best = 0
            for (i = 2; i <= n; i++) if (part[i] + 0 > best) best = part[i] + 0
            prompt = number_of("n_prompt"); made = number_of("n_gen"); depth = number_of("n_depth")
            what = prompt > 0 ? "prefill " prompt : "decode " made (after == "" ? " after " depth : "")
            if (best > 0) printf "peer\t%s: %s%s\t%.4g\ttokens/s\t\n", name, what, after, best
        }' "$dir/out" >>"$rows"
}
start_of_ask() {
    for i in 1 2 3 4 5; do
        mynah ask -m "$name" -n 1 --temp 0 --json Hello || return
        row ours "$name: start to first prefill" \
            "$(awk "BEGIN { print $said - $(number prefill) - $(number decode) }")" ms "mynah ask until its answer, without its prefill and decode"
    done
}
text() { # name, further measurements of bench_text
    name=$1; shift
    path=$(path_of "$name")
    [ -n "$path" ] || { echo "bench: $name is not here (mynah pull $name)" >&2; return; }
    for round in $(seq "$rounds"); do
        ours bench_text "$name" "$path" "$threads" "$kernels" speed
        [ -z "$PEER_LLAMA_BENCH" ] || { llama '' -p 128,512 -n 0 -fa 0,1; llama '' -p 0 -n 32 -d 128 -fa 0,1; }
    done
    for what in "$@"; do
        case $what in
        memory) watched "$build"/tests/bench_text "$name" "$path" "$threads" "$kernels" memory &&
                    row ours "$name: peak memory, 512 tokens and 32" "$mb" MB "VmHWM"
                [ -z "$PEER_LLAMA_BENCH" ] || {
                    watched "$PEER_LLAMA_BENCH" -m "$path" -t "$threads" -p 0 -n 0 -pg 512,32 -r 1 -fa 1 &&
                    row peer "$name: peak memory, 512 tokens and 32" "$mb" MB ""; } ;;
        start)  start_of_ask ;;
        beside) ours bench_text "$name" "$path" "$threads" "$kernels" beside
                [ -z "$PEER_LLAMA_BENCH" ] || {
                    taskset -c "$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')" sh -c 'while :; do :; done' & spinner=$!
                    llama " beside a spinning process" -p 128 -n 32 -fa 1
                    kill $spinner; wait $spinner 2>/dev/null; spinner=; } ;;
        lookup) ours bench_lookup "$name" "$path" "$threads" "$kernels" ;;
        *)      ours bench_text "$name" "$path" "$threads" "$kernels" "$what" ;;
        esac
    done
}

# ---- sound --------------------------------------------------------------------------
words() { tr -s '[:space:]' ' ' | tr -d '[:punct:]' | tr '[:upper:]' '[:lower:]' | sed 's/^ //;s/ $//'; }
clip_to_text() {
    for i in 1 2 3; do
        mynah transcribe --lang en "$clip" || return
        words <"$dir/out" >"$dir/ours"
        row ours "$1" "$ms" ms "whole process"
        [ -n "$PEER_WHISPER_CLI" ] || continue
        watched "$PEER_WHISPER_CLI" -m "$path" -t "$threads" -bs 1 -bo 1 -nf -nt -np -l en -f "$clip" || return
        words <"$dir/out" >"$dir/peer"
        row peer "$1" "$ms" ms ""
    done
    [ -z "$PEER_WHISPER_CLI" ] || cmp -s "$dir/ours" "$dir/peer" || fail "the words differ: '$(cat "$dir/ours")' and the peer's '$(cat "$dir/peer")'"
}
encode() {
    for round in $(seq "$rounds"); do
        ours bench_sound "$path" "$threads" "$kernels"
        [ -n "$PEER_WHISPER_CLI" ] || continue
        watched "$PEER_WHISPER_CLI" -m "$path" -t "$threads" -bs 1 -bo 1 -nf -nt -l en -f "$dir/window.wav" || return
        row peer "$1" "$(sed -n 's/.*encode time = *\([0-9.]*\) ms.*/\1/p' "$dir/out.log")" ms ""
    done
}
sound() {
    path=$(path_of whisper-base)
    [ -n "$path" ] || { echo "bench: whisper-base is not here (mynah pull whisper-base)" >&2; return; }
    encode "whisper-base: encode of a 30 s window"
    clip_to_text "whisper-base: 11 s clip, file to text"
}

# ---- pictures -------------------------------------------------------------------------
pictures() {
    classifier=$(path_of efficientnet-lite2) detector=$(path_of ssd-coco)
    [ -n "$classifier" ] && [ -n "$detector" ] || { echo "bench: the image networks are not here (mynah pull efficientnet-lite2 ssd-coco)" >&2; return; }
    ours bench_image "$classifier" "$detector" "$dir/photograph.jpg" "$threads" "$kernels"
}
# Of pairs: weights of the published sizes, but random.
encoders() {
    for what in 384 512 sound; do
        file=assets/photograph.jpg
        [ "$what" = sound ] && file=assets/speech.flac
        python3 tests/bench_pairs.py "$what" "$dir/pair.gguf" || { fail "the random encoder was not written"; return; }
        ours bench_encoder "$dir/pair.gguf" "$what" "$file" "$threads" "$kernels"
    done
}

# ---- what comes out -------------------------------------------------------------------
flag_list() { # of the instruction sets that kernels are written for
    for flag in avx2 fma avx_vnni avx512f avx512bw avx512_vnni avx512_bf16 asimd asimddp i8mm; do
        ! grep -m 1 -E '^(flags|Features)' /proc/cpuinfo | grep -qw "$flag" || printf '%s ' "$flag"
    done
}
# A line for each name, in order of its first value: name, value, unit, note, the peer's value.
merge() {
    awk -F '\t' '
        function better(new, old, unit) { return unit == "ms" || unit == "MB" ? new < old : new > old }
        !($2 in unit) { order[++n] = $2; unit[$2] = $4 }
        { key = $1 "\t" $2 }
        !(key in value) || better($3 + 0, value[key], $4) { value[key] = $3 + 0 }
        $5 != "" { note[$2] = $5 }
        END {
            for (i = 1; i <= n; i++) {
                ours = "ours\t" order[i]; peer = "peer\t" order[i]
                if (ours in value)
                    printf "%s\t%.4g\t%s\t%s\t%s\n", order[i], value[ours], unit[order[i]], note[order[i]], (peer in value) ? value[peer] : ""
            }
        }' "$rows"
}
table() {
    echo "$cpu, $cores cores; $threads threads, kernels $used; $flags"
    echo "commit $commit; ms, MB and bytes: less is better, the others: more"
    [ -z "$PEER_LLAMA_BENCH$PEER_WHISPER_CLI" ] || echo "peer: the value of llama.cpp or whisper.cpp, and ours / theirs"
    merge | awk -F '\t' '{ printf "%-56s %9s %-9s %s%s\n", $1, $2, $3, $5 != "" ? sprintf("peer %s = %.2f  ", $5, $2 / $5) : "", $4 }'
}
models_json() {
    for model in default small tiny whisper-base efficientnet-lite2 ssd-coco; do
        file=$(path_of "$model")
        [ -n "$file" ] || continue
        printf '%s"%s":"%s"' "${comma}" "$model" "$(sha256sum "$file" | cut -d ' ' -f 1)"
        comma=,
    done
}
json() {
    printf '{"machine":{"cpu":"%s","cores":%s,"threads":%s,"kernels":"%s","flags":"%s"},"commit":"%s","models":{' \
        "$cpu" "$cores" "$threads" "$used" "$flags" "$commit"
    comma=; models_json
    printf '},"rows":['
    merge | awk -F '\t' '{
        gsub(/["\\]/, "\\\\&")
        printf "%s{\"name\":\"%s\",\"value\":%s,\"unit\":\"%s\"", (NR > 1 ? "," : ""), $1, $2, $3
        if ($4 != "") printf ",\"note\":\"%s\"", $4
        if ($5 != "") printf ",\"peer\":%s,\"ratio\":%.4g", $5, $2 / $5
        printf "}"
    }'
    printf ']}\n'
}

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
cores=$(nproc)
used=$("$build"/mynah doctor -q ${kernels:+--kernels "$kernels"} | sed -n 's/.*threads, kernels \(.*\)/\1/p')
flags=$(flag_list | sed 's/ $//')
commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
"$build"/tests/bench_files assets "$dir" || exit 1
clip=${clip:-$dir/clip.wav}
ours bench_machine "$kernels" "$threads"
text default memory start beside deep lookup
text small beside
text tiny lookup
sound
pictures
encoders
ours bench_view
ours bench_chat
ours bench_sessions "$dir"
"$form"
exit "$failed"
