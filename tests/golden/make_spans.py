#!/usr/bin/env python3
"""Logits where pictures' rows stand between tokens, by the transformers library in float64.

  text_qwen2vl.gguf   a tiny random model of the architecture qwen2vl, whose positions have axes
  spans_qwen2vl.f32   SPLICED: ids, a grid of 3 x 5 rows, ids, one of 4 x 2, ids
  spans_gemma3.f32    the same rows in text_gemma3.gguf (make_architectures.py), all of a grid seeing each other:
                      the sliding window cuts what lies too far back, never what lies ahead
Each has the rows [15 + 8][n_embd], then the logits [N_VOCAB] after the last id, f32.
Places and masks are the library's own: Qwen2VLModel.get_rope_index, create_masks_for_vision_model.
"""
import os
from types import SimpleNamespace

import numpy as np
import torch
from transformers import Gemma3TextConfig, Qwen2VLConfig
from transformers.models.gemma3.modeling_gemma3 import Gemma3ForCausalLM, create_masks_for_vision_model
from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VLModel, Qwen2VLTextModel

import make_architectures as a
from make_tiny_models import HERE, N_VOCAB

SPLICED = [21, (3, 5), 9, (4, 2), 13]      # numbers of ids, (height, width) of rows


def pieces():
    """Of each position: its id or None, and the grid that it belongs to or -1."""
    ids, grids, n, g = [], [], 0, 0
    for piece in SPLICED:
        if isinstance(piece, tuple):
            ids += [None] * (piece[0] * piece[1])
            grids += [g] * (piece[0] * piece[1])
            g += 1
        else:
            ids += [(37 * (n + i) + 11) % N_VOCAB for i in range(piece)]
            grids += [-1] * piece
            n += piece
    return ids, grids


def embed(table, rows, scale=1.0):
    ids, _ = pieces()
    found, k = [], 0
    for i in ids:
        found.append(rows[k] if i is None else table[i] * scale)
        k += i is None
    return torch.stack(found)[None]


def rows_of(width, scale):
    n = sum(p[0] * p[1] for p in SPLICED if isinstance(p, tuple))
    rows = torch.randn(n, width, generator=torch.Generator().manual_seed(7), dtype=torch.float64) * scale
    return rows.float().double()


def keep(name, rows, logits):
    np.concatenate([rows.numpy().ravel(), logits.numpy().ravel()]).astype(np.float32).tofile(os.path.join(HERE, f"spans_{name}.f32"))
    print(name, "logits' deviation", logits.std().item())


SECTIONS, ROPE = [2, 3, 3], 1e6


def qwen2vl_model():
    sections, rope = SECTIONS, ROPE
    c = Qwen2VLConfig(text_config=dict(vocab_size=N_VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                                       num_key_value_heads=2, max_position_embeddings=a.N_CTX, rms_norm_eps=1e-2, tie_word_embeddings=True,
                                       head_dim=16, rope_parameters=dict(rope_type="default", rope_theta=rope, mrope_section=sections)),
                      vision_config=dict(spatial_merge_size=1))
    c.text_config._attn_implementation = "eager"
    c.text_config.num_attention_heads, c.text_config.num_key_value_heads = 2, 1
    model = Qwen2VLTextModel(c.text_config).eval()
    a.randomise(model, 3)
    return c, model


def qwen2vl_places(c, grids, sizes):
    """grids: of each position its grid or -1; sizes: (height, width) of each."""
    here = SimpleNamespace(config=c, get_vision_position_ids=lambda *x, **y: Qwen2VLModel.get_vision_position_ids(None, *x, **y))
    return Qwen2VLModel.get_rope_index(here, torch.zeros(1, len(grids), dtype=torch.long), torch.tensor([[int(g >= 0) for g in grids]]),
                                       image_grid_thw=torch.tensor([[1, h, w] for h, w in sizes]))[0]


def qwen2vl():
    c, model = qwen2vl_model()

    def more(w):
        w.add_rope_freq_base(ROPE)
        w.add_rope_dimension_sections(SECTIONS + [0])
    named = SimpleNamespace(config=model.config, named_parameters=lambda: [("model." + n, p) for n, p in model.named_parameters()])
    a.write(named, "qwen2vl", "qwen2vl", more)

    places = qwen2vl_places(c, pieces()[1], [p for p in SPLICED if isinstance(p, tuple)])
    rows = rows_of(c.text_config.hidden_size, 1.0)
    with torch.no_grad():
        table = model.embed_tokens.weight
        hidden = model(inputs_embeds=embed(table, rows), position_ids=places).last_hidden_state[0, -1]
        keep("qwen2vl", rows, table @ hidden)


def gemma3():
    made = {}
    make, golden, write = a.make, a.golden, a.write
    a.golden, a.write = lambda *x, **y: None, lambda model, *x: made.update(model=model)
    a.gemma3()                                      # the very model, nothing written
    a.make, a.golden, a.write = make, golden, write
    model = made["model"]
    _, grids = pieces()
    rows = rows_of(model.config.hidden_size, 4.0)
    x = embed(model.model.embed_tokens.weight, rows, model.config.hidden_size ** 0.5)
    masks = create_masks_for_vision_model(model.config, x, None, None, torch.arange(x.shape[1])[None], torch.tensor([grids]))
    with torch.no_grad():
        keep("gemma3", rows, model(inputs_embeds=x, attention_mask=masks, softcap=2.0).logits[0, -1])


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    qwen2vl()
    gemma3()
