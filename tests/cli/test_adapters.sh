#!/bin/sh
# test_adapters.sh MYNAH - LoRA adapters and the cache's type, on tiny random models; needs no weights.
. "$(dirname "$0")/lib.sh"
golden=$(realpath "$(dirname "$0")/../golden")
wide=$golden/text_wide.gguf a=$golden/lora_a.gguf
export XDG_DATA_HOME="$dir/data" XDG_CONFIG_HOME="$dir/config"

# said NAME ARGUMENT... - the greedy answer to one question.
said() {
    out=$1
    shift
    try "$out" 0 ask -q -m "$wide" --temp 0 -n 16 "$@" 'the user' && cp "$dir/out" "$dir/$out"
}
alike() { cmp -s "$dir/$1" "$dir/$2" && ok "$1 as $2" || not_ok "$1 as $2" "they differ"; }
unlike() { cmp -s "$dir/$1" "$dir/$2" && not_ok "$1 unlike $2" "they are the same" || ok "$1 unlike $2"; }
said base && said adapted --lora "$a" && unlike adapted base
said off --lora "$a=0" && alike off base
said whole --lora "$a=1" && alike whole adapted
said both --lora "$a=2" --lora "$golden/lora_b.gguf=3" && unlike both adapted
refuse "an adapter that is a model" 4 "text_wide.gguf: is no adapter" ask -m "$wide" --lora "$wide" x
refuse "an adapter that is not there" 4 "nothing.gguf" ask -m "$wide" --lora "$dir/nothing.gguf" x
refuse "an adapter of another architecture" 4 'lora_a.gguf.*"llama".*"qwen2"' ask -m "$golden/text_qwen2_tiny.gguf" --lora "$a" x
refuse "an adapter of another shape" 4 "lora_a.gguf: tensor blk.*expected.*found" ask -m "$golden/text_llama_tiny.gguf" --lora "$a" x

# In the chat: switched off it answers as without it, switched on again as before.
chat() { printf '%s\n' "$@" | timeout 60 "$mynah" --plain --new -m "$wide" --lora "$a=0.5" --temp 0 >"$dir/chat" 2>&1; }
chat /lora '/lora lora_a.gguf 0' /lora '/lora 1 x' '/lora other 1' '/lora 1 -2' /lora /quit
has "/lora lists" "1  lora_a.gguf  scale 0.5" "$dir/chat"
has "/lora switches" "lora_a.gguf has scale 0 from the next question on" "$dir/chat"
has "a scale that is none" "/lora takes an adapter and a scale" "$dir/chat"
has "another adapter" "'other' is no adapter" "$dir/chat"
has "by its number" "1  lora_a.gguf  scale -2" "$dir/chat"

said q8 --kv q8_0
refuse "heads that Q8_0 cannot hold" 2 "have 8.*--kv f16" ask -m "$golden/text_llama_tiny.gguf" --kv q8_0 x
exit "$n_failed"
