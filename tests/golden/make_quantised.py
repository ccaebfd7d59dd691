#!/usr/bin/env python3
"""Copies of text_llama3.gguf (make_architectures.py) with matrices in F16, Q8_0 and Q4_0 by the gguf package.

  text_llama3_<type>.gguf     rows that are no whole blocks (ffn_down's 48) stay F32
"""
import os
import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import quantize

HERE = os.path.dirname(os.path.abspath(__file__))


def copy(reader, qtype):
    w = GGUFWriter(os.path.join(HERE, f"text_llama3_{qtype.name.lower()}.gguf"), "llama")
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        sub = field.types[1] if field.types[0] == GGUFValueType.ARRAY else None
        w.add_key_value(name, field.contents(), field.types[0], sub)
    for t in reader.tensors:
        data = t.data.astype(np.float32)
        if data.ndim == 1 or (qtype != GGMLQuantizationType.F16 and data.shape[-1] % 32 != 0):
            w.add_tensor(t.name, data)
        else:
            w.add_tensor(t.name, quantize(data, qtype), raw_dtype=qtype)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def main():
    reader = GGUFReader(os.path.join(HERE, "text_llama3.gguf"))
    for qtype in (GGMLQuantizationType.F16, GGMLQuantizationType.Q8_0, GGMLQuantizationType.Q4_0):
        copy(reader, qtype)


main()
