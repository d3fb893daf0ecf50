"""Writes an ONNX file: the same bytes every time, checked by onnx itself."""

import onnx
from onnx import TensorProto, helper

OPSET, IR_VERSION = 13, 8


def port(name, shape):
    """An input or output of 32-bit floats; a side that is a word may have any length."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def write(name, nodes, inputs, outputs, constants):
    """The bytes of a model."""
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)
