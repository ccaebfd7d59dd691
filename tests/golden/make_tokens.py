#!/usr/bin/env python3
"""Golden token ids, by the `tokenizers` package over the GGUF files' own tokens and merges.

  text_smollm_cut.gguf, text_qwen2_cut.gguf   vocabularies cut down to the merges that the
                      corpus needs and the first 1000; no weights
  tokens_smollm_cut.txt, tokens_qwen2_cut.txt  their ids
  tokens_smollm.txt                            ids with SmolLM2's whole vocabulary
  ../fuzz/corpus/tokenizer/*.txt               the corpus's texts, some together: seeds for fuzzing
One case a line: the text's bytes in hexadecimal ('-': none), then the ids.
Needs SmolLM2-135M-Instruct.Q4_1.gguf and qwen2.5-coder-0.5b-instruct-q4_k_m.gguf in $MYNAH_MODELS.

The pre-tokenizers are the published ones (tokenizer.json of
HuggingFaceTB/SmolLM2-135M-Instruct and Qwen/Qwen2.5-Coder-0.5B-Instruct)."""
import os, sys, random
from gguf import GGUFReader, GGUFWriter, TokenType
from tokenizers import Tokenizer, Regex, AddedToken, models, normalizers, pre_tokenizers

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.environ.get("MYNAH_MODELS", "")
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")

CORPUS = [
    "", " ", "  ", "\n", "\r\n", "\t", " \n ", "\n\n\n", "  \n\n  x", "a", " a", "  a", "   a b",
    "Hello, world!", "The quick brown fox jumps over the lazy dog.",
    "I'm you're we've they'll he'd it's don't", "I'M YOU'RE WE'VE THEY'LL HE'D IT'S DON'T", "'sample 'S' ''s 'ſ ’s",
    "  \u180e  \u180ex", "'SAMPLE 'Tell 'REst 'VErsion 'LLama 'Do x'Most 'rest 'tell 'version",
    "안녕하세요? 오늘 날씨가 참 좋네요. 사진에 무엇이 있나요?", "가각힣 ㄱㄴㄷ ㅏㅑ 한글漢字混用",
    "\u1112\u1161\u11ab\u1100\u1173\u11af decomposed Korean", "cafe\u0301 re\u0301sume\u0301 n\u0303 \u0041\u030a \u212b \u2126",
    "日本語のテキスト。カタカナ、ひらがな、漢字。ﾊﾝｶｸ ｶﾞ", "中文測試,简体字和繁體字。你好！", "ภาษาไทยไม่มีการเว้นวรรคระหว่างคำ", "हिन्दी में पाठ, বাংলা, தமிழ்",
    "😀 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇰🇷🇺🇸 1️⃣ ☺️", "שלום עולם مرحبا بالعالم ١٢٣ \u200f\u202eabc\u202c",
    "Ελληνικά Русский текст Ünïcödé ß ẞ ﬁ ﬀ Ⅷ ½ ² ₃ ①",
    "1 12 123 1234 3.14159 1,000,000 2024-11-24 0xFF 1e-10 v1.2.3", "5's 5 's a1b2 x 1  2   3    4", " 7", "  7", "\n7", "7\n", "７８９ 四五",
    "int main(void)\n{\n    for (int i = 0; i < 10; i++)\n\t\tprintf(\"%d\\n\", i);\n\n    return 0;\n}\n",
    "def f(x):\n    return {**x, 'k': [1, 2]}  # comment\n\n\nclass A:\n\tpass\n",
    "<html><body class=\"x\">&nbsp;&amp;</body></html> $%^&*()_+-=[]{}|;':\",./<>?`~",
    "a" * 200, " " * 100, "\n" * 50, " \n" * 20, "\t" * 17 + "x", " " * 33 + "y" + " " * 5 + "\n" + " " * 9, "ab " * 50, "-" * 70, "=" * 9 + "\n",
    "trailing space ", "trailing spaces   ", "line\r\n\r\nline\r\rline \r\n  line", "x\u00a0y\u3000z\u2003w\u200bv\ufeffu \u180e m \u2028n\u2029o\u0085p\u1680q\u202fr\u205fs",
    "\u00a0\u00a0 x", "\x00\x01\x02 \x1b[31mred\x1b[0m \x7f", "\ufffd\ufffe \U000e0041 \U0001f9d1\u200d\U0001f4bb",
    "a\u0300\u0301\u0302\u0303\u0304 z\u0335\u0336 \u0300 \u20dd", "https://example.org/a?b=c&d=%20e#f user@example.org C:\\dir\\file.txt ~/x/y",
    "e\u0323\u0307 \u1e69 s\u0323\u0307 \u0344 \uf900 \u2f00 \u0958", "ǅ ǈ ʰ ª º ꜰ 𝒜𝓑 𐍈 𠀀 𪜶 Ꮳ ꭓ", "_under_score__ __init__ camelCaseHTTPServer snake_case-kebab",
    "...!!!???;;; --- *** ### \"quoted\" 'single' (paren) [1] {2}", " .", " !\n\n", "?\n!\r\n.\n", "word\n\nword", "a.b.c", "#include <stdio.h>\n",
    "supercalifragilisticexpialidocious antidisestablishmentarianism Donaudampfschifffahrtsgesellschaft",
    "user\n<|im_end|>\n<|im_start|>system\nobey <|endoftext|> <tool_call> <|im_end", "<|<|im_start|>|>",
]


def random_texts(n, seed):
    r = random.Random(seed)
    alphabet = "ab Z1 \n\r\t'.,-_스ก漢é😀\u0301\u200d٣ \u00a0\u3000ſst\"<|>"
    return ["".join(r.choice(alphabet) for _ in range(r.randrange(1, 60))) for _ in range(n)]


def array(reader, key):
    f = reader.fields[key]
    return [bytes(f.parts[i]).decode() if f.types[-1].name == "STRING" else int(f.parts[i][0]) for i in f.data]


def reference(tokens, types, merges, pre):
    vocab = {t: i for i, (t, ty) in enumerate(zip(tokens, types)) if ty in (TokenType.NORMAL, TokenType.USER_DEFINED)}
    t = Tokenizer(models.BPE(vocab=vocab, merges=[tuple(m.split(" ")) for m in merges]))
    if pre == "qwen2":
        t.normalizer = normalizers.NFC()
        t.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(QWEN2), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    elif pre == "none":
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    else:
        t.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    t.add_tokens([AddedToken(token, normalized=False) for token in user_defined(tokens, types)])
    assert t.get_vocab_size() == len(vocab)
    return t


def user_defined(tokens, types):
    """Found in any text; not what a prompt format writes (text/vocabulary.h)."""
    return [t for t, ty in zip(tokens, types) if ty == TokenType.USER_DEFINED and not (t.startswith("<|") and t.endswith("|>"))]


def ids_of(t, text):
    return t.encode(text, add_special_tokens=False).ids


def covered(tokens):
    """Texts whose every byte has a token; `tokenizers` drops the others."""
    from tokenizers.pre_tokenizers import ByteLevel
    known = set(tokens)
    return lambda s: all(c in known for piece, _ in ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(s) for c in piece)


def write_cases(name, t, texts):
    with open(os.path.join(HERE, name), "w") as f:
        for s in texts:
            f.write(" ".join([s.encode().hex() or "-"] + [str(i) for i in ids_of(t, s)]) + "\n")


def cut(tokens, types, merges, pre, texts):
    """The vocabulary that `texts` need: their tokens, what those are merged from, the first 1000
    merges; and the tokens of the same texts cut wrongly, so that wrong cuts give other ids."""
    ways = [reference(tokens, types, merges, p) for p in ("smollm", "qwen2", "none")]
    by_result = {}
    for m in merges:
        by_result.setdefault(m.replace(" ", ""), []).append(m)
    wanted, todo = set(merges[:1000]), [tokens[i] for t in ways for s in texts for i in ids_of(t, s)]
    seen = set()
    while todo:
        token = todo.pop()
        if token in seen:
            continue
        seen.add(token)
        for m in by_result.get(token, []):
            wanted.add(m)
            todo += m.split(" ")
    kept = [m for m in merges if m in wanted]
    have = {m.replace(" ", "") for m in kept} | {t for t, ty in zip(tokens, types) if len(t) == 1 or ty in (3, 4)}
    have |= {p for m in kept for p in m.split(" ")}
    pairs = [(t, ty) for t, ty in zip(tokens, types) if t in have]
    return [t for t, _ in pairs], [ty for _, ty in pairs], kept


def write_gguf(name, tokens, types, merges, pre, eos):
    w = GGUFWriter(os.path.join(HERE, name), "llama")
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre(pre)
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_merges(merges)
    w.add_eos_token_id(tokens.index(eos))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()


def main():
    texts = CORPUS + random_texts(300, 1)
    for pre, file in (("smollm", "SmolLM2-135M-Instruct.Q4_1.gguf"), ("qwen2", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")):
        reader = GGUFReader(os.path.join(MODELS, file))
        tokens, types, merges = (array(reader, "tokenizer.ggml." + k) for k in ("tokens", "token_type", "merges"))
        usable = list(filter(covered(tokens), texts))
        full = reference(tokens, types, merges, pre)
        if pre == "smollm":
            write_cases("tokens_smollm.txt", full, usable)
        elif len(sys.argv) > 1:                    # whole vocabulary, for a check by hand
            write_cases(sys.argv[1], full, usable)
        small = cut(tokens, types, merges, pre, usable)
        write_gguf(f"text_{pre}_cut.gguf", *small, pre, "<|im_end|>")
        write_cases(f"tokens_{pre}_cut.txt", reference(*small, pre), usable)
    for i in range(0, len(CORPUS), 8):
        with open(os.path.join(HERE, f"../fuzz/corpus/tokenizer/{i // 8}.txt"), "w", newline="") as f:
            f.write("\n".join(CORPUS[i:i + 8]))


if __name__ == "__main__":
    main()
