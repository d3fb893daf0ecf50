#!/usr/bin/python3
"""How a large archive behaves: start, time line, and the deletion of a day while recording goes on.

    archive.py [--cameras 8] [--days 90] [--questions 200] [--seed 1] [--binary PATH] [--fresh]

On the made archive of archive_make.py, which lies on an ext4 image of its own (target/bench-archive/) where
loop devices may be used, else in a plain folder. Standard output ends with one line of JSON. `startup_s`
and `timeline_p95_ms` are with an empty page cache (the worse one); the warm ones stand beside them. `find_s`
and `rm_s` are what plain `find` and `rm` take for the same tree and the same number of files.
"""

import argparse
import json
import sys
from pathlib import Path

import archive_ask
import archive_delete
from archive_make import Made
from clip import ROOT
from loopdisk import LoopDisk
from machine import end_on_sigterm, say

WORK = ROOT / "target" / "bench-archive"
FILE_BYTES, REAL_DAY_BYTES, MINUTES = 5_000, 160_000_000, 1440


def main():
    parser = argparse.ArgumentParser(description="How a large archive behaves.")
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--questions", type=int, default=200, help="time lines asked for; a tenth as many cold")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "quaywatch")
    parser.add_argument("--fresh", action="store_true", help="make the archive again")
    args = parser.parse_args()
    if not args.binary.exists():
        sys.exit(f"bench: {args.binary} is missing: `make bench-archive` builds it first")
    end_on_sigterm()
    WORK.mkdir(parents=True, exist_ok=True)
    name = f"{args.cameras}x{args.days}"
    files = args.cameras * args.days * MINUTES
    gigabytes = 4 + (files * 2 * FILE_BYTES + args.cameras * REAL_DAY_BYTES) // 10**9
    if args.fresh:
        (WORK / f"{name}.img").unlink(missing_ok=True)
        (WORK / name / "made.json").unlink(missing_ok=True)
    with LoopDisk(WORK, name, gigabytes, keep=True, files=files * 5 // 4 + 10_000) as disk:
        figures = measure(args, disk)
    print(json.dumps(figures))


def measure(args, disk):
    made = Made(disk.path, WORK, args.binary, args.cameras, args.days)
    made.ensure()
    say("archive: on an ext4 image of its own" if disk.is_loop else "archive: in a plain folder")
    web = archive_ask.has_web(made, args.binary)
    figures = {"cameras": args.cameras, "days": args.days, **archive_ask.walk(made)}
    try:
        figures |= archive_ask.startup(made, args.binary, web)
        if web:
            figures |= archive_ask.timeline(made, args.binary, args.seed, args.questions)
        figures |= archive_delete.delete_day(made, args.binary, web)
    finally:
        made.restore()
    return figures


if __name__ == "__main__":
    main()
