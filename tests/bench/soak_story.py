"""What happens to the cameras and to the service in a soak: drawn from a seed, then carried out.

A camera is cut off, away, silent, loses packets or changes its parameters, one after the other with time
to recover between. The service is killed only while `kills_until_s` has not passed, so that its memory
can be compared afterwards.
"""

import random
from dataclasses import dataclass

# (least, most) seconds. A change of parameters is undone after so long: two changes.
LONG = {"cut": (0, 0), "away": (2, 15), "hang": (2, 20), "loss": (5, 15), "params": (10, 25)}
SHORT = {"cut": (0, 0), "away": (2, 4), "hang": (2, 10), "loss": (4, 6), "params": (4, 6)}
LOSS_SHARE = (0.005, 0.05)
OTHER_SIZES = [(320, 184), (208, 120)]
SERVICE_IS_AWAY_S = (0.5, 3)


@dataclass
class Camera:
    """One simulated camera."""

    name: str
    hall: dict

    @property
    def mount(self):
        return self.hall["mount"]


@dataclass
class Deed:
    """Something that is done to a camera, or to the service where `camera` is None."""

    at_s: float
    kind: str
    camera: str | None
    for_s: float = 0.0
    order: dict | None = None


def make_cameras(count, media):
    """Small live cameras of every kind that the recorder must take."""
    kinds = [("h264", "aac", 1.0), ("h264", "pcma", 2.0), ("h265", "none", 1.0), ("h264", "pcmu", 2.0),
             ("h265", "aac", 2.0), ("h264", "none", 4.0), ("h264", "aac", 2.0), ("h265", "pcma", 1.0)]
    cameras = []
    for i in range(count):
        codec, audio, gop_s = kinds[i % len(kinds)]
        cameras.append(Camera(f"soak{i}", {
            "mount": f"/soak{i}", "media": media, "media_start": i % 4, "media_seconds": 8, "size": [256, 144],
            "fps": 10, "codec": codec, "gop_s": gop_s, "kbps": 150, "audio": audio,
            "sound": "tone" if audio != "none" else "silence"}))
    return cameras


def plan(seed, cameras, length_s, kills_until_s):
    """All deeds in the order of their time."""
    chance = random.Random(seed)
    is_short = length_s < 180
    lengths, quiet_s = (SHORT, (6, 10)) if is_short else (LONG, (25, 60))
    last_s = length_s - (16 if is_short else 45)
    deeds = []
    for camera in cameras:
        at_s = chance.uniform(2, 8 if is_short else 30)
        # Debian's x265 element sends a broken unit now and then when the size changes in mid-stream.
        kinds = [kind for kind in lengths if kind != "params" or camera.hall["codec"] == "h264"]
        while True:
            kind = chance.choice(kinds)
            for_s = round(chance.uniform(*lengths[kind]), 1)
            if at_s + for_s > last_s:
                break
            deeds.append(Deed(at_s, kind, camera.name, for_s, _order(kind, for_s, chance)))
            at_s += for_s + chance.uniform(*quiet_s)
    for i in range(kills := 1 if is_short else 5):
        each_s = (kills_until_s - 10) / kills
        at_s = 10 + each_s * i + chance.uniform(0, 0.6 * each_s)
        deeds.append(Deed(at_s, "kill", None, round(chance.uniform(*SERVICE_IS_AWAY_S), 1)))
    return sorted(deeds, key=lambda deed: deed.at_s)


def _order(kind, for_s, chance):
    order = {"do": kind}
    if kind == "loss":
        order["share"] = round(chance.uniform(*LOSS_SHARE), 3)
    if kind == "params":
        order["size"] = chance.choice(OTHER_SIZES)
    return {**order, "for_s": for_s} if for_s else order
