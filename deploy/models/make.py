#!/usr/bin/python3
"""Fetches and builds the models that see people and tell sounds, in models/ at the top of the tree.

    make.py run            what `quaywatch edge` needs
    make.py test           and ONNX Runtime's library, for the test of the other runtime
    make.py run --check    says by its exit code whether everything is there; fetches nothing

    nanodet-g.onnx         people in a picture
    silero_vad_16k.onnx    whether a sound is speech
    yamnet.onnx            521 sounds, whose names are in yamnet_class_map.csv

What is there and has the right digest is left alone, without a network and in a fraction of a second. Every
package and every file is pinned by its SHA-256 (pinned.py), so that a run gives exactly the known bytes or
says what is wrong. Building needs Debian's python3-onnx and python3-numpy; TensorFlow it does not need.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path

import pinned
from packages import Failure, digest, members, say

MODELS = Path(__file__).resolve().parents[2] / "models"
# Package files that were brought here by hand.
BROUGHT = MODELS / "packages"


def main():
    arguments = sys.argv[1:]
    if arguments not in (["run"], ["test"], ["run", "--check"], ["test", "--check"]):
        sys.exit("usage: make.py run | test [--check]")
    wanted = list(pinned.MODELS)
    if arguments[0] == "test":
        wanted += filter(None, [pinned.onnxruntime()])
    missing = [made for made in wanted if digest(MODELS / made.file) != made.sha256]
    if "--check" in arguments:
        sys.exit(1 if missing else 0)
    if missing:
        MODELS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=MODELS, prefix=".making-") as workshop:
            packages = dict.fromkeys(made.package for made in missing)
            went_wrong = [make([made for made in missing if made.package == package], package, Path(workshop))
                          for package in packages]
        if any(went_wrong):
            sys.exit(1)


def make(files, package, workshop):
    """Makes these files of one package; says what goes wrong, and whether anything did."""
    try:
        contents = members(package, BROUGHT, workshop)
        for made in files:
            data = contents[made.recipe] if made.recipe in contents else build(made.recipe, list(contents.values()))
            write(MODELS / made.file, data, made.sha256)
            say(f"{made.file} is made")
    except Failure as error:
        say(error)
        return True
    return False


def build(recipe, contents):
    # Only here, because a run with nothing to do must not wait for them.
    try:
        import nanodet
        import yamnet
    except ImportError as error:
        raise Failure(f"{error}: building the models needs Debian's python3-onnx and python3-numpy, for /usr/bin/python3")
    return {"nanodet": nanodet.build, "yamnet": yamnet.build}[recipe](contents)


def write(path, data, sha256):
    """The whole file, if it is the right one, or none."""
    got = hashlib.sha256(data).hexdigest()
    if got != sha256:
        raise Failure(f"{path.name} came out otherwise than it should: its SHA-256 is {got}, not {sha256}. "
                      f"It was built with {versions()}; Debian 12's are known to be right.")
    path.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as partial:
        partial.write(data)
    os.chmod(partial.name, 0o644)
    os.replace(partial.name, path)


def versions():
    import numpy
    import onnx
    return f"onnx {onnx.__version__} and numpy {numpy.__version__}"


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"models: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
