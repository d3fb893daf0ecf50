"""Reads HALL.json, which says what cameras there are.

    {"port": 8554,                     0: a free one
     "log": "sent.jsonl",              optional
     "user": "…", "password": "…",     optional: Digest for every camera that has none of its own
     "cameras": [
       {"mount": "/counter-1/main",
        "media": "vtest.avi",          or "test": a generated moving pattern
        "media_start": 0, "media_seconds": 12,
        "size": [768, 576], "fps": 10, "gop_s": 2.0, "kbps": 1000,
                 "bframes": 0, "open_gop": False,
        "codec": "h264",               h265, or vp8: one that cameras do not have
        "bframes": 0,                  so many in a row, in a pyramid; h264 and h265
        "open_gop": false,             groups of pictures whose first B-frames need the group before
        "audio": "none",               aac, pcma, pcmu, opus
        "sound": "silence",            tone, or a sound file
        "loss": 0.0,                   share of the video's RTP packets
        "clock_off_s": 0,              by how much the wall clock of its sender reports is wrong
        "clock_drift_ppm": 0,          by how much its RTP time runs fast, in millionths
        "user": "…", "password": "…"}, "user": null opens it in a hall with a password
       {"mount": "/load", "copies": 16, "prebuilt": "clip.mp4", "codec": "h264", "audio": "aac"}]}
                                       mounts /load0 to /load15
Paths are taken from the folder of HALL.json.
"""

import json
from pathlib import Path

HALL_KEYS = {"port", "log", "user", "password", "cameras"}
LIVE_DEFAULTS = {"media_start": 0, "media_seconds": 12, "fps": 10, "codec": "h264", "gop_s": 2.0, "kbps": 1000,
                 "bframes": 0, "open_gop": False,
                 "audio": "none", "sound": "silence", "loss": 0.0, "clock_off_s": 0, "clock_drift_ppm": 0}
GENERATED = ("test", "silence", "tone")
PREBUILT_DEFAULTS = {"codec": "h264", "audio": "none", "copies": 1, "loss": 0.0, "clock_off_s": 0}
LOGIN = {"user", "password"}


def read(path):
    """The hall with defaults filled in and paths made absolute; ValueError if something is wrong with it."""
    folder = Path(path).resolve().parent
    hall = json.loads(Path(path).read_text())
    refuse_unknown(hall, HALL_KEYS)
    hall["cameras"] = [read_camera(camera, folder) for camera in hall.get("cameras", [])]
    if hall.get("log"):
        hall["log"] = str(folder / hall["log"])
    return {**hall, "folder": folder}


def read_camera(camera, folder):
    if "prebuilt" in camera:
        defaults, required = PREBUILT_DEFAULTS, {"mount", "prebuilt"}
    else:
        defaults, required = LIVE_DEFAULTS, {"mount", "media", "size"}
    refuse_unknown(camera, required | LOGIN | defaults.keys())
    for key in required - camera.keys():
        raise ValueError(f"a camera has no {key}: {camera}")
    camera = {**defaults, **camera}
    for key in ("prebuilt", "media", "sound"):
        if key in camera:
            camera[key] = absolute(camera[key], folder)
    return camera


def absolute(path, folder):
    """A path taken from the folder of HALL.json, unless it is a word for something generated."""
    return path if path in GENERATED else str(folder / path)


def refuse_unknown(table, known):
    for key in table.keys() - known:
        raise ValueError(f"unknown key {key}")
