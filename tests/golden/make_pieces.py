#!/usr/bin/env python3
"""Golden pieces of the pre-tokenizers, by the `tokenizers` package.

  pieces.txt              a line is a text's bytes in hexadecimal ('-': none), then for each of NAMES the bytes of
                          its pieces, with commas ('-': none)
  text_llama3_cut.gguf    the vocabulary of text_qwen2_cut.gguf with a tenth of its merges dropped, so that some tokens
                          are no merge's result; pre-tokenizer llama-bpe
  tokens_llama3_cut.txt   its ids, as make_tokens.py writes them

The expressions are the published ones: tokenizer.json of HuggingFaceTB/SmolLM2-135M-Instruct, Qwen/Qwen2.5-Coder-0.5B-Instruct,
meta-llama/Llama-3.2-1B-Instruct, mistralai/Mistral-Nemo-Instruct-2407, Xenova/gpt-4o, openai-community/gpt2; qwen35 as Qwen3.5 has it."""
import os, random, unicodedata
from gguf import GGUFReader, GGUFWriter
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from make_tokens import CORPUS, HERE, array, random_texts, write_cases

CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
          r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
          r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN35 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
NAMES = ["smollm", "qwen2", "qwen35", "llama-bpe", "tekken", "gpt-4o", "gpt-2"]


def split(expression):
    return pre_tokenizers.Split(Regex(expression), "isolated")


def pre_tokenizer(name):
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    stages = {
        "smollm": [pre_tokenizers.Digits(individual_digits=True), gpt2],
        "qwen2": [split(CL100K.replace("{1,3}", "")), plain],
        "qwen35": [split(QWEN35), plain],
        "llama-bpe": [split(CL100K), plain],
        "tekken": [split(TEKKEN), plain],
        "gpt-4o": [split(GPT4O), plain],
        "gpt-2": [gpt2],
    }
    return pre_tokenizers.Sequence(stages[name])


def pieces(name, text):
    if name.startswith("qwen"):
        text = unicodedata.normalize("NFC", text)
    return ",".join(str(len(piece)) for piece, _ in pre_tokenizer(name).pre_tokenize_str(text)) or "-"


def llama3(texts):
    reader = GGUFReader(os.path.join(HERE, "text_qwen2_cut.gguf"))
    tokens, types, merges = (array(reader, "tokenizer.ggml." + k) for k in ("tokens", "token_type", "merges"))
    r = random.Random(3)
    merges = [m for m in merges if r.random() >= 0.1]
    w = GGUFWriter(os.path.join(HERE, "text_llama3_cut.gguf"), "llama")
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("llama-bpe")
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_merges(merges)
    w.add_bos_token_id(tokens.index("<|endoftext|>"))
    w.add_eos_token_id(tokens.index("<|im_end|>"))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()
    vocab = {t: i for i, (t, ty) in enumerate(zip(tokens, types)) if ty == 1}
    t = Tokenizer(models.BPE(vocab=vocab, merges=[tuple(m.split(" ")) for m in merges], ignore_merges=True))
    t.pre_tokenizer = pre_tokenizer("llama-bpe")
    write_cases("tokens_llama3_cut.txt", t, texts)


def main():
    texts = CORPUS + random_texts(120, 2) + ["camelCase HTTPServer iPhone's DON'T McDonald'S ÀÉn ǅa a/b//\n/ 1234567 12345٣٤٥٦٧", "\u0301\u0301a \u0301b ᾈ"]
    with open(os.path.join(HERE, "pieces.txt"), "w") as f:
        for s in texts:
            f.write(" ".join([s.encode().hex() or "-"] + [pieces(name, s) for name in NAMES]) + "\n")
    llama3([s for s in texts if "<tool_call>" not in s])


if __name__ == "__main__":
    main()
