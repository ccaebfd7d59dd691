"""gguf_write.py - writes F32 and Q8_0 tensors as GGUF version 3 (ggml docs/gguf.md); used by the converters beside it."""
import array, math, struct, sys

F32, Q8_0 = 0, 8                    # enum tensor_type of tensor/gguf.h


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def q8_0(values):
    """Blocks of 32 as ggml's quantize_row_q8_0_ref makes them, in f32: d = max |x| / 127, q = round(x / d), halves away from zero."""
    out = bytearray()
    assert len(values) % 32 == 0
    for i in range(0, len(values), 32):
        block = array.array("f", values[i:i + 32])
        d = array.array("f", [max(map(abs, block)) / 127])[0]
        inverse = array.array("f", [1 / d if d > 1e-30 else 0.0])[0]
        scaled = array.array("f", [x * inverse for x in block])
        out += struct.pack("<e32b", d, *(int(x + math.copysign(0.5, x)) for x in scaled))
    return bytes(out)


def _value(value):
    if isinstance(value, str):
        return struct.pack("<I", 8) + _string(value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    if not isinstance(value, list):
        return struct.pack("<II", 4, value)
    if all(isinstance(v, str) for v in value):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_string, value))
    if all(isinstance(v, int) for v in value):
        return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)
    return struct.pack(f"<IIQ{len(value)}f", 9, 6, len(value), *value)


def gguf_write(path, metadata, tensors):
    """metadata: (key, str | bool | float | int | list of str, int or float); tensors: (name, dims, array("f") for F32 or bytes
    of q8_0()), dims with the contiguous one first."""
    out = bytearray(struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata)))
    for key, value in metadata:
        out += _string(key) + _value(value)
    offset = 0
    for name, dims, data in tensors:
        quantised = isinstance(data, bytes)
        assert math.prod(dims) == (len(data) // 34 * 32 if quantised else len(data)), name
        out += _string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, Q8_0 if quantised else F32, offset)
        offset += (len(data) * (1 if quantised else 4) + 31) // 32 * 32
    out += bytes(-len(out) % 32)
    for name, dims, data in tensors:
        if sys.byteorder == "big" and not isinstance(data, bytes):
            data.byteswap()
        out += memoryview(data).cast("B")
        out += bytes(-len(out) % 32)
    with open(path, "wb") as file:
        file.write(out)
