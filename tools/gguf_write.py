"""gguf_write.py - writes F32 tensors as GGUF version 3 (ggml docs/gguf.md); used by the converters beside it."""
import math, struct, sys


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def gguf_write(path, metadata, tensors):
    """metadata: (key, str | float | int); tensors: (name, dims, array("f")), dims with the contiguous one first."""
    out = bytearray(struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata)))
    for key, value in metadata:
        out += _string(key)
        if isinstance(value, str):
            out += struct.pack("<I", 8) + _string(value)
        elif isinstance(value, float):
            out += struct.pack("<If", 6, value)
        else:
            out += struct.pack("<II", 4, value)
    offset = 0
    for name, dims, data in tensors:
        assert math.prod(dims) == len(data), name
        out += _string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, 0, offset)
        offset += (4 * len(data) + 31) // 32 * 32
    out += bytes(-len(out) % 32)
    for name, dims, data in tensors:
        if sys.byteorder == "big":
            data.byteswap()
        out += data.tobytes()
        out += bytes(-len(out) % 32)
    with open(path, "wb") as file:
        file.write(out)
