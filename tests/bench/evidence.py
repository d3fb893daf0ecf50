#!/usr/bin/python3
"""What evidence costs: signing, an exported hour, and checking it beside sha256sum.

    evidence.py [--runs 5] [--seconds 60] [--binary PATH]

An hour of real 1080p25 at 4 Mbit/s with sound (play_footage.py) in an archive of its own. `sign_ms` is a document of the
chain from the lists to the disk, `export_1h_s` the command for the whole hour, `export_c2pa_1h_s` with content
credentials in the film, `export_all_1h_s` with WAV and original files as well, `copy_1h_s` the same files copied and
synced, turn by turn, and `export_vs_copy` how many times as long ours takes: of both the footage comes from the disk, and
the program is in memory, as it is where the centre runs. `verify_vs_sha256sum` is how fast `quaywatch verify` is beside
`sha256sum` over the same package, turn by turn, 1 is as fast. Standard output ends with one line of JSON.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from archive_ask import drop_caches
from clip import ROOT
from hall import edge_config
from machine import Processes, end_on_sigterm, say, stop
from play_footage import CAMERA, Footage

WORK = ROOT / "target" / "bench-evidence"
NOBODY = "rtsp://127.0.0.1:9/nowhere"
HOUR_MS = 3_600_000
# Of a small process: what a child has before it becomes the program counts as its own, and this one is large.
PEAK = "import resource, subprocess, sys, time; begun = time.monotonic(); " \
       "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode; took = time.monotonic() - begun; " \
       "print(took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"


class Small:
    """An archive that holds nothing but the footage of this benchmark."""

    def __init__(self, path):
        self.path, self.count = path, 0
        today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        self.first_day = today - timedelta(days=3)


def main():
    parser = argparse.ArgumentParser(description="What evidence costs.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=60, help="of signing, a document every five")
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "quaywatch")
    args = parser.parse_args()
    if not args.binary.exists():
        sys.exit(f"bench: {args.binary} is missing: `make bench-evidence` builds it first")
    end_on_sigterm()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        print(json.dumps(measure(args)))
    finally:
        shutil.rmtree(WORK, ignore_errors=True)


def measure(args):
    storage = WORK / "centre"
    config = WORK / "edge.toml"
    text = edge_config(storage, {CAMERA: NOBODY}, keep="30d")
    config.write_text(text.replace('segment = "60s"', 'segment = "60s"\nseal_every = "5s"'))
    run_service(args, config, 3)
    footage = Footage(Small(storage), WORK, args.binary)
    footage.add()
    figures = signing(args, config)
    return figures | exporting(args, config, footage) | checking(args, storage)


def run_service(args, config, seconds):
    """Runs the centre for so long; gives what it logged."""
    log = WORK / "edge.log"
    log.unlink(missing_ok=True)
    with Processes() as processes:
        service = processes.start([args.binary, "--log-format", "json", "edge", "--config", config], log)
        time.sleep(seconds)
        if service.poll() is not None:
            sys.exit(f"bench: the centre ended:\n{log.read_text()[-2000:]}")
        stop([service])
    return log.read_text()


def signing(args, config):
    log = run_service(args, config, args.seconds)
    took = [int(us) / 1000 for us in re.findall(r'"took_us":"?(\d+)', log)]
    if len(took) < 3:
        sys.exit(f"bench: {len(took)} documents in {args.seconds} s:\n{log[-2000:]}")
    figures = {"sign_ms": round(statistics.median(took), 2), "sign_max_ms": round(max(took), 2), "documents": len(took)}
    say(f"evidence: {figures}")
    return figures


def exporting(args, config, footage):
    files, _ = footage.files(footage.from_ms, footage.from_ms + HOUR_MS)
    exports, copies, memory = [], [], 0
    for _ in range(args.runs):
        took, peak = exported(args, config, (footage.from_ms, footage.from_ms + HOUR_MS), [])
        exports.append(took)
        memory = max(memory, peak)
        copies.append(copied(files))
    size = sum(file.stat().st_size for file in packed())
    figures = {"export_1h_s": round(statistics.median(exports), 2), "export_rss_mb": round(memory, 1),
               "export_mb": round(size / 1e6), "copy_1h_s": round(statistics.median(copies), 2),
               "export_vs_copy": round(statistics.median(ours / theirs for ours, theirs in zip(exports, copies)), 2)}
    took, peak = exported(args, config, (footage.from_ms, footage.from_ms + HOUR_MS), ["--c2pa"])
    figures |= {"export_c2pa_1h_s": round(took, 2), "export_c2pa_rss_mb": round(peak, 1)}
    for name, ms in ("10min", HOUR_MS // 6), ("1h", HOUR_MS):
        took, peak = exported(args, config, (footage.from_ms, footage.from_ms + ms), ["--wav", "--originals"])
        figures |= {f"export_all_{name}_s": round(took, 2), f"export_all_{name}_rss_mb": round(peak, 1)}
    say(f"evidence: {figures}")
    return figures


def exported(args, config, span, more):
    """Seconds and MB of memory that a package of the range takes."""
    shutil.rmtree(WORK / "package", ignore_errors=True)
    drop_caches()
    # Ten seconds from behind the hour: the program is in memory then, and the footage is not.
    run_export(args, config, (span[0] + HOUR_MS + 60_000, span[0] + HOUR_MS + 70_000), more)
    return run_export(args, config, span, more)


def run_export(args, config, span, more):
    at = [datetime.fromtimestamp(ms / 1000, timezone.utc).isoformat().replace("+00:00", "Z") for ms in span]
    command = [args.binary, "export", "--config", config, "--camera", CAMERA, "--from", at[0], "--to", at[1],
               "--reason", "benchmark", "--out", WORK / "package", *more]
    shutil.rmtree(WORK / "package", ignore_errors=True)
    done = subprocess.run([sys.executable, "-c", PEAK, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench: the export failed: {done.stderr[-2000:]}")
    took, peak = done.stdout.split()
    return float(took), int(peak) / 1024


def packed():
    """The files of the package."""
    return sorted(file for file in (WORK / "package").rglob("*") if file.is_file())


def copied(files):
    """Seconds for the same files to be copied and synced."""
    out = WORK / "copy.bin"
    drop_caches()
    begun = time.monotonic()
    with open(out, "wb") as target:
        for file in files:
            with open(file, "rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
        os.fsync(target.fileno())
    took = time.monotonic() - begun
    out.unlink()
    return took


def checking(args, storage):
    package = WORK / "package"
    key = next(storage.glob("keys/*.pub.pem"))
    ours, theirs = [], []
    for _ in range(args.runs):
        ours.append(timed([args.binary, "verify", package, "--trust", key]))
        theirs.append(timed(["sha256sum", *packed()]))
    ratio = statistics.median(theirs) / statistics.median(ours)
    figures = {"verify_s": round(statistics.median(ours), 2), "sha256sum_s": round(statistics.median(theirs), 2),
               "verify_vs_sha256sum": round(ratio, 2)}
    say(f"evidence: {figures}")
    return figures


def timed(command):
    begun = time.monotonic()
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        sys.exit(f"bench: {command[0]} failed")
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
