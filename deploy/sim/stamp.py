#!/usr/bin/python3
"""The stamp that a simulated camera writes into each picture: which frame this is and when it was sent.

A strip of blocks at the very top of the picture carries 96 bits that survive encoding, scaling by the
codec's quantiser and re-encoding, so that a test reads back from any decoded picture which frames
arrived, in what order, how late, and exactly where a clip was cut.

Format: two rows of 48 blocks in the luma plane. Row r covers lines 16r to 16r+16, block i the columns
floor(i*W/48) to floor((i+1)*W/48). A 1 is luma 220, a 0 luma 30; chroma under the strip is 128.
Bits, most significant first:

    8   sync 10101100
    32  frame number, from 0, one more for each frame of the mount
    48  send time, milliseconds since the Unix epoch
    8   CRC-8 (polynomial 0x07, start 0) over the ten bytes of number and time

The width must be a multiple of 8 (so that no plane has padding) and at least 192, the height even and
at least 64.

    stamp.py FILE    decodes the video of FILE and prints one JSON line a frame:
                     {"i": index, "pts_s": time in the file, "n": number or null, "sent_ms": time or null}
"""

import json
import subprocess
import sys
import threading
from fractions import Fraction
from queue import Queue

BLOCKS = 48
BLOCK_LINES = 16
STRIP_LINES = 2 * BLOCK_LINES
SYNC = 0b10101100
ONE, ZERO, GREY = 220, 30, 128
THRESHOLD = (ONE + ZERO) / 2


def crc8(data):
    """CRC-8 with polynomial 0x07 and start value 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ 0x07 if crc & 0x80 else crc << 1
        crc &= 0xFF
    return crc


def pack(number, sent_ms):
    """The 96 bits of a stamp as twelve bytes."""
    body = (number & 0xFFFFFFFF).to_bytes(4, "big") + (sent_ms & 0xFFFFFFFFFFFF).to_bytes(6, "big")
    return bytes([SYNC]) + body + bytes([crc8(body)])


def unpack(packed):
    """(number, sent_ms) of twelve bytes, or None if they are not a stamp."""
    body = packed[1:11]
    if packed[0] != SYNC or packed[11] != crc8(body):
        return None
    return int.from_bytes(body[:4], "big"), int.from_bytes(body[4:], "big")


def block_edges(width):
    """The 49 column borders of the blocks."""
    return [i * width // BLOCKS for i in range(BLOCKS + 1)]


def strip(number, sent_ms, width):
    """The luma lines of the strip: the first STRIP_LINES * width bytes of a picture."""
    bits = f"{int.from_bytes(pack(number, sent_ms), 'big'):096b}"
    edges = block_edges(width)
    lines = bytearray()
    for row in (bits[:BLOCKS], bits[BLOCKS:]):
        line = b"".join(
            bytes([ONE if bit == "1" else ZERO]) * (edges[i + 1] - edges[i]) for i, bit in enumerate(row)
        )
        lines += line * BLOCK_LINES
    return bytes(lines)


def stamped(picture, number, sent_ms, width):
    """A yuv420p picture, already grey under the strip, with its stamp written in."""
    top = strip(number, sent_ms, width)
    return b"".join((top, memoryview(picture)[len(top):]))


def grey_under_strip(picture, width, height):
    """The picture with neutral chroma under the strip, so that only luma carries the bits."""
    out = bytearray(picture)
    chroma_width, plane = width // 2, (width // 2) * (height // 2)
    grey = bytes([GREY]) * (chroma_width * STRIP_LINES // 2)
    for start in (width * height, width * height + plane):
        out[start:start + len(grey)] = grey
    return bytes(out)


def read(luma, width):
    """(number, sent_ms) read from the first STRIP_LINES luma lines of a picture, or None."""
    edges = block_edges(width)
    bits = 0
    for row in range(2):
        # The middle of each block only: the codec smears the borders.
        lines = [(row * BLOCK_LINES + y) * width for y in range(5, 11)]
        for i in range(BLOCKS):
            inset = (edges[i + 1] - edges[i]) // 4
            left, right = edges[i] + inset, edges[i + 1] - inset
            total = sum(sum(luma[line + left:line + right]) for line in lines)
            bits = bits << 1 | (total > THRESHOLD * len(lines) * (right - left))
    return unpack(bits.to_bytes(12, "big"))


def probe_size(path):
    """(width, height) of the first video stream."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height",
         "-of", "csv=p=0:s=x", path],
        check=True, capture_output=True, text=True)
    width, height = done.stdout.split()[0].rstrip("x").split("x")[:2]
    return int(width), int(height)


def frames(path):
    """Yields {"i", "pts_s", "n", "sent_ms"} for each decoded video frame of a media file."""
    width, _ = probe_size(path)
    # showinfo gives each frame's time on stderr; gray keeps the luma plane as it is (no range change).
    ffmpeg = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-hide_banner", "-copyts", "-i", path, "-map", "0:v:0", "-vsync", "passthrough",
         "-vf", f"showinfo=checksum=0,extractplanes=y,crop={width}:{STRIP_LINES}:0:0", "-f", "rawvideo", "-"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    times = Queue()
    threading.Thread(target=_collect_times, args=(ffmpeg.stderr, times), daemon=True).start()
    index = 0
    while len(luma := ffmpeg.stdout.read(width * STRIP_LINES)) == width * STRIP_LINES:
        found = read(luma, width)
        number, sent_ms = found if found else (None, None)
        yield {"i": index, "pts_s": times.get(timeout=10), "n": number, "sent_ms": sent_ms}
        index += 1
    if ffmpeg.wait() != 0 and index == 0:
        raise RuntimeError(f"ffmpeg could not decode the video of {path}")


def _collect_times(stderr, times):
    # From pts and time base: showinfo rounds pts_time to six digits.
    time_base = Fraction(0)
    for line in stderr:
        if b"showinfo" not in line:
            continue
        if b"config in time_base:" in line:
            time_base = Fraction(line.split(b"time_base:")[1].split(b",")[0].strip().decode())
        elif b" pts:" in line:
            pts = line.split(b" pts:")[1].split()[0].decode()
            times.put(None if pts == "NOPTS" else float(int(pts) * time_base))


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: stamp.py FILE")
    for frame in frames(sys.argv[1]):
        print(json.dumps(frame))


if __name__ == "__main__":
    main()
