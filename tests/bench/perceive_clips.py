"""The clips that the perception benchmark's cameras send, made once.

Main: the recording benchmark's picture (1080p25, 4 Mbit/s) with Vietnamese speech of a counter. Sub: 16 s of
people who walk, 640x360, 5 pictures a second, 512 kbit/s, a keyframe every 2 s. Both loop without a seam.
"""

import subprocess
import sys

from clip import ROOT, make_clip

MEDIA = ROOT / "media"
MAIN, SUB = MEDIA / "bench-speech-1080p25.mp4", MEDIA / "bench-people-640x360.mp4"


def make():
    """The paths of both, main first."""
    picture = make_clip()
    _once(MAIN, ["-i", picture, "-i", MEDIA / "calm.wav", "-map", "0:v", "-map", "1:a", "-c:v", "copy",
                 "-c:a", "aac", "-ar", "16000", "-ac", "1", "-b:a", "32k", "-t", "8.3"])
    _once(SUB, ["-ss", "40", "-i", MEDIA / "vtest.avi", "-t", "16", "-an", "-vf", "fps=5,crop=768:432:0:72,scale=640:360,format=yuv420p",
                "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0", "-g", "10", "-sc_threshold", "0",
                "-b:v", "512k", "-maxrate", "512k", "-bufsize", "512k"])
    return MAIN, SUB


def _once(path, arguments):
    if path.exists():
        return
    print(f"bench: making {path.name}, once", file=sys.stderr)
    unfinished = path.with_suffix(".part.mp4")
    subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", *arguments, unfinished], check=True)
    unfinished.rename(path)
