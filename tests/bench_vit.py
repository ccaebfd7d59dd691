#!/usr/bin/env python3
"""bench_vit.py PIXELS OUT - a random encoder of pictures with SmolVLM's sizes (ViT-B/16, Q8_0, 4 x 4 patches a row), one tile of PIXELS."""
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


def main():
    pixels, path = int(sys.argv[1]), sys.argv[2]
    random.seed(1)
    tensors = [("v.patch_embd.weight", [PATCH, PATCH, 3, D], floats(PATCH * PATCH * 3 * D, 0)), ("v.patch_embd.bias", [D], floats(D, 0)),
               ("v.position_embd.weight", [D, (pixels // PATCH) ** 2], floats(D * (pixels // PATCH) ** 2, 0)),
               ("v.post_ln.weight", [D], floats(D, 1)), ("v.post_ln.bias", [D], floats(D, 0)),
               ("mm.model.fc.weight", [D * MERGE ** 2, N_EMBD], blocks(D * MERGE ** 2, N_EMBD))]
    for i in range(N_LAYER):
        for norm in ("ln1", "ln2"):
            tensors += [(f"v.blk.{i}.{norm}.weight", [D], floats(D, 1)), (f"v.blk.{i}.{norm}.bias", [D], floats(D, 0))]
        for name, n_in, n_out in [(f"attn_{x}", D, D) for x in ("q", "k", "v", "out")] + [("ffn_up", D, N_FF), ("ffn_down", N_FF, D)]:
            tensors += [(f"v.blk.{i}.{name}.weight", [n_in, n_out], blocks(n_in, n_out)), (f"v.blk.{i}.{name}.bias", [n_out], floats(n_out, 0))]
    gguf_write(path, [("general.architecture", "clip"), ("general.type", "mmproj"), ("clip.has_vision_encoder", True),
                      ("clip.projector_type", "idefics3"), ("clip.use_gelu", True), ("clip.vision.image_mean", [0.5, 0.5, 0.5]),
                      ("clip.vision.image_std", [0.5, 0.5, 0.5]), ("clip.vision.attention.layer_norm_epsilon", 1e-6),
                      ("clip.vision.embedding_length", D), ("clip.vision.block_count", N_LAYER), ("clip.vision.attention.head_count", N_HEAD),
                      ("clip.vision.projection_dim", N_EMBD), ("clip.vision.image_size", pixels), ("clip.vision.patch_size", PATCH),
                      ("clip.vision.projector.scale_factor", MERGE), ("clip.vision.preproc_image_size", pixels)], tensors)


main()
