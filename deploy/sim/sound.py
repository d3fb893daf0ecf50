"""Where a live camera's sound comes from: silence, a coded tone, or a recording in a loop.

Every source gives blocks of BLOCK_MS of 16-bit mono PCM. A block carries the sound of the 20 ms before
the moment it is sent, as a real camera's does.

The tone dates sound as the stamp dates pictures: a sine of -20 dBFS (RMS) that changes every 200 ms to
500 + 100 k Hz, k = floor(Unix time in ms / 200) mod 16. All of these have whole periods in a block, so
that blocks join without a click.

A recording may have a sidecar (`speech.json` beside `speech.wav`) that names moments of it:
{"marks": [{"name": "loud", "start_s": 22.0, "end_s": 27.4}]}. The camera's log says at what time the
sample at each mark's start was sounded.
"""

import json
import math
import struct
import subprocess
from functools import lru_cache
from pathlib import Path

BLOCK_MS = 20
SLOT_MS = 200
TONES = 16
TONE_RMS_DBFS = -20.0


class Silence:
    def __init__(self, rate):
        self.block = bytes(2 * rate * BLOCK_MS // 1000)

    def next(self, _start_ms):
        """(PCM of the block that starts at this wall time, marks in it as (name, offset in ms))."""
        return self.block, []


class Tone:
    def __init__(self, rate):
        self.blocks = [_sine(500 + 100 * k, rate) for k in range(TONES)]

    def next(self, start_ms):
        return self.blocks[start_ms // SLOT_MS % TONES], []


class Recording:
    """A sound file in a loop. It stands still while nobody listens, so that no mark passes unheard."""

    def __init__(self, path, rate):
        self.rate, self.pcm, self.place = rate, _decode(path, rate), 0
        self.marks = _marks(path, rate)

    def next(self, _start_ms):
        count = self.rate * BLOCK_MS // 1000
        end = self.place + count
        total = len(self.pcm) // 2
        block = self.pcm[2 * self.place:2 * end]
        marks = [(name, at - self.place) for name, at in self.marks if self.place <= at < end]
        if end >= total:
            marks += [(name, total + at - self.place) for name, at in self.marks if at < end - total]
            block += self.pcm[:2 * (end - total)]
        self.place = end % total
        return block, [(name, 1000 * offset / self.rate) for name, offset in marks]


def open_sound(what, rate):
    """The source that a camera's `sound` key names."""
    if what == "silence":
        return Silence(rate)
    return Tone(rate) if what == "tone" else Recording(what, rate)


def _sine(hertz, rate):
    peak = 32768 * 10 ** (TONE_RMS_DBFS / 20) * math.sqrt(2)
    count = rate * BLOCK_MS // 1000
    return struct.pack(f"<{count}h", *(round(peak * math.sin(2 * math.pi * hertz * i / rate)) for i in range(count)))


@lru_cache(maxsize=None)
def _decode(path, rate):
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-ac", "1", "-ar", str(rate), "-f", "s16le", "-"],
        stdout=subprocess.PIPE)
    if done.returncode != 0 or len(done.stdout) < 2 * rate * BLOCK_MS // 1000:
        raise SystemExit(f"cameras: no sound could be decoded from {path}")
    return done.stdout


def _marks(path, rate):
    sidecar = Path(path).with_suffix(".json")
    if not sidecar.exists():
        return []
    return [(mark["name"], round(mark["start_s"] * rate)) for mark in json.loads(sidecar.read_text())["marks"]]
