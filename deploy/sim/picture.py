"""Where a live camera's pictures come from: a few seconds of footage, decoded once and kept raw.

The pictures go forth and back, so that the loop has no cut: a sudden jump every few seconds would look
like a moved or covered camera. They are chosen by wall time, so that the main and the sub stream of a
camera show the same moment. Mounts with the same footage, size and rate share one copy.
"""

import subprocess
from functools import lru_cache

import stamp


class Pictures:
    """Raw yuv420p pictures of one size and rate."""

    def __init__(self, frames, width, height, fps):
        self.frames, self.width, self.height, self.fps = frames, width, height, fps

    def at(self, tick):
        """The picture for the tick-th frame interval since the Unix epoch."""
        turn = max(1, 2 * (len(self.frames) - 1))
        place = tick % turn
        return self.frames[min(place, turn - place) if place >= len(self.frames) else place]

    def caps(self):
        return f"video/x-raw,format=I420,width={self.width},height={self.height},framerate={self.fps}/1"


@lru_cache(maxsize=None)
def load(media, width, height, fps, start_s, seconds):
    """Decodes `seconds` of `media` (or ffmpeg's moving test pattern, if it is "test")."""
    if media == "test":
        source = ["-f", "lavfi", "-i", f"testsrc2=size={width}x{height}:rate={fps}"]
    else:
        source = ["-ss", str(start_s), "-i", media]
    ffmpeg = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-v", "error", *source, "-t", str(seconds), "-an",
         "-vf", f"fps={fps},scale={width}:{height}", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"],
        stdout=subprocess.PIPE)
    size = width * height * 3 // 2
    frames = []
    while len(raw := ffmpeg.stdout.read(size)) == size:
        frames.append(stamp.grey_under_strip(raw, width, height))
    if ffmpeg.wait() != 0 or not frames:
        raise SystemExit(f"cameras: no pictures could be decoded from {media}")
    return Pictures(frames, width, height, fps)
