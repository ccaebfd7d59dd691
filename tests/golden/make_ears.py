#!/usr/bin/env python3
"""make_ears.py GGML-BASE.bin - rows of own-ears for a second of assets/speech.flac, by PyTorch in float64.

ears.i16    the samples, signed 16 bits, from FIRST on (sox)
ears.f32    rows [n][576], f32: Whisper's encoder of transformers with the file's weights, and assets/own-ears.gguf dequantised
"""
import os
import struct
import subprocess
import sys

import numpy as np
import torch
from gguf import GGUFReader, dequantize
from transformers import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

import make_audio_pairs as pairs

HERE = os.path.dirname(os.path.abspath(__file__))
FIRST, LENGTH, STACK = 1.0, 16150, 4


def ggml(path):
    """Sizes, and tensors by name."""
    f = open(path, "rb")
    unpack = lambda form: struct.unpack("<" + form, f.read(struct.calcsize("<" + form)))
    sizes = unpack("I11i")[1:]
    n_mels, n_bins = unpack("2i")
    f.read(4 * n_mels * n_bins)
    for _ in range(unpack("i")[0]):
        f.read(unpack("i")[0])
    tensors = {}
    while head := f.read(12):
        n_dims, n_name, kind = struct.unpack("<3i", head)
        dims = unpack(f"{n_dims}i")[::-1]
        name = f.read(n_name).decode()
        data = f.read(int(np.prod(dims)) * (4 if kind == 0 else 2))
        tensors[name] = torch.from_numpy(np.frombuffer(data, "<f4" if kind == 0 else "<f2").astype(np.float64).reshape(dims))
    return sizes, tensors


NAMES = (("encoder.", ""), ("positional_embedding", "embed_positions.weight"), ("blocks.", "layers."), ("attn_ln", "self_attn_layer_norm"),
         ("mlp_ln", "final_layer_norm"), ("attn.query", "self_attn.q_proj"), ("attn.key", "self_attn.k_proj"), ("attn.value", "self_attn.v_proj"),
         ("attn.out", "self_attn.out_proj"), ("mlp.0", "fc1"), ("mlp.2", "fc2"), ("ln_post", "layer_norm"))


def whisper(path):
    (_, n_ctx, n_state, n_head, n_layer, *_, n_mels, _), tensors = ggml(path)
    encoder = WhisperEncoder(WhisperConfig(d_model=n_state, encoder_layers=n_layer, encoder_attention_heads=n_head, encoder_ffn_dim=4 * n_state,
                                           num_mel_bins=n_mels, max_source_positions=n_ctx, attn_implementation="eager")).eval()
    state = {}
    for name, t in tensors.items():
        if name.startswith("encoder."):
            for a, b in NAMES:
                name = name.replace(a, b)
            state[name] = t[:, 0] if "conv" in name and name.endswith("bias") else t
    encoder.load_state_dict(state)
    return encoder, n_mels


def main():
    sound = subprocess.run(["sox", os.path.join(HERE, "../../assets/speech.flac"), "-t", "s16", "-r", "16000", "-c", "1", "-", "trim", str(FIRST), f"{LENGTH}s"],
                           check=True, stdout=subprocess.PIPE).stdout
    open(os.path.join(HERE, "ears.i16"), "wb").write(sound)
    x = np.frombuffer(sound, "<i2") / 32768
    encoder, pairs.N_MELS = whisper(sys.argv[1])
    reader = GGUFReader(os.path.join(HERE, "../../assets/own-ears.gguf"))
    w = {t.name: torch.from_numpy(np.array(dequantize(t.data, t.tensor_type), np.float64)) for t in reader.tensors}
    norm = lambda x, name: x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * w[name]
    n = -(-len(x) // 320)
    with torch.no_grad():
        heard = pairs.whisper_positions(encoder, pairs.mel(x, n * 320), n)
        heard = torch.nn.functional.pad(heard, (0, 0, 0, -n % STACK)).reshape(-1, STACK * heard.shape[1])
        up, gate = (norm(heard, "mm.a.norm_pre.weight") @ w["mm.a.mlp.1.weight"].T).chunk(2, -1)
        rows = norm(up * torch.nn.functional.silu(gate), "mm.a.norm_mid.weight") @ w["mm.a.mlp.2.weight"].T
    rows.numpy().astype(np.float32).tofile(os.path.join(HERE, "ears.f32"))
    print(rows.shape, rows.std())


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    main()
