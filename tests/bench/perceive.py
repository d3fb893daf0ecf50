#!/usr/bin/python3
"""What seeing and hearing cost: 8 cameras with people and speech, recorded, looked at and listened to by one centre.

    perceive.py [--minutes 2] [--cameras 8] [--binary PATH]

Each camera sends a 1080p25 4 Mbit/s main stream with Vietnamese speech and a 640x360 sub stream of 5 pictures a
second in which people walk (perceive_clips.py). All default rules are in force, so every model works: people at
one look a second while something moves, speech, and sounds. Recording is included.

Standard output ends with one line of JSON. `cameras_per_core` are the cameras for each core's worth of processor
time that the service used over the steady window, `looks_per_camera_s` and `dropped` say whether the work was
really done. `people_ms` and `sound_ms` are the service's own counts: a look for people, and a second of sound.
The figures that end with `_onnxruntime` are those of the same centre with the same cameras right after it, the
models run by ONNX Runtime (`deploy/setup.sh test` brings it). `replay_speed` are media seconds a second of `quaywatch replay` over the sub stream.
"""

import argparse
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import median

import perceive_clips
from clip import ROOT
from hall import Hall, edge_config
from machine import Processes, cpu_seconds, end_on_sigterm, memory_mb, say, stop
from people import sign_in

ONNXRUNTIME = ROOT / "models" / "onnxruntime" / "libonnxruntime.so"
WORK = ROOT / "target" / "bench-perceive"
START_WITHIN_S, WARM_UP_S, ASK_EVERY_S = 60, 40, 2


def main():
    parser = argparse.ArgumentParser(description="What seeing and hearing cost.")
    parser.add_argument("--minutes", type=float, default=2.0, help="length of the measurement after start-up")
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "quaywatch")
    args = parser.parse_args()
    if not args.binary.exists():
        sys.exit(f"bench: {args.binary} is missing: `make bench-perceive` builds it first")
    end_on_sigterm()
    main_clip, sub_clip = perceive_clips.make()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        figures = live(args, main_clip, sub_clip)
        if ONNXRUNTIME.exists():
            theirs = live(args, main_clip, sub_clip, f'runtime = "onnxruntime"\nlibrary = "{ONNXRUNTIME}"\n')
            figures |= {f"{key}_onnxruntime": theirs[key] for key in ("cameras_per_core", "people_ms", "sound_ms", "rss_mb")}
        figures["replay_speed"] = replay_speed(args.binary, sub_clip)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    print(json.dumps(figures))


def live(args, main_clip, sub_clip, perceive=""):
    """The figures of a running centre; `perceive` are lines of its [perceive] section."""
    shutil.rmtree(WORK / "archive", ignore_errors=True)
    names = [f"cam{i}" for i in range(args.cameras)]
    streams = [{"mount": f"/{kind}", "copies": args.cameras, "prebuilt": str(path), "codec": "h264", "audio": audio}
               for kind, path, audio in (("main", main_clip, "aac"), ("sub", sub_clip, "none"))]
    with Processes() as processes:
        hall = Hall(processes, WORK, streams)
        config = WORK / "edge.toml"
        port = free_port()
        config.write_text(watching_config(hall, names, port) + f"\n[perceive]\n{perceive}")
        service = processes.start([args.binary, "edge", "--config", config], WORK / "quaywatch.log")
        wait_for_pages(service, port)
        headers = sign_in(args.binary, config, port)
        say(f"warming up for {WARM_UP_S} s")
        time.sleep(WARM_UP_S)
        before, cpu_s, began_s = perception(port, headers), cpu_seconds(service), time.monotonic()
        people_ms, sound_us = [], []
        while time.monotonic() - began_s < 60 * args.minutes:
            time.sleep(ASK_EVERY_S)
            now = perception(port, headers)
            people_ms += [camera["people_ms"] for camera in now]
            sound_us += [camera["sound_us"] for camera in now]
        after, length_s = perception(port, headers), time.monotonic() - began_s
        cores = (cpu_seconds(service) - cpu_s) / length_s
        rss_mb = memory_mb(service, "VmHWM")
        stop([service, hall.process])

    def counted(key):
        return sum(b[key] - a[key] for a, b in zip(before, after))

    return {
        "cameras": args.cameras, "cameras_per_core": round(args.cameras / cores, 1), "cores_used": round(cores, 3),
        "rss_mb": rss_mb, "looks_per_camera_s": round(counted("looks") / args.cameras / length_s, 2),
        "dropped": counted("dropped") + counted("pictures_dropped") + counted("sounds_dropped"), "failed": counted("failed"),
        "people_ms": median(people_ms), "sound_ms": round(median(sound_us) / 1000, 2), "minutes": round(length_s / 60, 2),
    }


def watching_config(hall, names, port):
    """A centre in which every default rule over cameras is in force."""
    text = edge_config(WORK / "archive", {name: hall.url(f"/main{i}") for i, name in enumerate(names)}, web=f"127.0.0.1:{port}")
    text = text.replace("hours = []", 'hours = ["mon-sun 00:00-24:00"]').replace("default_rules = false\n", "")
    for i in range(len(names)):
        main = f'main = "{hall.url(f"/main{i}")}"\n'
        text = text.replace(main, f'{main}sub = "{hall.url(f"/sub{i}")}"\n')
    return text


def free_port():
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return tried.getsockname()[1]


def wait_for_pages(service, port):
    """Until the centre is ready to be asked."""
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline and service.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10).close()
            return
        except OSError:
            time.sleep(0.2)
    sys.exit(f"bench: the centre did not start:\n{(WORK / 'quaywatch.log').read_text(errors='replace')[-2000:]}")


def perception(port, headers):
    """What the centre counted of each camera so far."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/cameras", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        told = json.load(answer)
    return [camera["perception"] for camera in told["cameras"]]


def replay_speed(binary, sub_clip):
    """Media seconds a second of a replay of one camera's picture, a minute long."""
    minute = WORK / "minute.mp4"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", "20", "-i", sub_clip, "-t", "60", "-c", "copy", minute], check=True)
    config = WORK / "replay.toml"
    config.write_text(edge_config(WORK / "archive", {"hall": "rtsp://127.0.0.1/1"}).replace("default_rules = false\n", ""))
    began_s = time.monotonic()
    subprocess.run([binary, "replay", "--config", config, "--camera", "hall", minute, "--json"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return round(60 / (time.monotonic() - began_s), 1)


if __name__ == "__main__":
    main()
