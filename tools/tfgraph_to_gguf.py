#!/usr/bin/env python3
"""SSD-MobileNetV3-large (COCO) of TensorFlow to GGUF.

    tfgraph_to_gguf.py IN.pb OUT.gguf

IN.pb is a frozen GraphDef: protocol buffers' wire format, of which these fields
are read (tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto,
tensor.proto):

    GraphDef  1 node*            NodeDef   1 name, 2 op, 3 input*, 5 attr* (map: 1 key, 2 value)
    AttrValue 1 list, 2 s, 3 i, 4 f, 8 tensor        list: 3 i*
    Tensor    1 dtype (1: f32), 2 shape (2 dim* (1 size)), 4 content, 5 float_val*

Each convolution is found by its name, and its op, stride, padding, inputs, batch
norm and activation are checked.  Batch norms are folded; weights are laid out
for activations [h][w][c]:

    1x1        [c_out][c_in]
    depthwise  [k * k][c]
    stem       [c_out][k * k * c_in]
    anchors    [n_anchor][4]: centre y, centre x, height, width in 0..1

Python's standard library only; the output depends on the input alone."""
import array, math, struct, sys

from gguf_write import gguf_write

# Howard et al. 2019 (arXiv:1905.02244), table 1, with the last blocks halved as the
# detector has them: kernel, stride, expanded, out, squeeze (0: none), activation.
BLOCKS = [(3, 1, 16, 16, 0, "relu"), (3, 2, 64, 24, 0, "relu"), (3, 1, 72, 24, 0, "relu"),
          (5, 2, 72, 40, 24, "relu"), (5, 1, 120, 40, 32, "relu"), (5, 1, 120, 40, 32, "relu"),
          (3, 2, 240, 80, 0, "hard_swish"), (3, 1, 200, 80, 0, "hard_swish"), (3, 1, 184, 80, 0, "hard_swish"), (3, 1, 184, 80, 0, "hard_swish"),
          (3, 1, 480, 112, 120, "hard_swish"), (3, 1, 672, 112, 168, "hard_swish"),
          (5, 2, 672, 80, 168, "hard_swish"), (5, 1, 480, 80, 120, "hard_swish"), (5, 1, 480, 80, 120, "hard_swish")]
EXTRAS = [(256, 512), (128, 256), (128, 256), (64, 128)]      # reduced, out
N_STEM, N_HEAD, N_CLASS, IMAGE_SIZE = 16, 480, 91, 320        # class 0 is the background
ANCHORS = [3, 6, 6, 6, 6, 6]                                  # per position of each feature map
CELLS = [20, 10, 5, 3, 2, 1]
TRUNK = "FeatureExtractor/MobilenetV3/"
POST = {"y_scale": 10.0, "x_scale": 10.0, "h_scale": 5.0, "w_scale": 5.0}


def fail(text):
    sys.exit(f"tfgraph_to_gguf.py: {text}")


# ---- reading ---------------------------------------------------------------------
def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            n, at = varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            if at + n > len(data):
                raise ValueError("a field is longer than its message")
            value, at = data[at:at + n], at + n
        yield key >> 3, value


def packed(values):
    """Repeated integers: one by one or packed in one field."""
    out = []
    for value in values:
        if isinstance(value, int):
            out.append(value)
            continue
        at = 0
        while at < len(value):
            number, at = varint(value, at)
            out.append(number)
    return out


class Node:
    def __init__(self, data):
        self.inputs, self.attributes = [], {}
        for number, value in fields(data):
            if number == 1:
                self.name = bytes(value).decode()
            elif number == 2:
                self.op = bytes(value).decode()
            elif number == 3:
                self.inputs.append(bytes(value).decode())
            elif number == 5:
                pair = dict(fields(value))
                self.attributes[bytes(pair[1]).decode()] = pair.get(2, b"")

    def attribute(self, key, number):
        return dict(fields(self.attributes[key]))[number]

    def real(self, key):
        return struct.unpack("<f", self.attribute(key, 4))[0]

    def tensor(self):
        shape, content = [], array.array("f")
        for number, value in fields(self.attribute("value", 8)):
            if number == 1 and value != 1:
                raise ValueError(f"{self.name} is not f32")
            if number == 2:
                shape = [dict(fields(dim)).get(1, 0) for n, dim in fields(value) if n == 2]
            elif number in (4, 5):
                content.frombytes(bytes(value))
        if sys.byteorder == "big":
            content.byteswap()
        if math.prod(shape) != len(content):
            raise ValueError(f"{self.name}: {len(content)} values for the shape {shape}")
        return shape, content


class Graph:
    def __init__(self, path):
        self.path, self.nodes = path, {}
        with open(path, "rb") as file:
            data = memoryview(file.read())
        for number, value in fields(data):
            if number == 1:
                node = Node(value)
                self.nodes[node.name] = node
        if not self.nodes:
            fail(f"{path}: expected a frozen TensorFlow graph")
        self.left = {n.name for n in self.nodes.values() if n.op == "Const" and not n.name.endswith(("/y", "axis", "shape", "reduction_indices"))}

    def node(self, name, op):
        node = self.nodes.get(name)
        if node is None or node.op != op:
            fail(f"{self.path}: {name}: expected a {op}, found {node.op if node else 'nothing'}")
        return node

    def source(self, name):
        """Where a value comes from, past nodes that only pass it on."""
        while self.nodes[name].op == "Identity":
            name = self.nodes[name].inputs[0]
        return name

    def comes_from(self, node, i, want):
        found = self.source(node.inputs[i])
        if found != want:
            fail(f"{self.path}: {node.name}: input {i} is {found}, expected {want}")

    def const(self, name, shape):
        found, content = self.node(name, "Const").tensor()
        if found != shape:
            fail(f"{self.path}: {name} is {found}, expected {shape}")
        self.left.discard(name)
        return content

    def number(self, name, want):
        value = self.node(name, "Const").tensor()[1][0]
        if abs(value - want) > 1e-6:
            fail(f"{self.path}: {name} is {value}, expected {want}")

    def norm(self, name, before, n):
        node = self.node(f"{name}/FusedBatchNormV3", "FusedBatchNormV3")
        self.comes_from(node, 0, before)
        parts = []
        for i, part in enumerate(("gamma", "beta", "moving_mean", "moving_variance"), 1):
            self.comes_from(node, i, f"{name}/{part}")
            parts.append(self.const(f"{name}/{part}", [n]))
        epsilon = node.real("epsilon")
        scale = [g / math.sqrt(v + epsilon) for g, v in zip(parts[0], parts[3])]
        return node.name, scale, array.array("f", [b - m * s for b, m, s in zip(parts[1], parts[2], scale)])

    def activation(self, name, before, kind):
        """Checks relu, relu6 or x * relu6(x + 3) / 6 after `before`; the name of its output."""
        if kind == "none":
            return before
        if kind in ("relu", "relu6"):
            op = kind.capitalize()
            self.comes_from(self.node(f"{name}/{op}", op), 0, before)
            return f"{name}/{op}"
        name += "/hard_swish"
        for step, op, inputs in (("add", "AddV2", (before, f"{name}/add/y")), ("Relu6", "Relu6", (f"{name}/add",)),
                                 ("mul", "Mul", (before, f"{name}/Relu6")), ("mul_1", "Mul", (f"{name}/mul", f"{name}/mul_1/y"))):
            for i, want in enumerate(inputs):
                self.comes_from(self.node(f"{name}/{step}", op), i, want)
        self.number(f"{name}/add/y", 3.0)
        self.number(f"{name}/mul_1/y", 1.0 / 6.0)
        return f"{name}/mul_1"

    def convolution(self, name, op, weights, before, stride):
        node = self.node(name, op)
        self.comes_from(node, 0, before)
        self.comes_from(node, 1, weights)
        strides = packed(v for n, v in fields(node.attribute("strides", 1)) if n == 3)
        if strides != [1, stride, stride, 1] or bytes(node.attribute("padding", 2)) != b"SAME":
            fail(f"{self.path}: {name}: expected stride {stride} and padding SAME")


# ---- the network -------------------------------------------------------------------
class Converter:
    def __init__(self, graph):
        self.graph, self.tensors = graph, []

    def put(self, name, dims, weight, bias):
        self.tensors += [(f"{name}.weight", dims, weight), (f"{name}.bias", [len(bias)], bias)]

    def stem(self, name, source, before, n):
        g, k, c = self.graph, 3, 3
        raw = g.const(f"{source}/weights", [k, k, c, n])
        g.convolution(f"{source}/Conv2D", "Conv2D", f"{source}/weights", before, 2)
        out, scale, bias = g.norm(f"{source}/BatchNorm", f"{source}/Conv2D", n)
        self.put(name, [k * k * c, n], array.array("f", [raw[i * n + o] * scale[o] for o in range(n) for i in range(k * k * c)]), bias)
        return g.activation(source, out, "hard_swish")

    def pointwise(self, name, source, before, n_in, n_out, kind):
        """A 1x1 convolution with a batch norm."""
        g = self.graph
        raw = g.const(f"{source}/weights", [1, 1, n_in, n_out])
        g.convolution(f"{source}/Conv2D", "Conv2D", f"{source}/weights", before, 1)
        out, scale, bias = g.norm(f"{source}/BatchNorm", f"{source}/Conv2D", n_out)
        self.put(name, [n_in, n_out], array.array("f", [raw[i * n_out + o] * scale[o] for o in range(n_out) for i in range(n_in)]), bias)
        return g.activation(source, out, kind)

    def linear(self, name, source, before, n_in, n_out):
        """A 1x1 convolution with a bias."""
        g = self.graph
        raw = g.const(f"{source}/weights", [1, 1, n_in, n_out])
        g.convolution(f"{source}/Conv2D", "Conv2D", f"{source}/weights", before, 1)
        g.comes_from(g.node(f"{source}/BiasAdd", "BiasAdd"), 0, f"{source}/Conv2D")
        self.put(name, [n_in, n_out], array.array("f", [raw[i * n_out + o] for o in range(n_out) for i in range(n_in)]),
                 g.const(f"{source}/biases", [n_out]))
        return f"{source}/BiasAdd"

    def depthwise(self, name, source, before, n, k, stride, kind):
        g = self.graph
        raw = g.const(f"{source}/depthwise_weights", [k, k, n, 1])
        g.convolution(f"{source}/depthwise", "DepthwiseConv2dNative", f"{source}/depthwise_weights", before, stride)
        out, scale, bias = g.norm(f"{source}/BatchNorm", f"{source}/depthwise", n)
        self.put(name, [n, k * k], array.array("f", [raw[i * n + c] * scale[c] for i in range(k * k) for c in range(n)]), bias)
        return g.activation(source, out, kind)

    def squeeze(self, i_block, source, before, n, n_squeeze):
        """x * relu6(W2 relu(W1 mean(x)) + 3) * 0.16667"""
        g = self.graph
        g.comes_from(g.node(f"{source}/Mean", "Mean"), 0, before)
        out = self.linear(f"blk.{i_block}.squeeze", f"{source}/Conv", f"{source}/Mean", n, n_squeeze)
        out = g.activation(f"{source}/Conv", out, "relu")
        out = self.linear(f"blk.{i_block}.excite", f"{source}/Conv_1", out, n_squeeze, n)
        gate = f"{source}/Conv_1"
        g.comes_from(g.node(f"{gate}/add", "AddV2"), 0, out)
        g.comes_from(g.node(f"{gate}/Relu6", "Relu6"), 0, f"{gate}/add")
        g.comes_from(g.node(f"{gate}/mul", "Mul"), 0, f"{gate}/Relu6")
        g.number(f"{gate}/add/y", 3.0)
        g.number(f"{gate}/mul/y", 0.16667)               # as the graph has it, not 1/6
        g.comes_from(g.node(f"{source}/mul", "Mul"), 0, before)
        g.comes_from(g.nodes[f"{source}/mul"], 1, f"{gate}/mul")
        return f"{source}/mul"

    def block(self, i_block, before, n_in):
        """One inverted residual; its output and that of its expansion."""
        k, stride, n, n_out, n_squeeze, kind = BLOCKS[i_block]
        g, name, source = self.graph, f"blk.{i_block}", f"{TRUNK}expanded_conv" + (f"_{i_block}" if i_block else "")
        expanded = before
        if n != n_in:
            expanded = self.pointwise(f"{name}.expand", f"{source}/expand", before, n_in, n, kind)
        out = self.depthwise(f"{name}.depthwise", f"{source}/depthwise", expanded, n, k, stride, kind)
        if n_squeeze:
            out = self.squeeze(i_block, f"{source}/squeeze_excite", out, n, n_squeeze)
        out = self.pointwise(f"{name}.project", f"{source}/project", out, n, n_out, "none")
        if stride == 1 and n_in == n_out:
            add = g.node(f"{source}/add", "AddV2")
            g.comes_from(add, 0, out)
            g.comes_from(add, 1, before)
            out = add.name
        return out, expanded

    def predictors(self, features):
        boxes, classes = [], []
        for i, (before, n) in enumerate(features):
            for role, predictor, width, list_ in (("box", "BoxEncodingPredictor", 4, boxes), ("class", "ClassPredictor", N_CLASS, classes)):
                source = f"BoxPredictor_{i}/{predictor}"
                out = self.depthwise(f"predictor.{i}.{role}_depthwise", f"{source}_depthwise", before, n, 3, 1, "relu6")
                list_.append(self.linear(f"predictor.{i}.{role}", source, out, n, ANCHORS[i] * width))
        g = self.graph
        for name, list_, reshape in (("concat", boxes, "Reshape"), ("concat_1", classes, "Reshape_1")):
            for i, out in enumerate(list_):
                g.comes_from(g.node(name, "ConcatV2"), i, f"BoxPredictor_{i}/{reshape}")
                g.comes_from(g.node(f"BoxPredictor_{i}/{reshape}", "Reshape"), 0, out)
        g.number("scale_logits/y", 1.0)
        g.node("convert_scores", "Sigmoid")
        n = sum(a * c * c for a, c in zip(ANCHORS, CELLS))
        self.tensors.append(("anchors", [4, n], g.const("anchors", [n, 4])))

    def run(self):
        g = self.graph
        g.node("normalized_input_image_tensor", "Placeholder")
        out, n = self.stem("stem", f"{TRUNK}Conv", "normalized_input_image_tensor", N_STEM), N_STEM
        for i, (_, _, n_expanded, n_out, _, _) in enumerate(BLOCKS):
            out, expanded = self.block(i, out, n)
            n = n_out
            if i == 12:                                 # the last 20 x 20, before its stride
                features = [(expanded, n_expanded)]
        out, n = self.pointwise("head", f"{TRUNK}Conv_1", out, n, N_HEAD, "hard_swish"), N_HEAD
        features.append((out, n))
        for i, (n_reduced, n_out) in enumerate(EXTRAS):
            one, two = f"{TRUNK}layer_17_1_Conv2d_{i + 2}_1x1_{n_reduced}", f"{TRUNK}layer_17_2_Conv2d_{i + 2}_3x3_s2_{n_out}"
            out = self.pointwise(f"extra.{i}.reduce", one, out, n, n_reduced, "relu6")
            out = self.depthwise(f"extra.{i}.depthwise", f"{two}_depthwise", out, n_reduced, 3, 2, "relu6")
            out, n = self.pointwise(f"extra.{i}.expand", two, out, n_reduced, n_out, "relu6"), n_out
            features.append((out, n))
        self.predictors(features)
        post = g.node("TFLite_Detection_PostProcess", "TFLite_Detection_PostProcess")
        for key, want in POST.items():
            if post.real(key) != want:
                fail(f"{g.path}: {key} is {post.real(key)}, expected {want}")
        if g.left:
            fail(f"{g.path}: unexpected {', '.join(sorted(g.left)[:5])}")
        return [("general.architecture", "ssd-mobilenetv3"), ("general.name", "SSD-MobileNetV3-large COCO"),
                ("general.license", "apache-2.0"), ("ssd-mobilenetv3.image_size", IMAGE_SIZE),
                ("ssd-mobilenetv3.block_count", len(BLOCKS)), ("ssd-mobilenetv3.class_count", N_CLASS),
                ("ssd-mobilenetv3.nms_iou", post.real("nms_iou_threshold"))]


def convert(source, target):
    converter = Converter(Graph(source))
    metadata = converter.run()
    gguf_write(target, metadata, converter.tensors)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        convert(*sys.argv[1:])
    except (OSError, KeyError, ValueError, TypeError, IndexError, AttributeError, struct.error) as e:
        fail(f"{sys.argv[1]}: {type(e).__name__}: {e}")
