"""Writes tests/fuzz/corpus/gguf: small valid files with every kind of value and tensor shape."""
import os
import struct

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "gguf")
U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)


def text(b):
    return struct.pack("<Q", len(b)) + b


def scalar(key, kind, form, value):
    return text(key) + struct.pack("<I", kind) + struct.pack("<" + form, value)


def array(key, kind, n, data):
    return text(key) + struct.pack("<IIQ", ARRAY, kind, n) + data


def gguf(keys, tensors):
    infos, data = b"", b""
    for name, kind, dims, n_bytes in tensors:
        infos += text(name) + struct.pack("<I", len(dims)) + struct.pack("<%dQ" % len(dims), *dims)
        infos += struct.pack("<IQ", kind, len(data))
        data += bytes(i % 251 for i in range(n_bytes))
        data += bytes(-len(data) % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys) + infos
    return head + bytes(-len(head) % 32) + data


KEYS = [
    text(b"general.architecture") + struct.pack("<I", STRING) + text(b"llama"),
    scalar(b"general.alignment", U32, "I", 32),
    scalar(b"u8", U8, "B", 200), scalar(b"i8", I8, "b", -5), scalar(b"u16", U16, "H", 1),
    scalar(b"i16", I16, "h", -1), scalar(b"i32", I32, "i", -7), scalar(b"f32", F32, "f", 0.5),
    scalar(b"bool", BOOL, "B", 1), scalar(b"u64", U64, "Q", 1 << 40), scalar(b"i64", I64, "q", -1),
    scalar(b"f64", F64, "d", 0.1),
    array(b"t.strings", STRING, 3, text(b"one") + text(b"") + text(b"a\0b")),
    array(b"t.i32s", I32, 3, struct.pack("<3i", -1, 0, 7)),
    array(b"t.f32s", F32, 2, struct.pack("<2f", 0.5, 1.0)),
    array(b"t.u8s", U8, 3, b"xyz"),
]
TENSORS = [(b"w0", 2, [64, 3], 108), (b"norm", 0, [5], 20), (b"conv", 1, [2, 2, 2, 2], 32)]

if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for name, keys, tensors in [("all_kinds", KEYS, TENSORS), ("tensors", [], TENSORS), ("keys", KEYS, []),
                                ("empty", [], [])]:
        with open(os.path.join(FOLDER, name + ".gguf"), "wb") as f:
            f.write(gguf(keys, tensors))
