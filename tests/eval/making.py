"""Makes the scenes' files in target/eval/media, once: a file is named by a digest of all that made it.

Sound goes into Matroska with the codecs that cameras have; pictures into MP4 as H.264 at 640x480, few
pictures a second and a small bit rate, as sub streams are. Beside each file is a JSON with its labels.
"""

import hashlib
import json
import os
import subprocess
from functools import cache

import numpy as np

import clips
import faults
import picture_scenes
import sound_scenes
from clips import WORK
from hall import VIEWS

MEDIA = WORK / "media"
SOUND_MAKERS = ("clips", "packages", "speech", "made_sounds", "room", "sound_scenes")
PICTURE_MAKERS = ("people", "hall", "light", "faults", "picture_scenes")


def scenes(half, seed, quick=False):
    """Every scene of a half, as (modality, half, sort, number, seed), the longest first so that two workers end together."""
    sounds = [("sound", half, sort, n, seed) for sort, n in sound_scenes.names(half, quick)]
    pictures = [("picture", half, sort, n, seed) for sort, n in picture_scenes.names(half, quick)]
    lengths = {**sound_scenes.LENGTHS_S, **picture_scenes.LENGTHS_S}
    return sorted(pictures + sounds, key=lambda scene: (scene[0] == "sound", -lengths[scene[2]]))


def made(scene):
    """Makes a scene if it is not there; its description: file, camera, start, length, labels."""
    modality, half, sort, number, seed = scene
    name = f"{half}-{sort}-{number:02}-{_digest(modality, seed)}"
    described = MEDIA / f"{name}.json"
    if not described.exists():
        MEDIA.mkdir(parents=True, exist_ok=True)
        description = (_sound if modality == "sound" else _picture)(name, half, sort, number, seed)
        partial = MEDIA / f"{name}.{os.getpid()}.part"
        partial.write_text(json.dumps({"name": f"{sort}-{number:02}", "sort": sort, "modality": modality, **description}))
        partial.rename(described)
    return json.loads(described.read_text())


def prepare(half):
    """What the scenes of a half are made from, before several workers need it at a time."""
    clips.fetch_all(half)
    for half in clips.HALVES:
        picture_scenes.people.cutouts(half)


def _sound(name, half, sort, number, seed):
    samples, labels = sound_scenes.render(half, sort, number, seed)
    codec, rate_hz = sound_scenes.codec_of(number).split("-")
    target = MEDIA / f"{name}.mka"
    partial = MEDIA / f"{name}.{os.getpid()}.part.mka"
    subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", "-f", "s16le", "-ar", str(clips.RATE_HZ), "-ac", "1", "-i", "/dev/stdin",
                    "-threads", "1", "-c:a", codec, "-ar", rate_hz, *(["-b:a", "48k"] if codec == "aac" else []), partial],
                   input=(samples * 32767).astype(np.int16).tobytes(), check=True)
    partial.rename(target)
    return {"file": str(target), "camera": "sound", "start": picture_scenes.OPEN, "length_s": sound_scenes.LENGTHS_S[sort],
            "labels": labels, "codec": f"{codec} {rate_hz}"}


def _picture(name, half, sort, number, seed):
    scene = picture_scenes.build(half, sort, number, seed)
    left, top, width, height, mirrored = VIEWS[scene.view]
    filters = [*scene.faults, f"crop={width}:{height}:{left}:{top}", "scale=640:480:flags=area"]
    filters += ["hflip"] if mirrored else []
    filters += [f"lutyuv=y='clip((val-16)*{scene.gain}+16,16,235)'"] if scene.gain != 1.0 else []
    filters += [f"noise=alls={scene.noise}:allf=t:all_seed={number + 1}"]
    filters += [faults.frozen(scene.frozen, scene.fps)] if scene.frozen else []
    target, partial = MEDIA / f"{name}.mp4", MEDIA / f"{name}.{os.getpid()}.part.mp4"
    rate = f"{scene.kbit_s}k"
    encoder = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", "768x576", "-r", str(scene.fps),
         "-i", "/dev/stdin", "-vf", ",".join(filters), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "superfast", "-threads", "1",
         "-bf", "0", "-g", str(max(1, int(4 * scene.fps))), "-b:v", rate, "-maxrate", rate, "-bufsize", rate, partial], stdin=subprocess.PIPE)
    for picture in scene.pictures():
        encoder.stdin.write(np.ascontiguousarray(picture).data)
    encoder.stdin.close()
    if encoder.wait() != 0:
        raise SystemExit(f"eval: ffmpeg could not make {name}")
    partial.rename(target)
    description = {"file": str(target), "camera": scene.camera, "start": scene.start, "length_s": scene.length_s, "labels": scene.labels,
                   "codec": f"h264 {scene.kbit_s}k"}
    if sort == "count":
        description["counts"] = scene.counts()
    return description


@cache
def _digest(modality, seed):
    digest = hashlib.sha256(str(seed).encode())
    for module in SOUND_MAKERS if modality == "sound" else PICTURE_MAKERS:
        digest.update((clips.ROOT / "tests" / "eval" / f"{module}.py").read_bytes())
    digest.update((clips.ROOT / "tests" / "eval" / "making.py").read_bytes())
    return digest.hexdigest()[:12]
