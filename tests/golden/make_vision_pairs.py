#!/usr/bin/env python3
"""Tiny random vision encoders with projectors, in the publishers' layout, and the rows of a picture by transformers in float64.

  vision_{idefics3,gemma3,qwen2vl,qwen25vl,internvl,llava}.gguf   mmproj files (llama.cpp, conversion/{smolvlm,gemma,qwenvl,internvl}.py, llava: tools/mtmd/legacy-models/
                                              convert_image_encoder_to_gguf.py, with a layer more than it takes): F32
  vision_internvl_rms.gguf                    likewise with the norms of InternViT-6B; only its rows
  vision_idefics3_rest.gguf                   with tiles that patches do not fill, 3 x 3 in a row, as SmolVLM2-2.2B (384, 14); only its rows
  vision_<name>_f16.gguf, _q8_0.gguf          the matrices of the first in these types
  vision_<name>.f32                           rows [n][n_embd] of PICTURE, all tiles in order, f32
  vision_<name>.i32                           what a text model of that width goes on with: text_{llama3,gemma3,qwen2vl}.gguf
                                              (make_architectures.py, make_spans.py) after N_BEFORE ids, of each tile one more id (internvl: of all one, llava: none) and its rows,
                                              N_AFTER ids: N_MORE ids, each the likeliest that was not
                                              said yet (random models say one for ever), i32

Pixels are the library's own processors', which resize by Pillow: each resize in two steps here, as Pillow 12 and before
do it whatever the sizes (make_resize.py).  PICTURE is pixel(x, y, c) of make_resize.py.
"""
import os
import sys
import types

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize
from PIL import Image
from transformers import CLIPVisionConfig, Gemma3Config, Idefics3Config, InternVLConfig, InternVLVisionConfig, LlavaConfig
from transformers.models.clip.modeling_clip import CLIPVisionModel
from transformers.models.gemma3.modeling_gemma3 import Gemma3MultiModalProjector, create_masks_for_vision_model
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.idefics3.modeling_idefics3 import Idefics3Connector, Idefics3VisionTransformer
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
from transformers.models.internvl.modeling_internvl import InternVLModel
from transformers.models.llava.image_processing_pil_llava import LlavaImageProcessorPil
from transformers.models.llava.modeling_llava import LlavaMultiModalProjector
from transformers.models.siglip.modeling_siglip import SiglipVisionModel
from transformers import SiglipVisionConfig
from transformers.models.qwen2_vl.configuration_qwen2_vl import Qwen2VLVisionConfig
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil, smart_resize
from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VisionTransformerPretrainedModel
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLVisionConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel

import make_architectures
from make_resize import picture
from make_spans import qwen2vl_model, qwen2vl_places
from make_tiny_models import N_VOCAB

HERE = os.path.dirname(os.path.abspath(__file__))
PICTURE = (150, 90)
WIDTH, LAYERS, HEADS, FF = 32, 2, 4, 64
N_EMBD = dict(idefics3=32, gemma3=16, qwen2vl_merger=32, internvl=32, mlp=24, **{"qwen2.5vl_merger": 32})      # mlp: CLIP's own, which is not the text model's
IMAGENET_MEAN, IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
N_BEFORE, N_AFTER, N_MORE = 5, 7, 40
EPS = 1e-6


def randomise(*modules):
    g = torch.Generator().manual_seed(5)
    for m in modules:
        for name, p in m.named_parameters():
            noise = torch.randn(p.shape, generator=g, dtype=torch.float64)
            if p.dim() > 1:
                noise *= (p[0].numel() if "projection_weight" not in name else p.shape[0]) ** -0.5
            elif name.endswith("weight"):
                noise = 1 + 0.2 * noise
            else:
                noise *= 0.2
            p.data = noise.float().double()


NAMES = (("embeddings.patch_embedding", "v.patch_embd"), ("embeddings.position_embedding", "v.position_embd"), ("encoder.layers.", "v.blk."),
         ("layer_norm1", "ln1"), ("layer_norm2", "ln2"), ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"),
         ("self_attn.v_proj", "attn_v"), ("self_attn.out_proj", "attn_out"), ("mlp.fc1", "ffn_up"), ("mlp.fc2", "ffn_down"),
         ("post_layernorm", "v.post_ln"), ("modality_projection.proj", "mm.model.fc"), ("mm_input_projection_weight", "mm.input_projection.weight"),
         ("mm_soft_emb_norm", "mm.soft_emb_norm"))


QWEN = (("blocks.", "v.blk."), ("norm1", "ln1"), ("norm2", "ln2"), ("attn.proj", "attn_out"), ("mlp.fc1", "ffn_up"), ("mlp.fc2", "ffn_down"),
        ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"), ("merger.ln_q", "v.post_ln"), ("merger.mlp", "mm"))


CLIP = (("embeddings.class_embedding", "v.class_embd"), ("pre_layrnorm", "v.pre_ln"), ("mlp.fc1", "ffn_down"), ("mlp.fc2", "ffn_up"),
        ("multi_modal_projector.", ""), ("linear_1", "mm.0"), ("linear_2", "mm.2"))         # in files of that time up and down are exchanged


INTERN = (("vision_tower.", ""), ("embeddings.cls_token", "v.class_embd"), ("embeddings.patch_embeddings.projection", "v.patch_embd"),
          ("embeddings.position_embeddings", "v.position_embd.weight"), ("encoder.layer.", "v.blk."), ("layernorm_before", "ln1"), ("layernorm_after", "ln2"),
          ("attention.q_proj", "attn_q"), ("attention.k_proj", "attn_k"), ("attention.v_proj", "attn_v"), ("attention.projection_layer", "attn_out"),
          ("attention.q_norm", "attn_q_norm"), ("attention.k_norm", "attn_k_norm"), ("lambda_1", "ls1.weight"), ("lambda_2", "ls2.weight"),
          ("mlp.fc1", "ffn_up"), ("mlp.fc2", "ffn_down"), ("multi_modal_projector.layer_norm", "mm.model.mlp.0"),
          ("multi_modal_projector.linear_1", "mm.model.mlp.1"), ("multi_modal_projector.linear_2", "mm.model.mlp.3"))


def qwen_tensors(module):
    """q, k and v apart; the patches of two pictures as two convolutions."""
    for name, p in module.named_parameters():
        for a, b in QWEN:
            name = name.replace(a, b) if not (a == "mlp.fc1" and "merger" in name) else name
        data = p.detach().numpy().astype(np.float32)
        if name == "patch_embed.proj.weight":
            yield "v.patch_embd.weight", data[:, :, 0]
            yield "v.patch_embd.weight.1", data[:, :, 1]
        elif "attn.qkv" in name:
            for x, part in zip("qkv", np.split(data, 3)):
                yield name.replace("attn.qkv", f"attn_{x}"), part
        else:
            yield name, data


def tensors(*modules):
    for m in modules:
        if isinstance(m, (Qwen2VisionTransformerPretrainedModel, Qwen2_5_VisionTransformerPretrainedModel)):
            yield from qwen_tensors(m)
            continue
        for name, p in m.named_parameters():
            name = name.removeprefix("vision_model.")
            if isinstance(m, CLIPVisionModel) and name.startswith("post_layernorm"):
                continue
            if isinstance(m, InternVLModel) and name.startswith("language_model"):
                continue
            for a, b in INTERN if isinstance(m, InternVLModel) else (CLIP if isinstance(m, (CLIPVisionModel, LlavaMultiModalProjector)) else ()) + NAMES:
                name = name.replace(a, b)
            data = p.detach().numpy().astype(np.float32)
            yield name, data + 1 if "soft_emb_norm" in name else data


def write(name, kind, sizes, modules, quant=None):
    w = GGUFWriter(os.path.join(HERE, f"vision_{name}{'_' + quant.name.lower() if quant else ''}.gguf"), "clip")
    w.add_type("mmproj")
    w.add_name(f"tiny random {kind}")
    w.add_bool("clip.has_vision_encoder", True)
    w.add_string("clip.projector_type", kind)
    if kind == "qwen2.5vl_merger":
        w.add_bool("clip.use_silu", True)
    elif kind == "mlp":
        w.add_bool("clip.use_gelu", False)
        w.add_array("clip.vision.feature_layer", [LAYERS])
    elif kind != "qwen2vl_merger":
        w.add_bool("clip.use_gelu", True)
    mean, std = dict(mlp=(CLIP_MEAN, CLIP_STD), internvl=(IMAGENET_MEAN, IMAGENET_STD)).get(kind, ([0.5] * 3, [0.5] * 3))
    w.add_array("clip.vision.image_mean", mean)
    w.add_array("clip.vision.image_std", std)
    w.add_float32("clip.vision.attention.layer_norm_epsilon", EPS)
    for key, value in {"embedding_length": WIDTH, "feed_forward_length": FF, "block_count": LAYERS, "attention.head_count": HEADS,
                       "projection_dim": N_EMBD[kind], **sizes}.items():
        w.add_uint32("clip.vision." + key, value)
    for key, data in tensors(*modules):
        wide = quant and data.ndim == 2 and "position" not in key and data.shape[-1] % 32 == 0
        if wide:
            w.add_tensor(key, quantize(data, quant), raw_dtype=quant)
        else:
            w.add_tensor(key, np.ascontiguousarray(data))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def keep(name, kind, sizes, modules, rows):
    for quant in (None, GGMLQuantizationType.F16, GGMLQuantizationType.Q8_0)[:1 if name in ("internvl_rms", "idefics3_rest") else 3]:
        write(name, kind, sizes, modules, quant)
    rows = rows.numpy()
    rows.astype(np.float32).tofile(os.path.join(HERE, f"vision_{name}.f32"))
    print(name, rows.shape, "deviation", rows.std())


def text_model(name):
    """The very model of make_architectures.py, nothing written."""
    made = {}
    golden, write = make_architectures.golden, make_architectures.write
    make_architectures.golden, make_architectures.write = lambda *x, **y: None, lambda model, *x: made.update(model=model)
    getattr(make_architectures, name)()
    make_architectures.golden, make_architectures.write = golden, write
    return made["model"]


def go_on(name, table, tiles, logits_of, marked=True, what="vision"):
    """table [N_VOCAB][n_embd] of tokens' rows; tiles [n][rows][n_embd], a marker before each or none; logits_of(x, blocks): of the last position."""
    id_of = lambda i: (37 * i + 11) % N_VOCAB
    embed = lambda ids: table[ids]
    n, parts, blocks, found = N_BEFORE, [embed([id_of(i) for i in range(N_BEFORE)])], [-1] * N_BEFORE, []
    for i, rows in enumerate(tiles):
        parts += [embed([id_of(n)])] * marked + [rows]
        blocks += [-1] * marked + [i] * len(rows)
        n += marked
    parts.append(embed([id_of(n + i) for i in range(N_AFTER)]))
    blocks += [-1] * N_AFTER
    x, least = torch.cat(parts)[None], np.inf
    for _ in range(N_MORE):
        logits = logits_of(x, blocks)
        logits[found] = -np.inf
        best = logits.topk(2)
        least = min(least, (best.values[0] - best.values[1]).item())
        found.append(best.indices[0].item())
        x = torch.cat([x, embed(found[-1:])[None]], 1)
        blocks.append(-1)
    np.array(found, np.int32).tofile(os.path.join(HERE, f"{what}_{name}.i32"))
    print(name, "goes on with", found, "the smallest lead is", least)


def in_two_steps(image, size, resample):
    return image.resize((size[0], image.height), resample).resize(size, resample)


COMMON = dict(hidden_size=WIDTH, intermediate_size=FF, num_hidden_layers=LAYERS, num_attention_heads=HEADS, layer_norm_eps=EPS,
              hidden_act="gelu_pytorch_tanh")


def idefics3():
    idefics("idefics3", 32, 8, 2)


def idefics3_rest():
    idefics("idefics3_rest", 26, 4, 3)


def idefics(name, image_size, patch_size, scale):
    c = Idefics3Config(vision_config=dict(**COMMON, image_size=image_size, patch_size=patch_size), text_config=dict(model_type="llama", hidden_size=N_EMBD["idefics3"], num_attention_heads=2),
                       scale_factor=scale)
    c.vision_config._attn_implementation = "eager"
    vision, connector = Idefics3VisionTransformer(c.vision_config).eval(), Idefics3Connector(c).eval()
    randomise(vision, connector)
    processor = Idefics3ImageProcessorPil(size=dict(longest_edge=3 * image_size), max_image_size=dict(longest_edge=image_size), image_mean=[0.5] * 3, image_std=[0.5] * 3)
    processor.resize = types.MethodType(resize_idefics3, processor)
    pixels = torch.from_numpy(np.asarray(processor(Image.fromarray(picture(*PICTURE)), return_tensors="np").pixel_values)[0]).double()
    print("tiles", pixels.shape)
    with torch.no_grad():
        hidden = vision(pixel_values=pixels, patch_attention_mask=torch.ones(len(pixels), *[image_size // patch_size] * 2, dtype=torch.bool)).last_hidden_state
        tiles = connector(hidden)
        rows = tiles.flatten(0, 1)
        text = text_model("llama3")
        if name == "idefics3":
            go_on(name, text.model.embed_tokens.weight, tiles.float().double(), lambda x, blocks: text(inputs_embeds=x).logits[0, -1])
    keep(name, "idefics3", {"image_size": image_size, "patch_size": patch_size, "projector.scale_factor": scale, "preproc_image_size": 3 * image_size}, [vision, connector], rows)


def resize_idefics3(self, image, size, resample=None, **more):
    """As the processor's own, in two steps."""
    from transformers.models.idefics3.image_processing_pil_idefics3 import get_resize_output_image_size
    height, width = (get_resize_output_image_size(image, resolution_max_side=size.longest_edge) if size.longest_edge
                     else (size.height, size.width))
    made = in_two_steps(Image.fromarray(np.ascontiguousarray(np.moveaxis(image, 0, -1)).astype(np.uint8)), (width, height), Image.Resampling.LANCZOS)
    return np.moveaxis(np.asarray(made), -1, 0)


def gemma3():
    v = SiglipVisionConfig(**COMMON, image_size=32, patch_size=4)
    v.vision_use_head = False
    c = Gemma3Config(vision_config=v.to_dict(), text_config=dict(hidden_size=N_EMBD["gemma3"], num_attention_heads=2), mm_tokens_per_image=4)
    v._attn_implementation = "eager"
    vision, projector = SiglipVisionModel(v).eval(), Gemma3MultiModalProjector(c).eval()
    vision = getattr(vision, "vision_model", vision)
    randomise(vision, projector)
    image = in_two_steps(Image.fromarray(picture(*PICTURE)), (32, 32), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy((np.asarray(image) / 255 - 0.5) / 0.5).permute(2, 0, 1)[None]
    with torch.no_grad():
        tiles = projector(vision(pixel_values=pixels).last_hidden_state)
        rows = tiles.flatten(0, 1)
        text = text_model("gemma3")
        go_on("gemma3", text.model.embed_tokens.weight * N_EMBD["gemma3"] ** 0.5, tiles.float().double(), lambda x, blocks: text(
            inputs_embeds=x, softcap=2.0, attention_mask=create_masks_for_vision_model(
                text.config, x, None, None, torch.arange(x.shape[1])[None], torch.tensor([blocks]))).logits[0, -1])
    keep("gemma3", "gemma3", {"image_size": 32, "patch_size": 4, "projector.scale_factor": 4}, [vision, projector], rows)


def qwen25vl():
    v = Qwen2_5_VLVisionConfig(depth=LAYERS, hidden_size=WIDTH, out_hidden_size=N_EMBD["qwen2.5vl_merger"], num_heads=HEADS, intermediate_size=FF, patch_size=4,
                               spatial_merge_size=2, temporal_patch_size=2, hidden_act="silu", fullatt_block_indexes=[1])
    v._attn_implementation = "eager"
    qwen("qwen25vl", "qwen2.5vl_merger", Qwen2_5_VisionTransformerPretrainedModel(v).eval(), {"n_wa_pattern": 2})


def qwen2vl():
    v = Qwen2VLVisionConfig(depth=LAYERS, embed_dim=WIDTH, hidden_size=N_EMBD["qwen2vl_merger"], num_heads=HEADS, mlp_ratio=FF // WIDTH, patch_size=4,
                            spatial_merge_size=2, temporal_patch_size=2, hidden_act="quick_gelu")
    v._attn_implementation = "eager"
    qwen("qwen2vl", "qwen2vl_merger", Qwen2VisionTransformerPretrainedModel(v).eval(), {})


def qwen(name, kind, vision, more):
    randomise(vision)
    width, height = PICTURE
    height, width = smart_resize(height, width, 8, 4 * 64, 1280 * 64)
    image = in_two_steps(Image.fromarray(picture(*PICTURE)), (width, height), Image.Resampling.BICUBIC)
    made = Qwen2VLImageProcessorPil(do_resize=False, patch_size=4, merge_size=2, temporal_patch_size=2, image_mean=[0.5] * 3, image_std=[0.5] * 3)(
        image, return_tensors="np")
    pixels, grid = torch.from_numpy(np.asarray(made.pixel_values)).double(), torch.from_numpy(np.asarray(made.image_grid_thw))
    with torch.no_grad():
        rows = vision(pixels, grid_thw=grid).pooler_output
        c, text = qwen2vl_model()
        c.vision_config.spatial_merge_size = 1
        size = (grid[0, 1].item() // 2, grid[0, 2].item() // 2)
        table = text.embed_tokens.weight
        go_on(name, table, rows.float().double()[None], lambda x, blocks: table @ text(
            inputs_embeds=x, position_ids=qwen2vl_places(c, blocks, [size])).last_hidden_state[0, -1])
    print("grid", size)
    keep(name, kind, {"image_size": 560, "patch_size": 4, **more}, [vision], rows)


def llava():
    v = CLIPVisionConfig(**{**COMMON, "num_hidden_layers": LAYERS + 1, "hidden_act": "quick_gelu"}, image_size=32, patch_size=8)
    c = LlavaConfig(vision_config=v.to_dict(), text_config=dict(model_type="llama", hidden_size=32, num_attention_heads=2), vision_feature_layer=-2)
    v._attn_implementation = "eager"
    vision, projector = CLIPVisionModel(v).eval(), LlavaMultiModalProjector(c).eval()
    randomise(vision, projector)
    processor = LlavaImageProcessorPil(size=dict(shortest_edge=32), crop_size=dict(height=32, width=32), do_pad=True, image_mean=CLIP_MEAN, image_std=CLIP_STD)
    processor.resize = types.MethodType(resize_square, processor)
    pixels = torch.from_numpy(np.asarray(processor(Image.fromarray(picture(*PICTURE)), return_tensors="np").pixel_values)).double()
    with torch.no_grad():
        hidden = vision(pixel_values=pixels, output_hidden_states=True).hidden_states[c.vision_feature_layer]
        tiles = projector(hidden[:, 1:])
        text = text_model("llama3")
        go_on("llava", text.model.embed_tokens.weight, tiles.float().double(), lambda x, blocks: text(inputs_embeds=x).logits[0, -1], marked=False)
    keep("llava", "mlp", {"image_size": 32, "patch_size": 8, "block_count": LAYERS + 1}, [vision, projector], tiles.flatten(0, 1))


def internvl():
    intern("internvl", norm_type="layer_norm", attention_bias=True)


def internvl_rms():
    intern("internvl_rms", norm_type="rms_norm", attention_bias=False, use_qk_norm=True)


def intern(name, **more):
    v = InternVLVisionConfig(**{**COMMON, "hidden_act": "gelu"}, image_size=[32, 32], patch_size=[8, 8], **more)
    c = InternVLConfig(vision_config=v, text_config=dict(model_type="qwen2", hidden_size=32, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2,
                                                         num_key_value_heads=2, vocab_size=8), downsample_ratio=0.5, projector_hidden_act="gelu")
    c.vision_config._attn_implementation = "eager"
    model = InternVLModel(c).eval()
    randomise(model.vision_tower, model.multi_modal_projector)
    processor = GotOcr2ImageProcessorPil(crop_to_patches=True, min_patches=1, max_patches=6, size=dict(height=32, width=32), image_mean=IMAGENET_MEAN,
                                         image_std=IMAGENET_STD)
    processor.resize = types.MethodType(resize_square, processor)
    pixels = torch.from_numpy(np.asarray(processor(Image.fromarray(picture(*PICTURE)), return_tensors="np").pixel_values)).double()
    print("tiles", pixels.shape)
    with torch.no_grad():
        rows = model.get_image_features(pixel_values=pixels, vision_feature_layer=-1, vision_feature_select_strategy="default").pooler_output.flatten(0, 1)
        text = text_model("llama3")
        if name == "internvl":
            go_on(name, text.model.embed_tokens.weight, rows.float().double()[None], lambda x, blocks: text(inputs_embeds=x).logits[0, -1])
    keep(name, "internvl", {"image_size": 32, "patch_size": 8, "projector.scale_factor": 2, "preproc_min_tiles": 1, "preproc_max_tiles": 6}, [model], rows)


def resize_square(self, image, size, resample=None, **more):
    """As the processor's own, in two steps."""
    height, width = (size.shortest_edge,) * 2 if size.shortest_edge else (size.height, size.width)
    made = in_two_steps(Image.fromarray(np.ascontiguousarray(np.moveaxis(image, 0, -1)).astype(np.uint8)), (width, height), Image.Resampling.BICUBIC)
    return np.moveaxis(np.asarray(made), -1, 0)


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    for make in (idefics3, idefics3_rest, gemma3, qwen2vl, qwen25vl, llava, internvl, internvl_rms):
        if len(sys.argv) == 1 or make.__name__ in sys.argv[1:]:
            make()
