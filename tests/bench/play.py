#!/usr/bin/python3
"""Any moment played: how soon a playlist, an MP4 and a picture are there, how late live is, what viewers cost.

    play.py [--questions 60] [--seeks 40] [--seconds 40] [--seed 1] [--binary PATH]

On the made archive of a million files (archive_make.py) with an hour of real 1080p25 in it (play_footage.py), its
service recording live cameras beside. First bytes are with an empty page cache, where that is allowed; the warm
ones stand beside them. `ffmpeg_…` is what `ffmpeg -c copy` takes for the same range of the same files. The browser is
Debian's Chromium without a screen. Standard output ends with one line of JSON.
"""

import argparse
import http.client
import json
import math
import random
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlencode

from archive import FILE_BYTES, MINUTES, REAL_DAY_BYTES, WORK
from archive_ask import Service, drop_caches
from archive_make import Made
from clip import ROOT
from hall import Hall
from loopdisk import LoopDisk
from machine import Processes, cpu_seconds, end_on_sigterm, say
from play_footage import CAMERA, Footage, make_sub_clip

VIEWERS, SUBS = 20, 8
SETTLE_S, SETTLE_WITHIN_S = 8, 400
# Of one core: recording the cameras of this benchmark takes a few per cent.
CALM = 0.10
HOUR_MS = 3_600_000


def main():
    parser = argparse.ArgumentParser(description="Any moment played.")
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--seeks", type=int, default=40)
    parser.add_argument("--seconds", type=int, default=40, help="of live pictures, and of viewers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "quaywatch")
    args = parser.parse_args()
    if not args.binary.exists():
        sys.exit(f"bench: {args.binary} is missing: `make bench-play` builds it first")
    end_on_sigterm()
    WORK.mkdir(parents=True, exist_ok=True)
    files = args.cameras * args.days * MINUTES
    # With room for the hour of real footage and what is recorded meanwhile.
    gigabytes = 9 + (files * 2 * FILE_BYTES + args.cameras * REAL_DAY_BYTES) // 10**9
    name = f"play-{args.cameras}x{args.days}"
    with LoopDisk(WORK, name, gigabytes, keep=True, files=files * 5 // 4 + 10_000) as disk:
        made = Made(disk.path, WORK, args.binary, args.cameras, args.days)
        made.ensure()
        footage = Footage(made, WORK, args.binary)
        try:
            footage.add()
            print(json.dumps(measure(args, made, footage)))
        finally:
            made.restore()


def measure(args, made, footage):
    chance = random.Random(args.seed)
    figures = {"cameras": args.cameras, "days": args.days}
    with Processes() as processes:
        live = {"media": str(ROOT / "media" / "vtest.avi"), "size": [640, 360], "fps": 25, "kbps": 1500, "audio": "pcma",
                "sound": str(ROOT / "media" / "calm.wav")}
        cameras = [{"mount": "/live2", "gop_s": 2.0, **live}, {"mount": "/live10", "gop_s": 10.0, **live},
                   {"mount": "/sub", "copies": SUBS, "prebuilt": str(make_sub_clip()), "codec": "h264", "audio": "none"}]
        hall = Hall(processes, WORK, cameras)
        more = {CAMERA: "rtsp://127.0.0.1:9/play", "live2": hall.url("/live2"), "live10": hall.url("/live10")}
        more |= {f"sub{n}": hall.url(f"/sub{n}") for n in range(SUBS)}
        service = Service(processes, made, args.binary, more=more)
        settle(service)
        service.sign_in()
        figures |= playlists(made, service, chance, args.questions)
        figures |= views(footage, service, chance, args.questions)
        figures |= viewers(processes, service, args.seconds)
        figures |= browser(footage, service, chance, args)
    return figures


def settle(service):
    """Waits until the service has looked through the archive after its start: its processor time tells."""
    deadline, calm = time.monotonic() + SETTLE_WITHIN_S, 0
    while calm < 2 and time.monotonic() < deadline:
        before = cpu_seconds(service.process)
        time.sleep(SETTLE_S)
        calm = calm + 1 if (cpu_seconds(service.process) - before) / SETTLE_S < CALM else 0


def playlists(made, service, chance, questions):
    """An hour of any camera at any time; and a whole day."""
    days = range(2, made.days)

    def path(length_ms):
        camera, day = chance.choice(made.cameras), chance.choice(days)
        start_ms = int(made.first_day.timestamp() * 1000) + day * 86_400_000 + chance.randrange(86_400_000 - length_ms + 1)
        return asked(camera, "playlist.m3u8", start_ms, start_ms + length_ms)

    cold = [first_byte(service, path(HOUR_MS)) for _ in range(questions) if drop_caches()]
    warm = [first_byte(service, path(HOUR_MS)) for _ in range(questions)]
    day = [first_byte(service, path(86_400_000)) for _ in range(max(5, questions // 6))]
    figures = {"playlist_first_byte_p95_ms": p95(cold or warm), "playlist_first_byte_warm_p95_ms": p95(warm),
               "playlist_is_cold": bool(cold), "playlist_day_first_byte_warm_p95_ms": p95(day)}
    say(f"play: playlists: {figures}")
    return figures


def views(footage, service, chance, questions):
    """MP4s of ten seconds to ten minutes; then ten minutes and an hour to the end, beside ffmpeg."""
    def some(length_ms):
        start = chance.randrange(footage.from_ms, footage.to_ms - length_ms)
        return start, start + length_ms

    lengths = [chance.randrange(10_000, 600_000) for _ in range(questions)]
    cold = [first_byte(service, asked(CAMERA, "view.mp4", *some(length))) for length in lengths if drop_caches()]
    warm = [first_byte(service, asked(CAMERA, "view.mp4", *some(length))) for length in lengths]
    hour = [first_byte(service, asked(CAMERA, "view.mp4", *some(HOUR_MS))) for _ in range(5) if drop_caches()]
    figures = {"view_first_byte_p95_ms": p95(cold or warm), "view_first_byte_warm_p95_ms": p95(warm),
               "view_1h_first_byte_p95_ms": p95(hour) if hour else None}
    start, end = some(600_000)
    drop_caches()
    begun = time.monotonic()
    status, body = service.get(asked(CAMERA, "view.mp4", start, end))
    took = time.monotonic() - begun
    if status != 200:
        sys.exit(f"bench: no view: {body[:300]}")
    figures |= {"view_600s_s": round(took, 2), "view_600s_mb": round(len(body) / 1e6, 1)} | ffmpeg(footage, start, end)
    say(f"play: views: {figures}")
    return figures


def ffmpeg(footage, start, end):
    """The same range with ffmpeg, to a file of the same kind: its index before its media takes a second pass."""
    files, skip = footage.files(start, end)
    (WORK / "list.txt").write_text("".join(f"file '{file}'\n" for file in files))
    out = WORK / "ffmpeg.mp4"
    drop_caches()
    begun = time.monotonic()
    subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", "-f", "concat", "-safe", "0", "-ss", str(skip),
                    "-t", str((end - start) / 1000), "-i", WORK / "list.txt", "-c", "copy", "-movflags", "faststart", out],
                   check=False)
    took = time.monotonic() - begun
    out.unlink(missing_ok=True)
    return {"ffmpeg_600s_s": round(took, 2)}


def viewers(processes, service, seconds):
    """What 20 pages with eight live pictures each cost the service, beside what recording costs."""
    def percent(seconds):
        before, begun = cpu_seconds(service.process), time.monotonic()
        time.sleep(seconds)
        return 100 * (cpu_seconds(service.process) - before) / (time.monotonic() - begun)

    alone = percent(seconds)
    command = [sys.executable, ROOT / "tests" / "bench" / "viewers.py", str(service.port), service.headers["Cookie"],
               str(VIEWERS), str(seconds + 8), *(f"sub{n}" for n in range(SUBS))]
    crowd = processes.start(command, stdout=subprocess.PIPE, text=True)
    if crowd.stdout.readline().strip() != "in":
        sys.exit("bench: the viewers did not get in")
    time.sleep(3)
    watched = percent(seconds)
    counted = json.loads(crowd.stdout.readline())
    figures = {"server_cpu_percent_20_viewers": round(watched - alone, 1), "server_cpu_percent_recording": round(alone, 1),
               "viewers_mbit_s": round(counted["bytes"] * 8 / 1e6 / (seconds + 8), 1)}
    say(f"play: viewers: {figures}")
    return figures


def browser(footage, service, chance, args):
    """Seeks and live delay in Chromium, by web/bench/play.js."""
    moments = [chance.randrange(footage.from_ms + 5000, footage.to_ms - 10_000) for _ in range(args.seeks)]
    order = {"address": f"http://127.0.0.1:{service.port}", "cookie": service.headers["Cookie"], "camera": CAMERA,
             "seeks": moments, "live": {"live2": "live_delay", "live10": "live_delay_10s_keyframes"}, "seconds": args.seconds}
    command = [ROOT / "deploy" / "npm.py", "run", "--silent", "bench", "--", json.dumps(order)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: the browser did not get there:\n{done.stderr[-3000:]}")
    figures = {}
    for name, values in json.loads(done.stdout.splitlines()[-1]).items():
        figures[f"{name}_p95_ms"], figures[f"{name}_p50_ms"] = p95(values), round(sorted(values)[len(values) // 2], 1)
    say(f"play: browser: {figures}")
    return figures


def asked(camera, page, from_ms, to_ms):
    at = [datetime.fromtimestamp(ms / 1000, timezone.utc).isoformat().replace("+00:00", "Z") for ms in (from_ms, to_ms)]
    return f"/api/cameras/{camera}/{page}?" + urlencode({"from": at[0], "to": at[1], "reason": "bench"})


def first_byte(service, path):
    """Milliseconds from the question to the first byte of the answer's body."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    begun = time.monotonic()
    connection.request("GET", path, headers=service.headers)
    answer = connection.getresponse()
    answer.read(1)
    took = (time.monotonic() - begun) * 1000
    if answer.status != 200:
        sys.exit(f"bench: {answer.status} for {path}: {answer.read()[:300]}")
    connection.close()
    return took


def p95(values):
    return round(sorted(values)[math.ceil(len(values) * 0.95) - 1], 1)


if __name__ == "__main__":
    main()
