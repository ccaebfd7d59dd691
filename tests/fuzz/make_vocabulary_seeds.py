"""Writes tests/fuzz/corpus/vocabulary: files with nothing but a small vocabulary, of each kind of tokenizer, good ones
and ill ones.  tests/test_vocabularies.c says what becomes of each."""
import os
import struct

from make_gguf_seeds import ARRAY, F32, I32, STRING, U32, array, gguf, scalar, text

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "vocabulary")
NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)
INF = float("inf")
BYTES = [(b"<0x%02X>" % i, 0.0, BYTE) for i in range(256)]
EDGES = [(b"<unk>", 0.0, UNKNOWN), (b"<s>", 0.0, CONTROL), (b"</s>", 0.0, CONTROL)]
B = "▁".encode()                     # U+2581
WORDS = [(B, -1.0, NORMAL), (b"a", -2.0, NORMAL), (b"b", -3.0, NORMAL), (b"ab", -1.5, NORMAL), (B + b"ab", -2.5, NORMAL)]
ILL = [(b"", 0.0, NORMAL), (b"", 5.0, USER), (b"", 0.0, CONTROL), (b"", 0.0, UNUSED), (b"a", 9.0, NORMAL), (b"ab", 9.0, NORMAL),
       (b"\xff\xfe", 0.0, NORMAL), (b"a\0b", 0.0, NORMAL), (b"ba", 0.0, 77), (b"bb", 0.0, -1)]


def write(name, kind, tokens, scores=True, unknown=0):
    keys = [
        text(b"tokenizer.ggml.model") + struct.pack("<I", STRING) + text(kind),
        array(b"tokenizer.ggml.tokens", STRING, len(tokens), b"".join(text(t[0]) for t in tokens)),
        array(b"tokenizer.ggml.token_type", I32, len(tokens), struct.pack("<%di" % len(tokens), *(t[2] for t in tokens))),
        scalar(b"tokenizer.ggml.bos_token_id", U32, "I", 1), scalar(b"tokenizer.ggml.eos_token_id", U32, "I", 2),
    ]
    if scores:
        keys.append(array(b"tokenizer.ggml.scores", F32, len(tokens), struct.pack("<%df" % len(tokens), *(t[1] for t in tokens))))
    if unknown is not None:
        keys.append(scalar(b"tokenizer.ggml.unknown_token_id", U32, "I", unknown))
    with open(os.path.join(FOLDER, name + ".gguf"), "wb") as f:
        f.write(gguf(keys, []))


def with_score(tokens, at, score):
    return [(t, score if i == at else s, k) for i, (t, s, k) in enumerate(tokens)]


os.makedirs(FOLDER, exist_ok=True)
write("sentencepiece", b"llama", EDGES + WORDS + BYTES)
write("sentencepiece_no_bytes", b"llama", EDGES + WORDS)
write("sentencepiece_neither", b"llama", EDGES[1:] + WORDS, unknown=None)
write("sentencepiece_ill", b"llama", EDGES + WORDS + ILL + BYTES[:200])
write("sentencepiece_infinite", b"llama", with_score(EDGES + WORDS, 6, INF))
write("unigram", b"t5", EDGES + WORDS)
write("unigram_no_unknown", b"t5", EDGES[1:] + WORDS, unknown=None)
write("unigram_ill", b"t5", EDGES + WORDS + ILL)
write("unigram_infinite", b"t5", with_score(EDGES + WORDS, 4, -INF))
write("unigram_huge", b"t5", with_score(with_score(EDGES + WORDS, 4, -3e38), 6, 3e38))
pieces = [(b"[UNK]", 0.0, NORMAL), (b"[CLS]", 0.0, CONTROL), (b"[SEP]", 0.0, CONTROL), (B + b"a", 0.0, NORMAL), (b"b", 0.0, NORMAL), (B + b"ab", 0.0, NORMAL)]
write("wordpiece", b"bert", pieces, scores=False)
write("wordpiece_no_unknown", b"bert", pieces[1:], scores=False, unknown=None)
write("wordpiece_ill", b"bert", pieces + ILL, scores=False)
