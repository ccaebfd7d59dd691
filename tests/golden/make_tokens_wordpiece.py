#!/usr/bin/env python3
"""Golden token ids of BERT's tokenizer, by the `tokenizers` package over MiniLM's vocabulary.

  text_wordpiece_cut.gguf     the vocabulary cut down to what the corpus needs; no weights
  tokens_wordpiece_cut.txt    its ids, as make_tokens.py writes them
Needs minilm/vocab.txt (docs/models.md) in $MYNAH_MODELS.  `make_tokens_wordpiece.py FILE` writes the ids of the whole
vocabulary to FILE, for a check by hand."""
import os, re, sys
from gguf import GGUFWriter
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from make_tokens import CORPUS, HERE, MODELS, random_texts, write_cases

MORE = ["x" * 101, "x" * 100 + " x", "a\U0002b830b c\U0002b930d", "Ἀρχιμήδης ἘΝ İstanbul ẞ ĲSSEL ﬁn", "a_b $5+3=8 <x> `q` ^~| 50€ §4", "\u1fef\u037e \u302e\u1d165",
        "unaffable embeddings tokenization 2024", "[CLS] [MASK] [sep]", "\u00adsoft\u00adhyphen zero\u200dwidth"]


def reference(words):
    t = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return t


def is_control(word):
    return re.fullmatch(r"\[(PAD|UNK|CLS|SEP|MASK|unused\d+)\]", word) is not None


def cut(t, words, texts):
    used = {i for s in texts for i in t.encode(s, add_special_tokens=False).ids}
    return [w for i, w in enumerate(words) if i in used or w in ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[unused0]") or len(w) < 4]


def write_gguf(name, words):
    w = GGUFWriter(os.path.join(HERE, name), "bert")
    w.add_tokenizer_model("bert")
    w.add_token_list([x if is_control(x) else x[2:] if x.startswith("##") else "\u2581" + x for x in words])
    w.add_token_types([2 if x == "[UNK]" else 3 if is_control(x) else 1 for x in words])
    w.add_unk_token_id(words.index("[UNK]"))
    w.add_bos_token_id(words.index("[CLS]"))
    w.add_sep_token_id(words.index("[SEP]"))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()


def main():
    words = open(os.path.join(MODELS, "minilm/vocab.txt"), encoding="utf-8").read().split("\n")[:-1]
    texts = CORPUS + MORE + random_texts(200, 4)
    full = reference(words)
    if len(sys.argv) > 1:
        write_cases(sys.argv[1], full, texts)
        return
    small = cut(full, words, texts)
    write_gguf("text_wordpiece_cut.gguf", small)
    write_cases("tokens_wordpiece_cut.txt", reference(small), texts)


if __name__ == "__main__":
    main()
