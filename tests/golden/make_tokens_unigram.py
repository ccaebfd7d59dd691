#!/usr/bin/env python3
"""Golden token ids of SentencePiece's unigram model, by the `sentencepiece` package, which also trains it here on the corpus.
Its version matters: 0.2.3 scores user-defined tokens by their length alone, and keeps sums within 100000.

  text_unigram_cut.gguf    A small vocabulary, identity normalisation; no weights
  tokens_unigram_cut.txt   their ids, as make_tokens.py writes them"""
import io, os
from gguf import GGUFWriter
import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto
from make_tokens import CORPUS, HERE, random_texts
from make_tokens_sp import write_cases


def main():
    longest = "\7" * 5464 + "...!!!???;;;aaaaaaaaaaa***" * 8      # unknown characters add up to more than SentencePiece lets sums grow
    texts = CORPUS + random_texts(200, 6) + [longest]
    lines = [line for s in CORPUS for line in s.split("\n") if line.strip() and "\0" not in line] * 2
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=trained, model_type="unigram", vocab_size=800,
                                             hard_vocab_limit=False, character_coverage=0.98, normalization_rule_name="identity",
                                             user_defined_symbols=["<sep>", "..."], num_threads=1, minloglevel=2)
    m = proto.ModelProto.FromString(trained.getvalue())
    w = GGUFWriter(os.path.join(HERE, "text_unigram_cut.gguf"), "t5")
    w.add_tokenizer_model("t5")
    w.add_token_list([p.piece for p in m.pieces])
    w.add_token_types([p.type for p in m.pieces])
    w.add_token_scores([p.score for p in m.pieces])
    w.add_bos_token_id(1), w.add_eos_token_id(2), w.add_unk_token_id(0)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()
    sp = sentencepiece.SentencePieceProcessor(model_proto=m.SerializeToString())
    write_cases("tokens_unigram_cut.txt", sp, texts)


if __name__ == "__main__":
    main()
