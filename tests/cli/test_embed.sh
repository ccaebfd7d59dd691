#!/bin/sh
# test_embed.sh MYNAH - embeddings by the tiny models in tests/golden; needs no weights.
. "$(dirname "$0")/lib.sh"
golden=$(realpath "$(dirname "$0")/../golden")
bert=$golden/text_bert_tiny.gguf

# says NAME PYTHON - an expression over `rows`, the objects of the last stdout.
says() {
    python3 -c "import json,sys; rows = [json.loads(line) for line in open(sys.argv[1])]; sys.exit(not ($2))" "$dir/out" && ok "$1" ||
        not_ok "$1" "$(head -c 300 "$dir/out")"
}
# Of length 1, to the digits that are printed.
unit='all(abs(sum(x * x for x in row["embedding"]) - 1) < 1e-5 for row in rows)'

try "two texts" 0 embed -m "$bert" "a b c" "a b d" && says "two texts" 'len(rows) == 2 and [len(row["embedding"]) for row in rows] == [32, 32]' &&
    says "of length 1" "$unit" && says "each its own" 'rows[0]["embedding"] != rows[1]["embedding"] and rows[0]["input"] == "a b c"'
printf 'a b c\n\nb\r\n' >"$dir/text"
try "a file" 0 embed -m "$bert" "$dir/text" && says "a file" 'len(rows) == 1 and rows[0]["tokens"] == 4'
try "its lines" 0 embed -m "$bert" --lines "$dir/text" && says "its lines" '[row["tokens"] for row in rows] == [3, 0, 1] and [row["line"] for row in rows] == [1, 2, 3]'
printf 'a b c' | "$mynah" embed -m "$bert" - >"$dir/out" && says "standard input" 'len(rows) == 1 and rows[0]["tokens"] == 3'
try npy 0 embed -m "$bert" --lines --format npy "$dir/text"
python3 - "$dir/out" <<'PYTHON' && ok npy || not_ok npy "$(head -c 128 "$dir/out")"
import ast, struct, sys
data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x93NUMPY\x01\x00"
n = struct.unpack("<H", data[8:10])[0]
header = ast.literal_eval(data[10:10 + n].decode())
assert header == {"descr": "<f4", "fortran_order": False, "shape": (3, 32)} and (10 + n) % 64 == 0 and data[9 + n:10 + n] == b"\n"
row = struct.unpack("<96f", data[10 + n:])
assert abs(sum(x * x for x in row[:32]) - 1) < 1e-5
PYTHON
long=$(printf 'a %.0s' $(seq 30))
try "too long" 0 embed -m "$bert" "$long" && says "too long" 'rows[0]["tokens"] == 30 and rows[0]["left_out"] == 8' &&
    has "what is left out is said" '30 tokens.*the last 8 are left out' "$dir/err"
try "a decoder" 0 embed -m "$golden/text_llama_tiny.gguf" "a text" && says "a decoder" "len(rows) == 1 and $unit"
refuse "no text" 2 "takes texts" embed
refuse "nothing to read" 3 "text is empty" embed -m "$golden/text_llama_tiny.gguf" ""
MYNAH_MODELS=$dir/none refuse "no model" 4 "mynah pull minilm" embed "a text"
exit "$n_failed"
