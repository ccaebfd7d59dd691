#!/usr/bin/env python3
"""bench_pairs.py PIXELS OUT - a random encoder of pictures with SmolVLM's sizes (ViT-B/16, Q8_0, 4 x 4 patches a row), one tile of PIXELS.
bench_pairs.py sound OUT - one of sound with a quarter of Qwen2-Audio's layers (8 of Whisper large's 32, Q8_0).
"""
import array, os, random, struct, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from gguf_write import gguf_write

D, N_FF, N_LAYER, N_HEAD, N_EMBD, PATCH, MERGE = 768, 3072, 12, 12, 960, 16, 4


def floats(n, around):
    return array.array("f", [around + 0.1 * (i % 17 - 8) / 8 for i in range(n)])


def blocks(n_in, n_out):
    """Random weights of Q8_0; the same 1024 blocks over and over."""
    some = b"".join(struct.pack("<e", 1 / (64 * n_in ** 0.5)) + random.randbytes(32) for _ in range(1024))
    n = n_in * n_out // 32
    return (some * (n // 1024 + 1))[:34 * n]


def layers(prefix, n_layer, d, n_ff):
    for i in range(n_layer):
        for norm in ("ln1", "ln2"):
            yield from [(f"{prefix}.blk.{i}.{norm}.weight", [d], floats(d, 1)), (f"{prefix}.blk.{i}.{norm}.bias", [d], floats(d, 0))]
        for name, n_in, n_out in [(f"attn_{x}", d, d) for x in ("q", "k", "v", "out")] + [("ffn_up", d, n_ff), ("ffn_down", n_ff, d)]:
            yield f"{prefix}.blk.{i}.{name}.weight", [n_in, n_out], blocks(n_in, n_out)
            if (prefix, name) != ("a", "attn_k"):
                yield f"{prefix}.blk.{i}.{name}.bias", [n_out], floats(n_out, 0)


def pictures(pixels, path):
    tensors = [("v.patch_embd.weight", [PATCH, PATCH, 3, D], floats(PATCH * PATCH * 3 * D, 0)), ("v.patch_embd.bias", [D], floats(D, 0)),
               ("v.position_embd.weight", [D, (pixels // PATCH) ** 2], floats(D * (pixels // PATCH) ** 2, 0)),
               ("v.post_ln.weight", [D], floats(D, 1)), ("v.post_ln.bias", [D], floats(D, 0)),
               ("mm.model.fc.weight", [D * MERGE ** 2, N_EMBD], blocks(D * MERGE ** 2, N_EMBD))]
    gguf_write(path, [("general.architecture", "clip"), ("general.type", "mmproj"), ("clip.has_vision_encoder", True),
                      ("clip.projector_type", "idefics3"), ("clip.use_gelu", True), ("clip.vision.image_mean", [0.5, 0.5, 0.5]),
                      ("clip.vision.image_std", [0.5, 0.5, 0.5]), ("clip.vision.attention.layer_norm_epsilon", 1e-6),
                      ("clip.vision.embedding_length", D), ("clip.vision.block_count", N_LAYER), ("clip.vision.attention.head_count", N_HEAD),
                      ("clip.vision.projection_dim", N_EMBD), ("clip.vision.image_size", pixels), ("clip.vision.patch_size", PATCH),
                      ("clip.vision.projector.scale_factor", MERGE), ("clip.vision.preproc_image_size", pixels)],
               tensors + list(layers("v", N_LAYER, D, N_FF)))


def sound(path):
    d, n_mels, n_layer, n_head = 1280, 128, 8, 20
    tensors = [("a.conv1d.1.weight", [3, n_mels, d], floats(3 * n_mels * d, 0)), ("a.conv1d.1.bias", [d], floats(d, 0)),
               ("a.conv1d.2.weight", [3, d, d], floats(3 * d * d, 0)), ("a.conv1d.2.bias", [d], floats(d, 0)),
               ("a.position_embd.weight", [d, 1500], floats(d * 1500, 0)), ("a.post_ln.weight", [d], floats(d, 1)), ("a.post_ln.bias", [d], floats(d, 0)),
               ("mm.a.fc.weight", [d, N_EMBD], blocks(d, N_EMBD)), ("mm.a.fc.bias", [N_EMBD], floats(N_EMBD, 0))]
    gguf_write(path, [("general.architecture", "clip"), ("general.type", "mmproj"), ("clip.has_audio_encoder", True), ("clip.projector_type", "qwen2a"),
                      ("clip.audio.attention.layer_norm_epsilon", 1e-5), ("clip.audio.embedding_length", d), ("clip.audio.block_count", n_layer),
                      ("clip.audio.attention.head_count", n_head), ("clip.audio.num_mel_bins", n_mels), ("clip.audio.projection_dim", N_EMBD)],
               tensors + list(layers("a", n_layer, d, 4 * d)))


if __name__ == "__main__":
    random.seed(1)
    if sys.argv[1] == "sound":
        sound(sys.argv[2])
    else:
        pictures(int(sys.argv[1]), sys.argv[2])
