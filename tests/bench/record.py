#!/usr/bin/python3
"""What recording costs: one quaywatch against one ffmpeg a camera, on the same cameras at the same time.

16 simulated cameras send a 1080p25 4 Mbit/s clip with AAC (clip.py). `quaywatch edge` records them all;
beside it 16 times `ffmpeg -c copy -f segment -segment_time 60` records each of them, with the same
fragments and flushing as ours; then once more with ffmpeg's defaults. After start-up, the CPU time of
both is taken over the same window from /proc/PID/stat. Then every recorded frame of both is looked up
in the clip: a frame missing or repeated on either side makes the figures worthless, and `frames_equal`
false.

Standard output ends with one line of JSON: medians over the runs, peak memory over all of them.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import clip

STREAMS = 16
WARM_UP_S = 15
START_DEADLINE_S = 60
TICKS = os.sysconf("SC_CLK_TCK")
ROOT = clip.ROOT
WORK = ROOT / "target" / "bench-record"
QUAYWATCH = ROOT / "target" / "release" / "quaywatch"
# -flush_packets as an option of its own stays with the segment muxer and does not reach the file.
OUR_FLAGS = ["-segment_format", "mp4", "-segment_format_options",
             "movflags=frag_keyframe+empty_moov+default_base_moof+frag_discont:frag_duration=500000:flush_packets=1"]


def main():
    parser = argparse.ArgumentParser(description="What recording costs, against ffmpeg.")
    parser.add_argument("--minutes", type=float, default=3.0, help="length of each measurement after start-up")
    parser.add_argument("--runs", type=int, default=3, help="runs against ffmpeg with our flags")
    args = parser.parse_args()
    if not QUAYWATCH.exists():
        sys.exit(f"bench: {QUAYWATCH} is missing: `make bench-record` builds it first")
    media = clip.make_clip()
    numbers = {digest: number for number, digest in enumerate(clip.slices(media))}
    runs = [one_run(f"run {i + 1} of {args.runs}", OUR_FLAGS, args.minutes, numbers) for i in range(args.runs)]
    defaults = one_run("run against ffmpeg's defaults", [], args.minutes, numbers)
    print(json.dumps(summary(runs, defaults)))


def summary(runs, defaults):
    def middle(key):
        return round(median(run[key] for run in runs), 3)

    return {
        "streams": STREAMS,
        "cpu_ratio_vs_ffmpeg": middle("ratio"),
        "cpu_ratio_vs_ffmpeg_defaults": round(defaults["ratio"], 3),
        "cpu_percent_per_stream": middle("cpu_percent"),
        "ffmpeg_cpu_percent_per_stream": middle("ffmpeg_cpu_percent"),
        "ffmpeg_defaults_cpu_percent_per_stream": round(defaults["ffmpeg_cpu_percent"], 3),
        "rss_mb": max(run["rss_mb"] for run in [*runs, defaults]),
        "ffmpeg_rss_mb_each": max(run["ffmpeg_rss_mb"] for run in runs),
        "simulator_cpu_percent": middle("simulator_cpu_percent"),
        "frames_equal": all(run["frames_equal"] for run in [*runs, defaults]),
        "frames": sum(run["frames"] for run in [*runs, defaults]),
        "minutes": round(runs[0]["minutes"], 2),
        "runs": len(runs),
    }


def one_run(name, flags, minutes, numbers):
    """Records with both for some minutes and returns what it cost each."""
    say(f"{name}: starting")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    processes = []
    try:
        simulator, port = start_simulator(processes)
        ours = start(processes, [QUAYWATCH, "edge", "--config", write_config(port)], "quaywatch")
        theirs = [start_ffmpeg(processes, port, i, flags) for i in range(STREAMS)]
        wait_for_files(processes)
        time.sleep(WARM_UP_S)
        say(f"{name}: measuring for {minutes:g} minutes")
        before = usage(simulator, ours, theirs)
        time.sleep(60 * minutes)
        after = usage(simulator, ours, theirs)
        result = costs(before, after)
        result["rss_mb"] = peak_mb(ours)
        result["ffmpeg_rss_mb"] = max(peak_mb(process) for process in theirs)
        stop([ours, *theirs])
    finally:
        stop(processes)
    result |= check_frames(numbers, at_least=round(60 * minutes * clip.FPS))
    shutil.rmtree(WORK)
    say(f"{name}: {json.dumps(result)}")
    return result


def start_simulator(processes):
    hall = {"port": 0, "cameras": [
        {"mount": "/load", "copies": STREAMS, "prebuilt": str(clip.CLIP), "codec": "h264", "audio": "aac"}]}
    (WORK / "hall.json").write_text(json.dumps(hall))
    process = subprocess.Popen(
        ["/usr/bin/python3", ROOT / "deploy" / "sim" / "cameras.py", WORK / "hall.json", "--exit-on-eof"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    processes.append(process)
    ready = process.stdout.readline()
    if not ready:
        sys.exit("bench: the simulated cameras did not start")
    return process, json.loads(ready)["port"]


def write_config(port):
    """A centre that records and does nothing else."""
    text = (
        '[centre]\nid = "bench"\nname = "Bench"\nhours = []\n\n'
        f'[storage]\npath = "{WORK / "archive"}"\nkeep = "1d"\nreserve = "1GB"\npurpose = "Benchmark"\n'
    )
    for i in range(STREAMS):
        text += f'\n[[camera]]\nid = "load{i}"\nname = "Load {i}"\nmain = "{url(port, i)}"\naudio = "record"\n'
    config = WORK / "edge.toml"
    config.write_text(text)
    return config


def url(port, i):
    return f"rtsp://127.0.0.1:{port}/load{i}"


def start_ffmpeg(processes, port, i, flags):
    folder = WORK / "ffmpeg" / f"load{i}"
    folder.mkdir(parents=True)
    command = ["ffmpeg", "-nostdin", "-loglevel", "warning", "-rtsp_transport", "tcp", "-i", url(port, i), "-c", "copy",
               "-f", "segment", "-segment_time", "60", *flags, folder / "%05d.mp4"]
    return start(processes, command, f"ffmpeg-{i}")


def start(processes, command, name):
    with open(WORK / f"{name}.log", "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    processes.append(process)
    return process


def our_files(i):
    return sorted((WORK / "archive" / "video" / f"load{i}" / "main").glob("*/*.mp4"))


def their_files(i):
    return sorted((WORK / "ffmpeg" / f"load{i}").glob("*.mp4"))


def wait_for_files(processes):
    """Waits until both sides record every camera."""
    deadline = time.monotonic() + START_DEADLINE_S
    while not all(our_files(i) and their_files(i) for i in range(STREAMS)):
        dead = [process.args[0] for process in processes if process.poll() is not None]
        if dead or time.monotonic() > deadline:
            log = (WORK / "quaywatch.log").read_text(errors="replace")[-2000:]
            sys.exit(f"bench: not every camera is being recorded (ended: {dead}); quaywatch said:\n{log}")
        time.sleep(0.2)


def usage(simulator, ours, theirs):
    """The clock and the CPU seconds used so far."""
    return {"at": time.monotonic(), "simulator": cpu_seconds(simulator), "ours": cpu_seconds(ours),
            "theirs": sum(cpu_seconds(process) for process in theirs)}


def cpu_seconds(process):
    if process.poll() is not None:
        sys.exit(f"bench: {process.args[0]} ended during the measurement")
    # The fields after the command's name, which may hold anything: utime and stime are the 14th and 15th of all.
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mb(process):
    line = next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024, 1)


def costs(before, after):
    spent = {key: after[key] - before[key] for key in before}
    percent = 100 / spent["at"]
    return {
        "minutes": spent["at"] / 60,
        "ratio": spent["ours"] / spent["theirs"],
        "cpu_percent": spent["ours"] * percent / STREAMS,
        "ffmpeg_cpu_percent": spent["theirs"] * percent / STREAMS,
        "simulator_cpu_percent": spent["simulator"] * percent,
    }


def stop(processes):
    """Ends them in order, by force if they do not end."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def check_frames(numbers, at_least):
    """Whether both sides hold every frame of every camera: numbers that rise by one, and enough of them."""
    complete, total = True, 0
    for i in range(STREAMS):
        for side, files in (("quaywatch", our_files(i)), ("ffmpeg", their_files(i))):
            recorded = [numbers.get(digest) for file in files for digest in clip.slices(file)]
            breaks = sum(after is None or before is None or after != (before + 1) % clip.FRAMES
                         for before, after in zip(recorded, recorded[1:]))
            if breaks or len(recorded) < at_least:
                say(f"{side}, camera {i}: {len(recorded)} frames (at least {at_least} expected), {breaks} breaks")
                complete = False
            total += len(recorded)
    return {"frames_equal": complete, "frames": total}


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
