"""NanoDet-g from its TensorFlow.js graph to ONNX, for pictures of any size in multiples of 32.

The graph was PyTorch once: its tensors are NCHW, and around every convolution, pooling and resize stand
transposes to NHWC and back. Here a tensor stays NCHW, and only its `layout` follows what TensorFlow
thinks, so that these transposes vanish. A padding becomes part of the convolution or pooling after it, and
an added vector the bias of the convolution before it. What depended on the size of the picture, the
targets of resizes and reshapes, is written relatively.

An operation that the graph of the pinned package does not have is refused, not guessed at.
"""

from dataclasses import dataclass, replace

import numpy as np
from onnx import helper, numpy_helper

import onnx_file
import tfjs
from packages import Failure

# The height of the picture that the graph was made for: what its resizes are measured by.
MADE_FOR = 416
STRIDES = (8, 16, 32)
SCORES, EDGES = 80, 4 * 11
TO_NHWC, TO_NCHW, TO_CELLS = (0, 2, 3, 1), (0, 3, 1, 2), (0, 2, 1)
ONE_AROUND = [[0, 0], [0, 0], [1, 1], [1, 1]]


@dataclass(frozen=True)
class Tensor:
    """A tensor of the new graph. `name_2` is the second half of a split; `height` its height in the old
    graph; `padding` what still has to be added around it."""
    name: str
    layout: str
    height: int
    padding: int = 0
    name_2: str = ""


def build(files):
    """The bytes of nanodet-g.onnx, of the contents of nanodet.json and nanodet.bin."""
    return Translation(tfjs.Graph(*files)).write()


class Translation:
    def __init__(self, graph):
        self.graph, self.weights = graph, graph.weights
        self.nodes, self.constants, self.known = [], {}, {}
        self.by_operation = {
            "Placeholder": self.picture, "Identity": self.identity, "Transpose": self.transpose,
            "LeakyRelu": self.leaky_relu, "Sigmoid": self.sigmoid, "Add": self.add, "Conv2D": self.convolution,
            "MaxPool": self.pooling, "ResizeBilinear": self.resize, "Pad": self.pad, "PadV2": self.pad,
            "ConcatV2": self.concatenation, "SplitV": self.split, "Reshape": self.flatten,
        }

    def write(self):
        names, outputs = {}, []
        for i in range(2 * len(STRIDES)):
            kind, depth = ("scores", SCORES) if i < len(STRIDES) else ("boxes", EDGES)
            stride = STRIDES[i % len(STRIDES)]
            # Outputs of the old graph are called Identity, Identity_1, Identity_2 and so on.
            names[self.tensor(f"Identity_{i}" if i else "Identity").name] = f"{kind}_{stride}"
            outputs.append(onnx_file.port(f"{kind}_{stride}", [1, f"cells_{stride}", depth]))
        for node in self.nodes:
            node.output[:] = [names.get(output, output) for output in node.output]
        picture = onnx_file.port("image", [1, 3, "height", "width"])
        return onnx_file.write("nanodet-g", self.nodes, [picture], outputs, list(self.constants.values()))

    def tensor(self, reference):
        """What `name` gives, translated once. `name:1` is the second half of a split, translated once more."""
        if reference not in self.known:
            name, _, half = reference.partition(":")
            operation = self.graph.operations[name]
            translate = self.by_operation.get(operation["op"])
            result = translate and translate(operation.get("input", []), operation.get("attr", {}))
            if not result:
                raise Failure(f"nanodet.json: {operation['op']} at {name} cannot be translated")
            self.known[reference] = replace(result, name=result.name_2) if half else result
        return self.known[reference]

    def emit(self, operation, of, *inputs, layout=None, height=None, halves=False, **attributes):
        """A node of the new graph, and its tensor, which is like `of` unless told otherwise."""
        at = len(self.nodes)
        outputs = [f"t{at}", f"t{at}b"] if halves else [f"t{at}"]
        self.nodes.append(helper.make_node(operation, [of.name, *inputs], outputs, name=f"{operation}_{at}", **attributes))
        return Tensor(outputs[0], layout or of.layout, height or of.height, name_2=outputs[-1])

    def constant(self, name, array):
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    # Each of these gives the tensor of one operation, or None for a case that the graph does not have.

    def picture(self, _inputs, _attributes):
        return Tensor("image", "NCHW", MADE_FOR)

    def identity(self, inputs, _attributes):
        return self.tensor(inputs[0])

    def transpose(self, inputs, _attributes):
        x, order = self.tensor(inputs[0]), tuple(self.weights[inputs[1]])
        if order == TO_CELLS:
            return self.emit("Transpose", x, layout="NLC", perm=order)
        turned = {("NCHW", TO_NHWC): "NHWC", ("NHWC", TO_NCHW): "NCHW"}.get((x.layout, order))
        return turned and Tensor(x.name, turned, x.height, x.padding)

    def leaky_relu(self, inputs, attributes):
        return self.emit("LeakyRelu", self.tensor(inputs[0]), alpha=attributes["alpha"]["f"])

    def sigmoid(self, inputs, _attributes):
        return self.emit("Sigmoid", self.tensor(inputs[0]))

    def add(self, inputs, _attributes):
        x = self.tensor(inputs[0])
        if inputs[1] in self.weights:
            return self.bias(x, inputs[1])
        y = self.tensor(inputs[1])
        return self.emit("Add", x, y.name) if x.layout == y.layout else None

    def bias(self, x, name):
        before = self.nodes[-1]
        if x.layout != "NHWC" or before.op_type != "Conv" or before.output[0] != x.name or len(before.input) != 2:
            return None
        before.input.append(self.constant(name, self.weights[name].reshape(-1)))
        return x

    def convolution(self, inputs, attributes):
        x, kernel = self.tensor(inputs[0]), self.weights[inputs[1]].transpose(3, 2, 0, 1)  # HWIO to OIHW
        return self.windows("Conv", x, kernel.shape[2:], attributes, self.constant(inputs[1], kernel))

    def pooling(self, inputs, attributes):
        return self.windows("MaxPool", self.tensor(inputs[0]), sides(attributes["ksize"]), attributes)

    def windows(self, operation, x, kernel, attributes, *inputs):
        """What a convolution and a pooling have in common: a window that goes over the padded picture."""
        if x.layout != "NHWC":
            return None
        strides = sides(attributes["strides"])
        return self.emit(operation, x, *inputs, height=x.height // strides[0],
                         kernel_shape=kernel, strides=strides, pads=[x.padding] * 4)

    def resize(self, inputs, attributes):
        x, height = self.tensor(inputs[0]), int(self.weights[inputs[1]][0])
        if x.layout != "NHWC" or not attributes["half_pixel_centers"]["b"]:
            return None
        if 2 * height == x.height:  # at half the size, bilinear is the mean of four pixels
            return self.emit("AveragePool", x, height=height, kernel_shape=[2, 2], strides=[2, 2])
        if height == 2 * x.height:
            twice = self.constant("scales", np.array([1, 1, 2, 2], np.float32))
            return self.emit("Resize", x, "", twice, height=height, mode="linear",
                             coordinate_transformation_mode="half_pixel")
        return None

    def pad(self, inputs, _attributes):
        """Zeros before a convolution, minus infinity before a pooling: as both have it in ONNX."""
        x, around = self.tensor(inputs[0]), self.weights[inputs[1]].tolist()
        return Tensor(x.name, x.layout, x.height, 1) if x.layout == "NCHW" and around == ONE_AROUND else None

    def concatenation(self, inputs, _attributes):
        if self.weights[inputs[-1]] != 1:
            return None
        first, *more = [self.tensor(reference) for reference in inputs[:-1]]
        if any(x.layout != "NCHW" for x in (first, *more)):
            return None
        return self.emit("Concat", first, *(x.name for x in more), axis=1)

    def split(self, inputs, _attributes):
        """The 80 scores of a cell, and the four times 11 numbers of its box."""
        x = self.tensor(inputs[0])
        if x.layout != "NCHW" or self.weights[inputs[2]] != 1:
            return None
        lengths = self.constant("split", self.weights[inputs[1]].astype(np.int64))
        return self.emit("Split", x, lengths, halves=True, axis=1)

    def flatten(self, inputs, _attributes):
        """The cells of all rows in one: [1, C, H, W] to [1, C, H x W]."""
        x = self.tensor(inputs[0])
        flat = self.constant("flat", np.array([0, 0, -1]))
        return self.emit("Reshape", x, flat, layout="NCL") if x.layout == "NCHW" else None


def sides(attribute):
    """Height and width of an attribute with one number for each side of an NHWC tensor."""
    return [int(value) for value in attribute["list"]["i"][1:3]]
