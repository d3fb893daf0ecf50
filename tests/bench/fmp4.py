"""Reads the fragmented MP4 that recorders write, by its boxes alone: fast enough for millions of frames.

Only what a benchmark needs: the payload's size, and each picture's own bytes. The picture's track is the
one whose samples are named first (`moov/trak` order): recorders put it there.
"""

import hashlib
import mmap
import struct
from pathlib import Path

SLICES = (1, 5)
TFHD_DEFAULT_SIZE, TRUN_OFFSET, TRUN_FIRST_FLAGS = 0x10, 0x1, 0x4
TRUN_FIELDS = (0x100, 0x200, 0x400, 0x800)
TRUN_SIZE = 0x200


def boxes(data, start, end):
    """(type, content's start, box's end) of each whole box in a range; a torn one at the end is left out."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            size, header = struct.unpack_from(">Q", data, start + 8)[0], 16
        if size < header or start + size > end:
            return
        yield kind, start + header, start + size
        start += size


def media_bytes(path):
    """The bytes of coded picture and sound in a file: the content of its `mdat` boxes."""
    with _mapped(path) as data:
        return sum(end - start for kind, start, end in boxes(data, 0, len(data)) if kind == b"mdat")


def pictures(path):
    """A digest for each picture, of its H.264 slices only, since recorders treat parameter sets differently."""
    with _mapped(path) as data:
        return [_digest(data[start:start + size]) for start, size in _samples(data)]


def _mapped(path):
    with open(path, "rb") as file:
        if Path(path).stat().st_size == 0:
            return memoryview(b"")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _digest(sample):
    digest, at = hashlib.blake2b(digest_size=12), 0
    while at + 4 < len(sample):
        size = int.from_bytes(sample[at:at + 4], "big")
        nal = sample[at + 4:at + 4 + size]
        if nal and nal[0] & 0x1F in SLICES:
            digest.update(nal.rstrip(b"\0"))
        at += 4 + size
    return digest.digest()


def _samples(data):
    video = None
    for kind, start, end in boxes(data, 0, len(data)):
        if kind == b"moov":
            video = _first_track(data, start, end)
        elif kind == b"moof":
            for traf_kind, traf_start, traf_end in boxes(data, start, end):
                if traf_kind == b"traf":
                    yield from _of_track(data, start - 8, traf_start, traf_end, video)


def _first_track(data, start, end):
    for kind, trak, trak_end in boxes(data, start, end):
        if kind == b"trak":
            for inner, at, _ in boxes(data, trak, trak_end):
                if inner == b"tkhd":
                    return struct.unpack_from(">I", data, at + (20 if data[at] else 12))[0]
    return None


def _of_track(data, moof, start, end, wanted):
    default_size = 0
    for kind, at, _ in boxes(data, start, end):
        flags = int.from_bytes(data[at + 1:at + 4], "big")
        if kind == b"tfhd":
            if struct.unpack_from(">I", data, at + 4)[0] != wanted:
                return
            if flags & TFHD_DEFAULT_SIZE:
                # Behind base-data-offset, sample-description-index and default duration, where they are there.
                skip = 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2) + 4 * bool(flags & 0x8)
                default_size = struct.unpack_from(">I", data, at + 8 + skip)[0]
        elif kind == b"trun":
            yield from _of_run(data, moof, at, flags, default_size)


def _of_run(data, moof, at, flags, default_size):
    count, place = struct.unpack_from(">I", data, at + 4)[0], at + 8
    offset = moof
    if flags & TRUN_OFFSET:
        offset += struct.unpack_from(">i", data, place)[0]
        place += 4
    place += 4 * bool(flags & TRUN_FIRST_FLAGS)
    step = 4 * sum(bool(flags & field) for field in TRUN_FIELDS)
    size_at = 4 * bool(flags & 0x100)
    for _ in range(count):
        size = struct.unpack_from(">I", data, place + size_at)[0] if flags & TRUN_SIZE else default_size
        yield offset, size
        place, offset = place + step, offset + size
