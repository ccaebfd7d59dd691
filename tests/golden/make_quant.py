"""make_quant.py - quantised blocks and what the gguf package makes of them.

Writes quant.bin, for tests/test_quant.c; for every type
    type u32 | n_weights u32 | n_bytes u32 | blocks | f32 [n_weights]
and quantize.bin, for tests/test_quantize.c: n_weights u32 | f32 [n_weights], then for every type that
the package can quantise
    type u32 | n_bytes u32 | blocks
Reference: gguf.quants (GGML's own Python package), see requirements.txt."""
import pathlib
import struct

import gguf
import numpy as np

SCALES = {  # offsets of a block's f16 fields
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
    "Q5_1": [0, 2], "Q2_K": [80, 82], "Q3_K": [108], "IQ4_NL": [0], "IQ4_XS": [0],
}
# ordinary, zero, largest, smallest subnormal, negative, subnormal
EXTREMES = [0x0000, 0x7BFF, 0x0001, 0xFBFF, 0x03FF, 0x8000]


def blocks(name, n, rng):
    size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]][1]
    data = rng.integers(0, 256, (n, size), dtype=np.uint8)
    data[0], data[1] = 0x00, 0xFF           # all quants lowest, highest
    for at in SCALES[name]:
        scale = (rng.standard_normal(n) * 0.1).astype(np.float16)
        scale[2:2 + len(EXTREMES)] = np.array(EXTREMES, np.uint16).view(np.float16)
        data[:, at:at + 2] = scale.view(np.uint8).reshape(n, 2)
    return data


def main():
    rng = np.random.default_rng(20240607)
    with open(pathlib.Path(__file__).with_name("quant.bin"), "wb") as out:
        for name in SCALES:
            kind = gguf.GGMLQuantizationType[name]
            data = blocks(name, 16 if gguf.GGML_QUANT_SIZES[kind][0] == 256 else 24, rng)
            want = gguf.quants.dequantize(data, kind).astype("<f4")
            out.write(struct.pack("<III", kind.value, want.size, data.size) + data.tobytes() + want.tobytes())
        for name in ("F16", "BF16"):
            kind = gguf.GGMLQuantizationType[name]
            bits = np.concatenate([rng.integers(0, 0x7C00, 500), rng.integers(0x8000, 0xFC00, 500), EXTREMES]).astype("<u2")
            want = gguf.quants.dequantize(bits.view(np.float16) if name == "F16" else bits.view(np.uint8), kind).astype("<f4")
            out.write(struct.pack("<III", kind.value, want.size, bits.nbytes) + bits.tobytes() + want.tobytes())
    quantised(np.random.default_rng(20240608))


def quantised(rng):
    x = rng.standard_normal((40, 32)).astype("<f4")
    x[0] = 0
    x[1] = 0.25                             # all alike: no spread for types with a minimum
    x[2] = -x[2, 0]
    x[3] = np.arange(32) - 15.5             # halves: ties
    x[4] = np.arange(32) / 8 - 2
    x[5, 7], x[5, 20] = 4, -4               # two largest: the first counts
    x[6] *= 1e-6                            # scales below f16's smallest normal number
    x[7] *= 1e-12
    x[8] = np.abs(x[8]) + 1
    x[9] = -np.abs(x[9]) - 1
    x[10:12] *= 1000
    with open(pathlib.Path(__file__).with_name("quantize.bin"), "wb") as out:
        out.write(struct.pack("<I", x.size) + x.tobytes())
        for name in ("F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"):
            kind = gguf.GGMLQuantizationType[name]
            data = gguf.quants.quantize(x, kind).tobytes()
            out.write(struct.pack("<II", kind.value, len(data)) + data)


main()
