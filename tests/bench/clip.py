"""The clip that the recording benchmark's cameras send: 1080p25, 4 Mbit/s H.264 with AAC, 8 s.

Real footage scaled up, with sensor noise so that the bits are really needed; a keyframe every 2 s, no
B-frames, as cameras send it. Each frame carries its number in the loop as a stamp, so that no two
access units are alike and a recording can be checked for missing and repeated frames without decoding.
8 s are a whole number of frames and of AAC units (16 kHz): the loop has no seam.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "sim"))
import stamp  # noqa: E402

CLIP = ROOT / "media" / "bench-1080p25.mp4"
WIDTH, HEIGHT, FPS, SECONDS = 1920, 1080, 25, 8
FRAMES = FPS * SECONDS
FRAME_BYTES = WIDTH * HEIGHT * 3 // 2


def make_clip():
    """Makes the clip if it is not there, and returns its path."""
    if CLIP.exists():
        return CLIP
    print("bench: making the clip, once", file=sys.stderr)
    unfinished = CLIP.with_suffix(".part.mp4")
    source = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", ROOT / "media" / "vtest.avi",
         "-vf", f"setpts=PTS*10/{FPS},fps={FPS},scale={WIDTH}:{HEIGHT},noise=alls=6:allf=t", "-frames:v", str(FRAMES),
         "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"], stdout=subprocess.PIPE)
    encoder = subprocess.Popen(
        ["ffmpeg", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{WIDTH}x{HEIGHT}",
         "-r", str(FPS), "-i", "-", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000",
         "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0", "-g", str(2 * FPS), "-sc_threshold", "0",
         "-b:v", "4M", "-maxrate", "4M", "-bufsize", "4M", "-c:a", "aac", "-b:a", "32k", "-ac", "1",
         # A little more sound than picture, so that enough is left when a demuxer drops what pads its ends.
         "-t", str(SECONDS + 0.3), unfinished], stdin=subprocess.PIPE)
    for number in range(FRAMES):
        picture = stamp.grey_under_strip(source.stdout.read(FRAME_BYTES), WIDTH, HEIGHT)
        encoder.stdin.write(stamp.stamped(picture, number, 0, WIDTH))
    encoder.stdin.close()
    if encoder.wait() != 0 or source.wait() != 0:
        raise SystemExit("bench: ffmpeg could not make the clip")
    unfinished.rename(CLIP)
    return CLIP


def slices(path):
    """A digest for each frame of a recording: of its slices only, since recorders treat parameter sets differently."""
    ffmpeg = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "fatal", "-i", path, "-map", "0:v:0", "-c", "copy", "-f", "h264", "-"],
        stdout=subprocess.PIPE)
    digests, open_frame = [], None
    for nal in ffmpeg.stdout.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]:
        if nal[0] & 0x1F not in (1, 5):
            continue
        # The first bit after the header says first_mb_in_slice is 0: a new frame starts.
        if nal[1] & 0x80:
            open_frame = hashlib.blake2b(digest_size=12)
            digests.append(open_frame)
        open_frame.update(nal.rstrip(b"\0"))
    return [digest.digest() for digest in digests]
