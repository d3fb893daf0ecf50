"""YAMNet without the nodes that quantise it.

The packaged file is a model for 8 bits that still has its weights in full: every tensor goes through a
QuantizeLinear and a DequantizeLinear, which only round it. Without them it is the original.
"""

import io
import tempfile
import zipfile
from pathlib import Path

import onnx
from onnx import numpy_helper

import onnx_file

ROUNDING = ("QuantizeLinear", "DequantizeLinear")


def build(files):
    """The bytes of yamnet.onnx, of the contents of the packaged zip."""
    graph = read(files[0])
    rounded = {node.output[0]: node.input[0] for node in graph.node if node.op_type in ROUNDING}

    def source(name):
        while name in rounded:
            name = rounded[name]
        return name

    last = source(graph.output[0].name)
    called = lambda name: "logits" if name == last else name
    nodes = [node for node in graph.node if node.op_type not in ROUNDING]
    for node in nodes:
        node.input[:] = [called(source(name)) for name in node.input]
        node.output[:] = [called(name) for name in node.output]
        # Of a later version of ONNX than ours, and without meaning here.
        for attribute in [attribute for attribute in node.attribute if attribute.name == "allowzero"]:
            node.attribute.remove(attribute)
    used = {name for node in nodes for name in node.input}
    constants = [numpy_helper.from_array(numpy_helper.to_array(constant), constant.name)
                 for constant in graph.initializer if constant.name in used]
    return onnx_file.write("yamnet", nodes, [onnx_file.port(graph.input[0].name, [1, 1, 96, 64])],
                           [onnx_file.port("logits", [1, 521])], constants)


def read(archive):
    """The graph in a zip of model.onnx and, beside it, its weights."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            for member in packed.namelist():
                if not member.endswith("/"):
                    (Path(folder) / Path(member).name).write_bytes(packed.read(member))
        return onnx.load(str(Path(folder) / "model.onnx")).graph
