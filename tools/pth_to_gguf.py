#!/usr/bin/env python3
"""EfficientNet-Lite2 weights of PyTorch to GGUF.

    pth_to_gguf.py IN.pth OUT.gguf

IN.pth is torch.save's older form (before 1.6), which is what is published:

    pickle magic | pickle version | pickle system | pickle state dict | pickle list of keys
    then for each key, in that order: i64 elements | their bytes, little-endian

Only the names that a state dict needs are unpickled (a pickle can otherwise run
any program).  Batch norms are folded into the convolution before them (epsilon
1e-3, TensorFlow's), and weights are laid out for activations [h][w][c]:

    1x1        [c_out][c_in]
    depthwise  [k * k][c]
    stem       [c_out][k * k * c_in]

Python's standard library only; the output depends on the input alone."""
import array, math, pickle, struct, sys, collections

from gguf_write import gguf_write

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
EPSILON = 1e-3
# kernel, stride, expansion, channels out, repeats: Tan & Le 2019 (arXiv:1905.11946), table 1,
# scaled to Lite2 (width 1.1, depth 1.2; first and last stage keep their depth).
STAGES = [(3, 1, 1, 16, 1), (3, 2, 6, 24, 3), (5, 2, 6, 48, 3), (3, 2, 6, 88, 4), (5, 1, 6, 120, 4), (5, 2, 6, 208, 5), (3, 1, 6, 352, 1)]
N_STEM, N_EMBD, N_CLASS, IMAGE_SIZE = 32, 1280, 1000, 260


def fail(text):
    sys.exit(f"pth_to_gguf.py: {text}")


# ---- reading ---------------------------------------------------------------------
class Storage:
    def __init__(self, code, n):
        self.code, self.n, self.data = code, n, None


Tensor = collections.namedtuple("Tensor", "storage offset shape stride")


class StateDict(pickle.Unpickler):
    NAMES = {("collections", "OrderedDict"): collections.OrderedDict,
             ("torch", "FloatStorage"): "f", ("torch", "LongStorage"): "q",
             ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, stride, *rest: Tensor(storage, offset, shape, stride)}

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) not in self.NAMES:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a state dict")
        return self.NAMES[module, name]

    def persistent_load(self, pid):
        kind, code, key, _, n, view = pid
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError(f"storage {key}: a view")
        return self.storages.setdefault(key, Storage(code, n))


def read(path):
    with open(path, "rb") as file:
        head = [StateDict(file).load() for _ in range(2)] if file.peek(2)[:1] == b"\x80" else None
        if head != [MAGIC, VERSION]:
            fail(f"{path}: expected a state dict in the form before PyTorch 1.6")
        StateDict(file).load()                          # type sizes of the system that wrote it
        unpickler = StateDict(file)
        state = unpickler.load()
        for key in StateDict(file).load():
            storage = unpickler.storages[key]
            if struct.unpack("<q", file.read(8))[0] != storage.n:
                fail(f"{path}: storage {key} does not have its {storage.n} elements")
            storage.data = array.array(storage.code)
            storage.data.fromfile(file, storage.n)
            if sys.byteorder == "big":
                storage.data.byteswap()
        if file.read(1):
            fail(f"{path}: bytes after the last storage")
    return state


class Weights:
    def __init__(self, path):
        self.path, self.state = path, read(path)
        self.left = {name for name in self.state if not name.endswith("num_batches_tracked")}

    def take(self, name, *shape):
        t = self.state.get(name)
        if t is None:
            fail(f"{self.path}: {name} is missing")
        if t.shape != shape or len(t.stride) != len(shape) or t.storage.code != "f":
            fail(f"{self.path}: {name} is {t.shape}, expected f32 {shape}")
        at = [t.offset]                                 # in row-major order; the file's strides are TensorFlow's
        for d, stride in zip(shape, t.stride):
            at = [i + k * stride for i in at for k in range(d)]
        if min(at) < 0 or max(at) >= t.storage.n:
            fail(f"{self.path}: {name} leaves its storage")
        self.left.discard(name)
        return array.array("f", [t.storage.data[i] for i in at])

    def norm(self, name, n):
        """Scale and shift that the batch norm applies to each channel."""
        gamma, beta, mean, variance = (self.take(f"{name}.{part}", n) for part in ("weight", "bias", "running_mean", "running_var"))
        scale = [g / math.sqrt(v + EPSILON) for g, v in zip(gamma, variance)]
        return scale, array.array("f", [b - m * s for b, m, s in zip(beta, mean, scale)])


# ---- the network -------------------------------------------------------------------
def pointwise(w, name, norm, n_out, n_in):
    scale, bias = w.norm(norm, n_out)
    raw = w.take(f"{name}.weight", n_out, n_in, 1, 1)
    return array.array("f", [raw[o * n_in + i] * scale[o] for o in range(n_out) for i in range(n_in)]), bias


def depthwise(w, name, norm, n, k):
    scale, bias = w.norm(norm, n)
    raw = w.take(f"{name}.weight", n, 1, k, k)
    return array.array("f", [raw[c * k * k + i] * scale[c] for i in range(k * k) for c in range(n)]), bias


def stem(w, name, norm, n_out, n_in, k):
    scale, bias = w.norm(norm, n_out)
    raw = w.take(f"{name}.weight", n_out, n_in, k, k)
    return array.array("f", [raw[(o * n_in + c) * k * k + i] * scale[o]
                             for o in range(n_out) for i in range(k * k) for c in range(n_in)]), bias


def convert(source, target):
    w, tensors = Weights(source), []

    def put(name, dims, pair):
        tensors.append((f"{name}.weight", dims, pair[0]))
        tensors.append((f"{name}.bias", [len(pair[1])], pair[1]))

    put("stem", [27, N_STEM], stem(w, "_conv_stem", "_bn0", N_STEM, 3, 3))
    n_in, i_block = N_STEM, 0
    for k, _, expansion, n_out, repeats in STAGES:
        for _ in range(repeats):
            name, n = f"_blocks.{i_block}", n_in * expansion
            if expansion > 1:
                put(f"blk.{i_block}.expand", [n_in, n], pointwise(w, f"{name}._expand_conv", f"{name}._bn0", n, n_in))
            put(f"blk.{i_block}.depthwise", [n, k * k], depthwise(w, f"{name}._depthwise_conv", f"{name}._bn1", n, k))
            put(f"blk.{i_block}.project", [n, n_out], pointwise(w, f"{name}._project_conv", f"{name}._bn2", n_out, n))
            n_in, i_block = n_out, i_block + 1
    put("head", [n_in, N_EMBD], pointwise(w, "_conv_head", "_bn1", N_EMBD, n_in))
    put("classifier", [N_EMBD, N_CLASS], (w.take("_fc.weight", N_CLASS, N_EMBD), w.take("_fc.bias", N_CLASS)))
    if w.left:
        fail(f"{source}: unexpected {', '.join(sorted(w.left)[:5])}")
    gguf_write(target, [("general.architecture", "efficientnet-lite"), ("general.name", "EfficientNet-Lite2"),
                        ("general.license", "apache-2.0"), ("efficientnet-lite.image_size", IMAGE_SIZE),
                        ("efficientnet-lite.block_count", i_block)], tensors)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        convert(*sys.argv[1:])
    except (pickle.UnpicklingError, EOFError, OSError, KeyError, ValueError, TypeError, IndexError, AttributeError, struct.error) as e:
        fail(f"{sys.argv[1]}: {type(e).__name__}: {e}")
