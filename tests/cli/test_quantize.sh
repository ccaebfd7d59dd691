#!/bin/sh
# test_quantize.sh MYNAH - a file in other types, read again; what is refused.  Needs no weights.
. "$(dirname "$0")/lib.sh"
golden=$(dirname "$0")/../golden/text_llama_tiny.gguf
cp "$golden" "$dir/in.gguf"

try "write Q8_0" 0 quantize "$dir/in.gguf" "$dir/q8.gguf" Q8_0 && has "it tells sizes" "q8.gguf: Q8_0, [0-9.]+ MB from [0-9.]+ MB" "$dir/err"
[ -s "$dir/out" ] && not_ok "nothing on standard output" "$(head -c 100 "$dir/out")" || ok "nothing on standard output"
[ "$(stat -c %s "$dir/q8.gguf")" -lt "$(stat -c %s "$dir/in.gguf")" ] && ok "it is smaller" || not_ok "it is smaller" "$(ls -l "$dir")"
try "rows of 32 in a K mix" 0 quantize "$dir/in.gguf" "$dir/q4.gguf" q4_k_m && has "other types are told" "got another type, because rows are not whole blocks of 256" "$dir/err"
try "quiet" 0 quantize -q "$dir/in.gguf" "$dir/f16.gguf" F16
[ -s "$dir/err" ] && not_ok "quiet is quiet" "$(head -c 100 "$dir/err")" || ok "quiet is quiet"
try "quantised before" 0 quantize "$dir/q8.gguf" "$dir/again.gguf" Q4_0 && has "that is told" "had been quantised before.*begin with an F16 or F32 file" "$dir/err"
for file in q8 q4 f16 again; do
    try "mynah answers with $file" 0 ask -q -m "$dir/$file.gguf" -n 3 --temp 0 Hello && ok "mynah answers with $file"
done

before=$(sha256sum <"$dir/q8.gguf")
refuse "OUT is there" 3 "q8.gguf: is there already; --force writes over it" quantize "$dir/in.gguf" "$dir/q8.gguf" Q4_0
[ "$before" = "$(sha256sum <"$dir/q8.gguf")" ] && ok "and is left alone" || not_ok "and is left alone" changed
try "force" 0 quantize --force "$dir/in.gguf" "$dir/q8.gguf" Q4_0 && ok "force"
before=$(sha256sum <"$dir/in.gguf")
refuse "the input as output" 3 "is the file that is read" quantize "$dir/in.gguf" "$dir/in.gguf" Q4_0
refuse "the input as output, forced" 3 "is the file that is read" quantize --force "$dir/in.gguf" "$dir/./in.gguf" Q4_0
[ "$before" = "$(sha256sum <"$dir/in.gguf")" ] && ok "the input is as it was" || not_ok "the input is as it was" changed
refuse "unknown type" 2 "'Q7_K' is not a type that can be written; these are: F32 F16 .* Q2_K" quantize "$dir/in.gguf" "$dir/x.gguf" Q7_K
refuse "a type that is only read" 2 "'IQ4_XS' is not a type" quantize "$dir/in.gguf" "$dir/x.gguf" IQ4_XS
refuse "too few arguments" 2 "mynah quantize IN OUT TYPE" quantize "$dir/in.gguf" Q4_0
refuse "no such input" 4 "none.gguf: No such file" quantize "$dir/none.gguf" "$dir/x.gguf" Q4_0
refuse "no such folder" 3 "none/x.gguf: cannot be written: No such file" quantize "$dir/in.gguf" "$dir/none/x.gguf" Q4_0
printf GGUF >"$dir/cut.gguf"
refuse "a cut file" 4 "cut.gguf: the file ends" quantize "$dir/cut.gguf" "$dir/x.gguf" Q4_0
# Type 16, which is not read, in place of the first tensor's: 4 bytes before its offset, which is 0.
python3 - "$dir/in.gguf" "$dir/iq.gguf" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(b"token_embd.weight") + len("token_embd.weight") + 4 + 16
data[at:at + 4] = (16).to_bytes(4, "little")
open(sys.argv[2], "wb").write(data)
PYTHON
refuse "a type that is not read" 4 "token_embd.weight is of type 16 \(IQ2_XXS\), which is not supported; F32, .* IQ4_XS are" quantize "$dir/iq.gguf" "$dir/x.gguf" Q4_0
[ "$(ls "$dir" | grep -c 'x\.gguf')" = 0 ] && ok "nothing half is left" || not_ok "nothing half is left" "$(ls "$dir")"
exit "$n_failed"
