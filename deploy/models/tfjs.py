"""Reads a TensorFlow.js graph model: its operations and its weights. TensorFlow is not needed."""

import json

import numpy as np


class Graph:
    """`operations` by name, without constants; `weights` as arrays by name."""

    def __init__(self, text, blob):
        document = json.loads(text)
        nodes = document["modelTopology"]["node"]
        self.operations = {node["name"]: node for node in nodes if node["op"] != "Const"}
        self.weights = dict(weights(document["weightsManifest"], blob))


def weights(manifest, blob):
    """(name, array) of each. They lie one after the other; those of 16 bits become 32."""
    at = 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        stored = np.dtype(entry.get("quantization", entry)["dtype"])
        count = int(np.prod(entry["shape"], dtype=np.int64))
        array = np.frombuffer(blob, stored, count, at).reshape(entry["shape"])
        at += count * stored.itemsize
        yield entry["name"], array.astype(np.float32) if stored == np.float16 else array
