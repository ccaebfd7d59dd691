#!/usr/bin/env python3
"""Golden token ids of SentencePiece vocabularies, by the `sentencepiece` package over the GGUF file's own
tokens, scores and types.

  text_gemma_cut.gguf     Gemma 3's vocabulary cut down to what the corpus needs; no weights
  tokens_gemma_cut.txt    its ids, as make_tokens.py writes them
  tokens_prefix_cut.txt   the same with a blank in front of a text (as Llama 2, Mistral, Phi-3 have it)
Needs gemma-3-270m-q4_k_m.gguf (docs/models.md) in $MYNAH_MODELS.  `make_tokens_sp.py FILE` writes the ids of
the whole vocabulary to FILE, for a check by hand."""
import os, sys
from gguf import GGUFReader, GGUFWriter, TokenType
import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto
from make_tokens import CORPUS, HERE, MODELS, array, random_texts

BLANK = "\u2581"


def reference(tokens, types, scores, prefix):
    m = proto.ModelProto()
    for text, kind, score in zip(tokens, types, scores):
        blanks = text.replace(" ", BLANK) if kind == TokenType.USER_DEFINED else text
        m.pieces.add(piece=blanks, score=score, type=kind)
    m.trainer_spec.model_type = proto.TrainerSpec.BPE
    m.trainer_spec.byte_fallback = True
    m.normalizer_spec.name = "identity"
    m.normalizer_spec.add_dummy_prefix = prefix
    m.normalizer_spec.remove_extra_whitespaces = False
    m.normalizer_spec.escape_whitespaces = True
    return sentencepiece.SentencePieceProcessor(model_proto=m.SerializeToString())


def ids_of(sp, text):
    return sp.encode(text)


def write_cases(name, sp, texts):
    with open(os.path.join(HERE, name), "w") as f:
        for s in texts:
            f.write(" ".join([s.encode().hex() or "-"] + [str(i) for i in ids_of(sp, s)]) + "\n")


def write_gguf(name, tokens, types, scores):
    w = GGUFWriter(os.path.join(HERE, name), "llama")
    w.add_tokenizer_model("llama")
    w.add_tokenizer_pre("default")
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_scores(scores)
    w.add_bos_token_id(tokens.index("<bos>"))
    w.add_eos_token_id(tokens.index("<eos>"))
    w.add_add_space_prefix(False)
    w.add_add_bos_token(True)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()


def cut(sp, tokens, types, scores, texts):
    """All tokens that are part of a wanted text and not longer than 8 characters or wanted themselves: what they
    are joined from is among these.  Scores keep their order."""
    wanted = {tokens[i] for s in texts for i in ids_of(sp, s)}
    parts = {t[i:j] for t in wanted for i in range(len(t)) for j in range(i + 1, len(t) + 1)}
    whole = "\n".join(s.replace(" ", BLANK) for s in CORPUS)
    keep = [i for i, (t, ty) in enumerate(zip(tokens, types))
            if ty in (TokenType.BYTE, TokenType.UNKNOWN) or t in ("<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>", "<unused0>")
            or ty == TokenType.USER_DEFINED or t in parts or (len(t) <= 4 and t in whole)]
    return [tokens[i] for i in keep], [types[i] for i in keep], [scores[i] for i in keep]


def main():
    reader = GGUFReader(os.path.join(MODELS, "gemma-3-270m-q4_k_m.gguf"))
    tokens, types = (array(reader, "tokenizer.ggml." + k) for k in ("tokens", "token_type"))
    f = reader.fields["tokenizer.ggml.scores"]
    scores = [float(f.parts[i][0]) for i in f.data]
    types[tokens.index("<unk>")] = TokenType.UNKNOWN    # which SentencePiece wants
    texts = CORPUS + random_texts(300, 1)
    full = reference(tokens, types, scores, False)
    if len(sys.argv) > 1:
        write_cases(sys.argv[1], full, texts)
        return
    small = cut(full, tokens, types, scores, texts)
    write_gguf("text_gemma_cut.gguf", *small)
    for name, prefix in (("gemma", False), ("prefix", True)):
        write_cases(f"tokens_{name}_cut.txt", reference(*small, prefix), texts)


if __name__ == "__main__":
    main()
