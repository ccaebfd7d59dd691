#!/usr/bin/env python3
"""Tiny random audio encoders with projectors, in the publishers' layout, and the rows of a clip by transformers in float64.

  audio_{ultravox,voxtral,qwen2a,qwen25o}.gguf    mmproj files (llama.cpp, conversion/{ultravox,qwenvl}.py): F32, convolutions F16
  audio_<name>_f16.gguf, _q8_0.gguf           the matrices of the first in these types
  pair_omni.gguf                              vision_qwen25vl and audio_qwen25o in one file, Q8_0
  audio_<name>_<n>.f32                        rows of the first n samples of SOUND (test_mel.c's), f32
  audio_<name>.i32                            what text_llama3.gguf goes on with after them, the longest clip (go_on of make_vision_pairs.py)

Windows are 2 s here (N_POSITION), but for qwen25o, whose chunks of 2 s no key tells.  Ultravox is no part of transformers: its
encoder is Whisper's of transformers with the keys masked, its projector written down here after ultravox_model.py.
"""
import os
import sys

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import quantize
from transformers import WhisperConfig, WhisperFeatureExtractor, VoxtralConfig
from transformers.models.qwen2_5_omni.configuration_qwen2_5_omni import Qwen2_5OmniAudioEncoderConfig
from transformers.models.qwen2_5_omni.modeling_qwen2_5_omni import Qwen2_5OmniAudioEncoder
from transformers.models.qwen2_audio.configuration_qwen2_audio import Qwen2AudioConfig, Qwen2AudioEncoderConfig
from transformers.models.qwen2_audio.modeling_qwen2_audio import Qwen2AudioEncoder, Qwen2AudioMultiModalProjector
from transformers.models.voxtral.configuration_voxtral import VoxtralEncoderConfig
from transformers.models.voxtral.modeling_voxtral import VoxtralEncoder, VoxtralMultiModalProjector
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from make_vision_pairs import go_on, randomise, text_model

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, LAYERS, HEADS, FF, N_EMBD, N_MELS, N_POSITION = 32, 2, 4, 128, 32, 16, 100
LENGTHS = (99, 20003, 84321)        # samples: less than a frame, a window that is not full, three windows
WINDOW = N_POSITION * 320
N_FF = 48                           # of Ultravox's projector


def sound(n):
    """test_mel.c's: noise, loud, quiet and none."""
    s, x = 1, np.empty(n)
    for i in range(n):
        s = (1664525 * s + 1013904223) % 2 ** 32
        x[i] = ((s >> 16) - 32768) / 32768 * (1, 1 / 64, 0)[i // 4096 % 3]
    return x


def mel(x, n_padded):
    """[n_mels][n_padded / 160], of the library in float64, the maximum over all of them."""
    extract = WhisperFeatureExtractor(feature_size=N_MELS)
    return torch.from_numpy(np.asarray(extract._np_extract_fbank_features(np.pad(x, (0, n_padded - len(x)))[None], "cpu")[0])).double()


def up_to(n, step):
    return -(-n // step) * step


def settings():
    return dict(d_model=WIDTH, encoder_layers=LAYERS, encoder_attention_heads=HEADS, encoder_ffn_dim=FF, num_mel_bins=N_MELS,
                max_source_positions=N_POSITION, attn_implementation="eager")


NAMES = (("embed_positions", "a.position_embd"), ("conv1.", "a.conv1d.1."), ("conv2.", "a.conv1d.2."), ("self_attn_layer_norm", "ln1"), ("final_layer_norm", "ln2"),
         ("layers.", "a.blk."), ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"),
         ("self_attn.out_proj", "attn_out"), ("fc1", "ffn_up"), ("fc2", "ffn_down"), ("ln_post", "a.post_ln"))
PROJECTOR = (("linear_1", "mm.a.mlp.1"), ("linear_2", "mm.a.mlp.2"), ("ln_pre", "mm.a.norm_pre"), ("ln_mid", "mm.a.norm_mid"), ("linear.", "mm.a.fc."),
             ("proj.", "mm.a.fc."))


def tensors(encoder, projector):
    for name, p in encoder.named_parameters():
        for a, b in NAMES:
            name = name.replace(a, b)
        name = name.replace("layer_norm", "a.post_ln") if name.startswith("layer_norm") else name
        if name.startswith("proj."):
            name = name.replace("proj.", "mm.a.fc.")
        if "bos_eos" not in name:
            yield name, p.detach()[:, None] if "conv1d" in name and name.endswith("bias") else p.detach()
    if hasattr(encoder, "positional_embedding"):
        yield "a.position_embd.weight", encoder.positional_embedding.positional_embedding
    for name, p in projector.named_parameters() if projector else ():
        for a, b in PROJECTOR:
            name = name.replace(a, b)
        yield name, p.detach()


def write(name, kind, sizes, encoder, projector, quant=None):
    w = GGUFWriter(os.path.join(HERE, f"audio_{name}{'_' + quant.name.lower() if quant else ''}.gguf"), "clip")
    w.add_type("mmproj")
    w.add_name(f"tiny random {kind}")
    w.add_bool("clip.has_audio_encoder", True)
    w.add_string("clip.projector_type", kind)
    w.add_float32("clip.audio.attention.layer_norm_epsilon", 1e-5)
    for key, value in {"embedding_length": WIDTH, "feed_forward_length": FF, "block_count": LAYERS, "attention.head_count": HEADS, "num_mel_bins": N_MELS,
                       "projection_dim": N_EMBD, **sizes}.items():
        w.add_uint32("clip.audio." + key, value)
    for key, p in tensors(encoder, projector):
        data = np.ascontiguousarray(p.numpy().astype(np.float32))
        if "conv1d" in key and key.endswith("weight"):
            w.add_tensor(key, data.astype(np.float16))
        elif quant and data.ndim == 2 and "position" not in key and data.shape[-1] % 32 == 0:
            w.add_tensor(key, quantize(data, quant), raw_dtype=quant)
        else:
            w.add_tensor(key, data)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def keep(name, kind, sizes, encoder, projector, rows_of):
    for quant in (None, GGMLQuantizationType.F16, GGMLQuantizationType.Q8_0):
        write(name, kind, sizes, encoder, projector, quant)
    for n in LENGTHS:
        with torch.no_grad():
            rows = rows_of(sound(n))
        rows.numpy().astype(np.float32).tofile(os.path.join(HERE, f"audio_{name}_{n}.f32"))
        print(name, n, tuple(rows.shape), "deviation", rows.std().item())
    text = text_model("llama3")
    with torch.no_grad():
        go_on(name, text.model.embed_tokens.weight, rows.float().double()[None], lambda x, blocks: text(inputs_embeds=x).logits[0, -1], "audio")


def random(*modules):
    """Convolutions as the file has them."""
    randomise(*modules)
    for m in modules:
        for name, p in m.named_parameters():
            if "conv" in name and name.endswith("weight"):
                p.data = p.data.half().double()


class RmsNorm(torch.nn.Module):
    def __init__(self, n):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(n))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.weight


class UltravoxProjector(torch.nn.Module):
    def __init__(self, stack):
        super().__init__()
        self.stack = stack
        self.ln_pre, self.ln_mid = RmsNorm(WIDTH * stack), RmsNorm(N_FF // 2)
        self.linear_1, self.linear_2 = torch.nn.Linear(WIDTH * stack, N_FF, bias=False), torch.nn.Linear(N_FF // 2, N_EMBD, bias=False)

    def forward(self, x):
        x = torch.nn.functional.pad(x, (0, 0, 0, up_to(len(x), self.stack) - len(x))).reshape(-1, WIDTH * self.stack)
        x, gate = self.linear_1(self.ln_pre(x)).chunk(2, -1)
        return self.linear_2(self.ln_mid(torch.nn.functional.silu(gate) * x))


def whisper_positions(encoder, frames, n_keys):
    """ModifiedWhisperEncoder of ultravox_model.py: as many positions as there are frames for, those beyond n_keys unseen."""
    x = torch.nn.functional.gelu(encoder.conv1(frames[None]))
    x = torch.nn.functional.gelu(encoder.conv2(x)).transpose(1, 2)
    x = x + encoder.embed_positions.weight[:x.shape[1]]
    mask = torch.where(torch.arange(x.shape[1]) < n_keys, 0.0, torch.finfo(x.dtype).min)[None, None, None].expand(1, 1, x.shape[1], -1)
    for layer in encoder.layers:
        x = layer(x, attention_mask=mask)
        x = x[0] if isinstance(x, tuple) else x
    return encoder.layer_norm(x)[0]


def ultravox():
    encoder, projector = WhisperEncoder(WhisperConfig(**settings())).eval(), UltravoxProjector(8)
    random(encoder, projector)

    def rows(x):
        n_frames, whole = max(up_to(len(x), 160) // 160, 2), 2 * N_POSITION
        m, made = mel(x, n_frames * 160), []
        for first in range(0, n_frames, whole):
            part = m[:, first:first + whole]
            n = part.shape[1]
            if n_frames > whole:
                part = torch.nn.functional.pad(part, (0, whole - n))
            made.append(projector(whisper_positions(encoder, part, (n + 1) // 2))[:up_to(n, 16) // 16])
        return torch.cat(made)
    keep("ultravox", "ultravox", {"projector.stack_factor": 8}, encoder, projector, rows)


def voxtral():
    c = VoxtralEncoderConfig(hidden_size=WIDTH, intermediate_size=FF, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_mel_bins=N_MELS,
                             max_source_positions=N_POSITION, attn_implementation="eager")
    both = VoxtralConfig(audio_config=c.to_dict(), text_config=dict(model_type="llama", hidden_size=N_EMBD, num_attention_heads=2))
    encoder, projector = VoxtralEncoder(c).eval(), VoxtralMultiModalProjector(both).eval()
    random(encoder, projector)

    def rows(x):
        m = mel(x, up_to(len(x), WINDOW))
        return projector(encoder(m.reshape(N_MELS, -1, 2 * N_POSITION).transpose(0, 1)).last_hidden_state.reshape(-1, FF))
    keep("voxtral", "voxtral", {"projector.stack_factor": 4}, encoder, projector, rows)


def qwen2a():
    c = Qwen2AudioEncoderConfig(**settings())
    both = Qwen2AudioConfig(audio_config=c.to_dict(), text_config=dict(model_type="qwen2", hidden_size=N_EMBD, num_attention_heads=2))
    encoder, projector = Qwen2AudioEncoder(c).eval(), Qwen2AudioMultiModalProjector(both).eval()
    random(encoder, projector)

    def rows(x):
        made = []
        for first in range(0, len(x), WINDOW):
            part = x[first:first + WINDOW]
            n = (max(up_to(len(part), 160) // 160, 3) + 1) // 2
            mask = torch.where(torch.arange(N_POSITION) < n, 0.0, -np.inf)[None, None, None].expand(1, 1, N_POSITION, -1)
            made.append(projector(encoder(mel(part, WINDOW)[None], attention_mask=mask).last_hidden_state[0, :(n - 2) // 2 + 1]))
        return torch.cat(made)
    keep("qwen2a", "qwen2a", {}, encoder, projector, rows)


def qwen25o():
    c = Qwen2_5OmniAudioEncoderConfig(**settings(), n_window=100, output_dim=N_EMBD)
    encoder = Qwen2_5OmniAudioEncoder(c).eval()
    random(encoder)

    def rows(x):
        n_frames = max(up_to(len(x), 160) // 160, 3)
        return encoder(input_features=mel(x, 300 * 16000)[:, :n_frames], feature_lens=torch.tensor([n_frames])).last_hidden_state
    keep("qwen25o", "qwen2.5o", {}, encoder, None, rows)


def omni():
    """Both as they are, under one projector type."""
    w = GGUFWriter(os.path.join(HERE, "pair_omni.gguf"), "clip")
    w.add_string("clip.projector_type", "qwen2.5o")
    said = {"clip.projector_type", "general.architecture"}
    for name in ("vision_qwen25vl", "audio_qwen25o"):
        reader = GGUFReader(os.path.join(HERE, f"{name}_q8_0.gguf"))
        for key, field in reader.fields.items():
            if not key.startswith("GGUF.") and key not in said:
                said.add(key)
                sub = field.types[1] if len(field.types) > 1 else None
                w.add_key_value(key, field.contents(), field.types[0], sub)
        for t in reader.tensors:
            w.add_tensor(t.name, t.data, raw_dtype=t.tensor_type)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    for make in (ultravox, voxtral, qwen2a, qwen25o, omni):
        if len(sys.argv) == 1 or make.__name__ in sys.argv[1:]:
            make()
