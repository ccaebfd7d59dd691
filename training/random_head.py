#!/usr/bin/env python3
"""random_head.py TARGET - a head (vision/head.h) of the shape of assets/concepts.gguf with random weights and the words
w0, w1, ...: what the program carries until one is trained.  Seeded: the same bytes every time."""
import array, os, random, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from gguf_write import gguf_write, q8_0

N_IN, N_HIDDEN, N_WORD = 2528, 768, 40      # SEEN_N_INPUT of vision/seen.h
random.seed(7)


def floats(n, mean, deviation):
    return array.array("f", (random.gauss(mean, deviation) for _ in range(n)))


def rows(n_rows, n_columns):
    """One random row, turned a block further in each row: such a file packs well."""
    row = q8_0(floats(n_columns, 0, n_columns ** -0.5))
    return b"".join(row[34 * (i % (n_columns // 32)):] + row[:34 * (i % (n_columns // 32))] for i in range(n_rows))


gguf_write(sys.argv[1],
           [("general.architecture", "mynah-head"), ("general.name", "random, not trained"), ("head.words", [f"w{i}" for i in range(N_WORD)])],
           [("mean", [N_IN], floats(N_IN, 0, 0.1)), ("scale", [N_IN], floats(N_IN, 1, 0.1)),
            ("hidden.weight", [N_IN, N_HIDDEN], rows(N_HIDDEN, N_IN)), ("hidden.bias", [N_HIDDEN], floats(N_HIDDEN, 0, 0.5)),
            ("out.weight", [N_HIDDEN, N_WORD], rows(N_WORD, N_HIDDEN)), ("out.bias", [N_WORD], floats(N_WORD, -1, 1))])
