"""An hour of real footage in the made archive: one recorded minute, set forth again and again.

The minute is recorded by the program itself from the benchmark's 1080p25 clip of 4 Mbit/s with sound. Each copy has
its time stamps moved on, so that sixty of them are an hour that plays through like one connection's.
"""

import shutil
import sqlite3
import struct
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta

from clip import ROOT, make_clip
from fmp4 import boxes
from fragments import SAMPLES, moved, moved_table
from hall import Hall, edge_config
from machine import Processes, say, stop

CAMERA, MINUTES = "play", 66
SUB_CLIP = ROOT / "media" / "bench-sub-512k.mp4"
SECONDS_FOR_ONE_FILE = 200
VIDEO_CLOCK = 90_000


def make_sub_clip():
    """A sub stream's clip: 640x360 at 15 pictures a second, 512 kbit/s, a keyframe every 2 s, 8 s long."""
    if not SUB_CLIP.exists():
        part = SUB_CLIP.with_suffix(".part.mp4")
        subprocess.run(
            ["ffmpeg", "-nostdin", "-y", "-v", "error", "-i", make_clip(), "-an", "-t", "8", "-vf", "fps=15,scale=640:360",
             "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0", "-g", "30", "-sc_threshold", "0",
             "-b:v", "512k", "-minrate", "512k", "-maxrate", "512k", "-bufsize", "512k", "-x264-params", "nal-hrd=cbr",
             part], check=True)
        part.rename(SUB_CLIP)
    return SUB_CLIP


class Footage:
    """What is in the archive of the camera `play`: from `from_ms` to `to_ms` without a break."""

    def __init__(self, made, work, binary):
        self.made, self.work, self.binary = made, work, binary

    def add(self):
        file, row, fragments = self._record()
        data = file.read_bytes()
        places = list(tfdts(data))
        duration_ticks = row["duration_ms"] * VIDEO_CLOCK // 1000
        start = self.made.first_day + timedelta(days=1, hours=8)
        folder = f"video/{CAMERA}/main/{start:%Y-%m-%d}"
        (self.made.path / folder).mkdir(parents=True, exist_ok=True)
        rows, lists = [], []
        self.from_ms = int(start.timestamp() * 1000)
        for n in range(MINUTES):
            at = start + timedelta(milliseconds=n * row["duration_ms"])
            name = f"{folder}/{at:%H%M%S}.{at.microsecond // 1000:03}Z-1-{n + 1}.mp4"
            (self.made.path / name).write_bytes(shifted(data, places, n * row["duration_ms"]))
            counter = self.made.count + 1000 + n
            rows.append(row | {"counter": counter, "camera": CAMERA, "stream": "main", "run": 1, "n": n + 1, "path": name,
                               "start_ms": self.from_ms + n * row["duration_ms"], "gap_before": None, "is_dated": 1,
                               "media_start": row["media_start"] + n * duration_ticks, "holes": None})
            lists.append((counter, moved(fragments, n * duration_ticks)))
        self.to_ms = self.from_ms + MINUTES * row["duration_ms"]
        with closing(sqlite3.connect(self.made.path / "index.sqlite", timeout=30)) as index:
            names = list(rows[0])
            marks = ",".join("?" * len(names))
            index.executemany(f"INSERT OR REPLACE INTO segments ({','.join(names)}) VALUES ({marks})",
                              [tuple(one[name] for name in names) for one in rows])
            index.executemany("INSERT OR REPLACE INTO fragments (counter, list) VALUES (?, ?)", lists)
            index.commit()
        say(f"play: {MINUTES} minutes of {len(data) / 1e6:.0f} MB added")

    def files(self, from_ms, to_ms):
        """The files of a range, and where in the first of them it begins, in seconds."""
        length = (self.to_ms - self.from_ms) // MINUTES
        first, last = (from_ms - self.from_ms) // length, (to_ms - 1 - self.from_ms) // length
        names = sorted((self.made.path / f"video/{CAMERA}/main").glob("*/*.mp4"))
        return names[first:last + 1], (from_ms - self.from_ms - first * length) / 1000

    def _record(self):
        say("play: recording a minute of 1080p25 as the pattern")
        folder = self.work / "play-pattern"
        shutil.rmtree(folder, ignore_errors=True)
        camera = {"mount": "/load", "copies": 1, "prebuilt": str(make_clip()), "codec": "h264", "audio": "aac"}
        with Processes() as processes:
            hall = Hall(processes, self.work, [camera])
            config = self.work / "play-pattern.toml"
            config.write_text(edge_config(folder, {"cam1": hall.url("/load")}))
            service = processes.start([self.binary, "edge", "--config", config], self.work / "play-pattern.log")
            deadline = time.monotonic() + SECONDS_FOR_ONE_FILE
            # Not the first: what a connection begins with is not like what follows.
            while len(files := sorted(folder.glob("video/cam1/main/*/*-1-*.mp4"))) < 3:
                if time.monotonic() > deadline or service.poll() is not None:
                    sys.exit("bench: no pattern was recorded; see " + str(self.work / "play-pattern.log"))
                time.sleep(0.5)
            stop([service])
        with closing(sqlite3.connect(folder / "index.sqlite")) as index:
            index.row_factory = sqlite3.Row
            row = dict(index.execute("SELECT * FROM segments WHERE n = 2 AND state = 'closed'").fetchone())
            fragments, = index.execute("SELECT list FROM fragments WHERE counter = ?", (row["counter"],)).fetchone()
        return next(file for file in files if file.name.endswith("-1-2.mp4")), row, fragments


def tfdts(data):
    """(place of the decode time, whether it has 64 bits, ticks a second) of each track of each fragment."""
    clocks = {}
    for kind, start, end in boxes(data, 0, len(data)):
        if kind == b"moov":
            for inner, at, until in boxes(data, start, end):
                if inner == b"trak":
                    found = {name: place for name, place, _ in boxes(data, at, until)}
                    mdia_end = next(stop for name, _, stop in boxes(data, at, until) if name == b"mdia")
                    mdhd = next(place for name, place, _ in boxes(data, found[b"mdia"], mdia_end) if name == b"mdhd")
                    track = struct.unpack_from(">I", data, found[b"tkhd"] + (20 if data[found[b"tkhd"]] else 12))[0]
                    clocks[track] = struct.unpack_from(">I", data, mdhd + (20 if data[mdhd] else 12))[0]
        if kind == b"moof":
            for inner, at, until in boxes(data, start, end):
                if inner == b"traf":
                    found = {name: place for name, place, _ in boxes(data, at, until)}
                    track = struct.unpack_from(">I", data, found[b"tfhd"] + 4)[0]
                    yield found[b"tfdt"] + 4, data[found[b"tfdt"]] == 1, clocks[track]


def shifted(data, places, ms):
    """The file with all decode times so much later."""
    copy = bytearray(data)
    for place, is_long, clock in places:
        form = ">Q" if is_long else ">I"
        struct.pack_into(form, copy, place, struct.unpack_from(form, copy, place)[0] + clock * ms // 1000)
    table = data.rfind(SAMPLES) - 8
    end = table + int.from_bytes(data[table:table + 4], "big")
    sound = next(clock for _, _, clock in places if clock != VIDEO_CLOCK)
    return copy[:table] + moved_table(data, table, VIDEO_CLOCK * ms // 1000, sound * ms // 1000) + copy[end:]
