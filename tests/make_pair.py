#!/usr/bin/env python3
"""make_pair.py OUT.gguf TOKEN... - a text model of 32 numbers a token whose answer is these tokens, whatever it is asked.

Beside tests/golden/vision_idefics3.gguf it is a pair that says something known.  Attention and feed-forward are 0, so the
last token alone decides what follows: each token of the answer has a direction of its own, and the output weights lead
from "\\n", which opens an answer, to the first and from each to the next.  TOKEN is text, "\\xNN" in it a byte; the last one may be
@loop, which goes on with the first for ever; otherwise the answer ends behind it.  Python's standard library only.
"""
import struct
import sys

WIDTH, HEADS, FF, CONTEXT = 32, 4, 32, 1024
STRING, ARRAY, U32, I32, F32, BOOL = 8, 9, 4, 5, 6, 7
TEMPLATE = ("{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n'}}{% endfor %}"
            "{% if add_generation_prompt %}{{'<|im_start|>assistant\n'}}{% endif %}")


def byte_tokens():
    """GPT-2's printable stand-ins for the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return {b: chr(b if b in plain else 256 + [x for x in range(256) if x not in plain].index(b)) for b in range(256)}


def text_bytes(token):
    return b"".join(bytes([int(p[:2], 16)]) + p[2:].encode() if i else p.encode() for i, p in enumerate(token.split("\\x")))


def string(text):
    return struct.pack("<Q", len(text.encode())) + text.encode()


def array(kind, items):
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)


def main(path, *answer):
    loops = answer[-1:] == ("@loop",)
    answer = answer[:-1] if loops else answer
    stand_in = byte_tokens()
    tokens = [stand_in[b] for b in range(256)] + ["he", "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    first, end = len(tokens), len(tokens) - 1
    tokens += ["".join(stand_in[b] for b in text_bytes(t)) for t in answer]
    chain = [ord("\n"), *range(first, len(tokens)), first if loops else end]
    assert len(chain) < WIDTH, "an answer has at most %d tokens" % (WIDTH - 2)

    embedding = [[1.0] + [0.0] * (WIDTH - 1) for _ in tokens]
    output = [[0.0] * WIDTH for _ in tokens]
    for i, (token, following) in enumerate(zip(chain, chain[1:])):
        embedding[token] = [float(k == i + 1) for k in range(WIDTH)]
        output[following][i + 1] = 1.0
    ones, square = [1.0] * WIDTH, [0.0] * (WIDTH * WIDTH)
    tensors = {"token_embd.weight": (len(tokens), sum(embedding, [])), "output.weight": (len(tokens), sum(output, [])),
               "output_norm.weight": (1, ones), "blk.0.attn_norm.weight": (1, ones), "blk.0.ffn_norm.weight": (1, ones)}
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        tensors["blk.0.%s.weight" % name] = (WIDTH, square)

    kv = [("general.architecture", STRING, string("llama")), ("general.name", STRING, string("a pair that says something known"))]
    kv += [("llama." + k, U32, struct.pack("<I", v)) for k, v in (
        ("block_count", 1), ("context_length", CONTEXT), ("embedding_length", WIDTH), ("feed_forward_length", FF),
        ("attention.head_count", HEADS), ("attention.head_count_kv", HEADS), ("rope.dimension_count", WIDTH // HEADS))]
    kv += [("llama.attention.layer_norm_rms_epsilon", F32, struct.pack("<f", 1e-5)), ("llama.rope.freq_base", F32, struct.pack("<f", 10000.0)),
           ("tokenizer.ggml.model", STRING, string("gpt2")), ("tokenizer.ggml.pre", STRING, string("smollm")),
           ("tokenizer.ggml.tokens", ARRAY, array(STRING, [string(t) for t in tokens])),
           ("tokenizer.ggml.token_type", ARRAY, array(I32, [struct.pack("<i", 3 if 256 < i < first else 1) for i in range(len(tokens))])),
           ("tokenizer.ggml.merges", ARRAY, array(STRING, [string(stand_in[ord("h")] + " " + stand_in[ord("e")])])),
           ("tokenizer.ggml.eos_token_id", U32, struct.pack("<I", end)), ("tokenizer.chat_template", STRING, string(TEMPLATE))]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(kv))
    head += b"".join(string(k) + struct.pack("<I", kind) + value for k, kind, value in kv)
    data = b""
    for name, (rows, values) in tensors.items():
        sizes = (WIDTH,) if rows == 1 else (WIDTH, rows)
        head += string(name) + struct.pack("<I%dQIQ" % len(sizes), len(sizes), *sizes, 0, len(data))
        data += struct.pack("<%df" % len(values), *values)
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % 32) + data)


main(*sys.argv[1:])
