#!/usr/bin/env python3
"""Turns a Whisper model in CTranslate2's form into the ggml form that mynah reads.

    python3 ct2_to_ggml.py model.bin vocabulary.json OUT.bin

Only the standard library; the same input gives the same bytes.  Weights keep
their 16 bits; norms, biases and positions are widened to f32; nothing is
computed except the mel filters.

In (CTranslate2 model.bin, version 6; layout of each weight [out][in]):
    u32 version | string spec | u32 revision | u32 count |
    count x (string name, u8 rank, u32 dims.., u8 type, u32 bytes, data) |
    u32 aliases | aliases x (string, string)     string: u16 length with NUL, bytes
Out (whisper.cpp, models/convert-pt-to-ggml.py):
    u32 0x67676d6c | 11 x i32 sizes | i32 n_mel, n_fft, f32 filters [n_mel][n_fft] |
    i32 n_tokens, n_tokens x (i32 length, bytes) |
    tensors: i32 n_dims, name length, type (0 f32, 1 f16), dims reversed, name, data
"""
import json
import math
import os
import struct
import sys

HZ, N_FFT = 16000, 400          # Whisper's front end
F16 = 4                         # CTranslate2's number for the type


class Wrong(Exception):
    pass


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if n > len(self.data) - self.at:
            raise Wrong('the file ends early')
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, code):
        return struct.unpack('<' + code, self.take(struct.calcsize(code)))[0]

    def string(self):
        text = self.take(self.number('H'))
        if not text.endswith(b'\0'):
            raise Wrong('a name without its end')
        return text[:-1].decode('ascii')


class Variable:
    def __init__(self, dims, kind, data):
        self.dims, self.kind, self.data = dims, kind, data

    def rows(self, first, n):
        size = len(self.data) // self.dims[0]
        return Variable([n] + self.dims[1:], self.kind, self.data[first * size:(first + n) * size])


def read_model(data):
    r = Reader(data)
    version, spec, revision = r.number('I'), r.string(), r.number('I')
    if (version, spec, revision) != (6, 'WhisperSpec', 3):
        raise Wrong('expected version 6, WhisperSpec 3; found %d, %s %d' % (version, spec, revision))
    variables = {}
    for _ in range(r.number('I')):
        name = r.string()
        dims = [r.number('I') for _ in range(r.number('B'))]
        kind, n_bytes = r.number('B'), r.number('I')
        variable = Variable(dims, kind, r.take(n_bytes))
        if kind == F16 and n_bytes != 2 * math.prod(dims):
            raise Wrong('%s: %d bytes for shape %s' % (name, n_bytes, dims))
        variables[name] = variable
    return variables


class Model:
    """The variables by name, each checked when it is taken."""

    def __init__(self, variables):
        self.variables = variables

    def get(self, name, *shape):
        v = self.variables.get(name)
        if v is None:
            raise Wrong('%s is missing' % name)
        if v.kind != F16 or len(v.dims) != len(shape) or any(s not in (None, d) for s, d in zip(shape, v.dims)):
            raise Wrong('%s: expected f16 %s, found type %d %s' % (name, list(shape), v.kind, v.dims))
        return v

    def count(self, side):
        n = 0
        while '%s/layer_%d/ffn/linear_0/weight' % (side, n) in self.variables:
            n += 1
        return n

    def heads(self, side):
        v = self.variables.get(side + '/num_heads')
        if v is None or v.kind != 2 or len(v.data) != 2:
            raise Wrong(side + '/num_heads is missing')
        return struct.unpack('<h', v.data)[0]


def norm(m, to, name, n):
    yield to + '.weight', m.get(name + '/gamma', n)
    yield to + '.bias', m.get(name + '/beta', n)


def linear(m, to, name, n_out, n_in):
    yield to + '.weight', m.get(name + '/weight', n_out, n_in)
    yield to + '.bias', m.get(name + '/bias', n_out)


def attention(m, to, name, n, cross):
    """q, k, v are stacked by rows: all three in one, or q and then k, v when cross."""
    stacked = [(name + '/linear_0', 'q')] + [(name + '/linear_1', 'kv')] if cross else [(name + '/linear_0', 'qkv')]
    part = {}
    for source, letters in stacked:
        weight = m.get(source + '/weight', n * len(letters), n)
        bias = m.get(source + '/bias', n * len(letters))
        for i, letter in enumerate(letters):
            part[letter] = weight.rows(i * n, n), bias.rows(i * n, n)
    if any(part['k'][1].data):
        raise Wrong(name + ': the keys have a bias, which Whisper has not')
    yield to + '.query.weight', part['q'][0]
    yield to + '.query.bias', part['q'][1]
    yield to + '.key.weight', part['k'][0]
    yield to + '.value.weight', part['v'][0]
    yield to + '.value.bias', part['v'][1]
    yield from linear(m, to + '.out', name + ('/linear_2' if cross else '/linear_1'), n, n)


def block(m, to, name, n, cross):
    yield from attention(m, to + '.attn', name + '/self_attention', n, False)
    yield from norm(m, to + '.attn_ln', name + '/self_attention/layer_norm', n)
    if cross:
        yield from attention(m, to + '.cross_attn', name + '/attention', n, True)
        yield from norm(m, to + '.cross_attn_ln', name + '/attention/layer_norm', n)
    yield from linear(m, to + '.mlp.0', name + '/ffn/linear_0', 4 * n, n)
    yield from linear(m, to + '.mlp.2', name + '/ffn/linear_1', n, 4 * n)
    yield from norm(m, to + '.mlp_ln', name + '/ffn/layer_norm', n)


def tensors(m, n, n_mels, n_vocab):
    """In the order of the published files."""
    yield 'encoder.positional_embedding', m.get('encoder/position_encodings/encodings', None, n)
    for conv, n_in in ('conv1', n_mels), ('conv2', n):
        yield 'encoder.%s.weight' % conv, m.get('encoder/%s/weight' % conv, n, n_in, 3)
        yield 'encoder.%s.bias' % conv, m.get('encoder/%s/bias' % conv, n)
    for i in range(m.count('encoder')):
        yield from block(m, 'encoder.blocks.%d' % i, 'encoder/layer_%d' % i, n, False)
    yield from norm(m, 'encoder.ln_post', 'encoder/layer_norm', n)
    yield 'decoder.positional_embedding', m.get('decoder/position_encodings/encodings', None, n)
    yield 'decoder.token_embedding.weight', m.get('decoder/embeddings/weight', n_vocab, n)
    for i in range(m.count('decoder')):
        yield from block(m, 'decoder.blocks.%d' % i, 'decoder/layer_%d' % i, n, True)
    yield from norm(m, 'decoder.ln', 'decoder/layer_norm', n)


def f32(x):
    return struct.unpack('<f', struct.pack('<f', x))[0]


def mel_filters(n_mels):
    """Slaney's triangles, 0 to HZ / 2, each of area one: linear below 1000 Hz (200/3 Hz
    a mel), logarithmic above.  Rounded to f32 where librosa does, whose filters
    Whisper was trained with."""
    linear_hz, corner, step = 200.0 / 3, 1000.0, math.log(6.4) / 27.0

    def to_hz(mel):
        corner_mel = corner / linear_hz
        return linear_hz * mel if mel < corner_mel else corner * math.exp(step * (mel - corner_mel))

    top = corner / linear_hz + math.log(HZ / 2 / corner) / step
    edges = [to_hz(top * i / (n_mels + 1)) for i in range(n_mels + 2)]
    rows = []
    for left, middle, right in zip(edges, edges[1:], edges[2:]):
        row = []
        for i in range(N_FFT // 2 + 1):
            hz = i * HZ / N_FFT
            triangle = max(0.0, min((hz - left) / (middle - left), (right - hz) / (right - middle)))
            row.append(f32(triangle) * (2.0 / (right - left)))
        rows.append(row)
    return rows


def byte_of_character():
    """GPT-2 writes the 256 byte values as printable characters."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    return {**{chr(b): b for b in plain}, **{chr(256 + i): b for i, b in enumerate(rest)}}


def tokens(words):
    """Bytes of the ordinary tokens: those before <|endoftext|>; the ids after it are known."""
    if not isinstance(words, list) or '<|endoftext|>' not in words:
        raise Wrong('the vocabulary is no list with <|endoftext|> in it')
    table = byte_of_character()
    try:
        return [bytes(table[c] for c in word) for word in words[:words.index('<|endoftext|>')]]
    except (KeyError, TypeError) as e:
        raise Wrong('a token is not in byte-level form: %s' % e)


def write(out, m, words):
    n_mels = m.get('encoder/conv1/weight', None, None, 3).dims[1]
    n_vocab, n = m.get('decoder/embeddings/weight', None, None).dims
    if n_vocab != len(words):
        raise Wrong('%d embeddings, %d words in the vocabulary' % (n_vocab, len(words)))
    n_audio_ctx = m.get('encoder/position_encodings/encodings', None, n).dims[0]
    n_text_ctx = m.get('decoder/position_encodings/encodings', None, n).dims[0]
    out.write(struct.pack('<I11i', 0x67676d6c, n_vocab, n_audio_ctx, n, m.heads('encoder'), m.count('encoder'),
                          n_text_ctx, n, m.heads('decoder'), m.count('decoder'), n_mels, 1))
    filters = mel_filters(n_mels)
    out.write(struct.pack('<ii', n_mels, N_FFT // 2 + 1))
    for row in filters:
        out.write(struct.pack('<%df' % len(row), *row))
    ordinary = tokens(words)
    out.write(struct.pack('<i', len(ordinary)))
    for token in ordinary:
        out.write(struct.pack('<i', len(token)) + token)
    for name, v in tensors(m, n, n_mels, n_vocab):
        dims, data, kind = v.dims, v.data, 1
        if len(dims) == 1 or name.endswith('positional_embedding'):
            kind = 0
            count = len(data) // 2
            data = struct.pack('<%df' % count, *struct.unpack('<%de' % count, data))
        if name in ('encoder.conv1.bias', 'encoder.conv2.bias'):
            dims = dims + [1]                       # so that it adds to [out][time]
        out.write(struct.pack('<iii', len(dims), len(name), kind))
        out.write(struct.pack('<%di' % len(dims), *reversed(dims)))
        out.write(name.encode('ascii') + data)


def main():
    if len(sys.argv) != 4:
        sys.exit('usage: ct2_to_ggml.py model.bin vocabulary.json OUT.bin')
    model, vocabulary, target = sys.argv[1:]
    try:
        with open(model, 'rb') as f:
            m = Model(read_model(f.read()))
        with open(vocabulary, encoding='utf-8') as f:
            words = json.load(f)
        with open(target + '.new', 'wb') as out:
            write(out, m, words)
        os.replace(target + '.new', target)
    except (Wrong, OSError, ValueError, struct.error) as e:
        if os.path.exists(target + '.new'):
            os.remove(target + '.new')
        sys.exit('ct2_to_ggml.py: %s: %s' % (model, e))


if __name__ == '__main__':
    main()
