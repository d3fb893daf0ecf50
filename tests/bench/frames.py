"""Which frames of the clip a recorder kept, held against what the simulated cameras sent.

A frame is known by its slices: the clip's frames carry their number in the loop (clip.py). Numbers must
rise by one; where they do not, the frames between are missing (a loop's length of them looks like none,
which the count against the frames sent shows).
"""

from dataclasses import dataclass
from datetime import datetime, timezone

import clip
import fmp4
from machine import say, workers


@dataclass
class Recorded:
    """What one recorder has of one camera."""

    frames: int
    missing: int
    unknown: int
    first: int | None
    media_bytes: int
    holes: list
    """(how many frames were recorded before it, the number before it, the number behind it)"""


def numbers_of(media):
    """The number of each frame of the clip, by its digest."""
    return {digest: number for number, digest in enumerate(clip.slices(media))}


def look(files, numbers, is_fragmented=True):
    """What these files, in order, hold of the clip."""
    read = fmp4.pictures if is_fragmented else clip.slices
    found = [numbers.get(digest) for file in files for digest in read(file)]
    known = [number for number in found if number is not None]
    steps = list(enumerate(zip(known, known[1:]), start=1))
    missing = sum((after - before - 1) % clip.FRAMES for _, (before, after) in steps)
    holes = [(place, *step) for place, step in steps if (step[1] - step[0] - 1) % clip.FRAMES]
    payload = sum(fmp4.media_bytes(file) for file in files)
    return Recorded(len(known), missing, len(found) - len(known), known[0] if known else None, payload, holes)


def look_at_all(cases):
    """`look` for each (files, numbers, is_fragmented), on both processors."""
    with workers() as pool:
        return list(pool.map(look, *zip(*cases)))


def dropped(camera, files, recorded, sent_log):
    """Frames that were sent to this recorder and are not in its files.

    `sent_log` are the mount's lines ({"frames", "at_ms"}), the last one written when it hung before the
    recorder was stopped. The first recorded frame's place among those sent is known by its number in the
    loop and roughly by time: a loop is 8 s long.
    """
    if not recorded.frames:
        say(f"{camera}: nothing was recorded")
        return sent_log[-1]["frames"] if sent_log else 0
    began_ms = began(files[0]).timestamp() * 1000
    near = min(sent_log, key=lambda line: abs(line["at_ms"] - began_ms))
    guess = near["frames"] - 1 + (began_ms - near["at_ms"]) * clip.FPS / 1000
    first = recorded.first + clip.FRAMES * round((guess - recorded.first) / clip.FRAMES)
    lacking = sent_log[-1]["frames"] - max(first, 0) - recorded.frames
    if lacking or recorded.missing:
        say(f"{camera}: {lacking} of {sent_log[-1]['frames'] - first} frames are missing, {recorded.missing} of them within: {recorded.holes[:5]}")
    return max(lacking, recorded.missing)


def began(file):
    """When a file of ours began, by its name: `video/{camera}/{stream}/{yyyy-mm-dd}/{hhmmss.mmm}Z-{run}-{n}.mp4`."""
    text = f"{file.parent.name} {file.name.partition('Z')[0]}+0000"
    return datetime.strptime(text, "%Y-%m-%d %H%M%S.%f%z").astimezone(timezone.utc)


def in_order(files):
    """Our files of a camera, as they were recorded: by run and number, as rows by counter."""
    def key(file):
        _, run, n = file.stem.rsplit("-", 2)
        return int(run), int(n)
    return sorted(files, key=key)
