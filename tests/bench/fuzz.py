#!/usr/bin/env python3
"""Fuzzes what comes from outside, on the stable toolchain: each target of fuzz/ for a minute.

    fuzz.py [--seconds 60] [TARGET…]

It begins with what the tests and the examples hold (a real recording, the example configurations, messages as
agreed), and keeps what it finds new in target/fuzz. What breaks is left in fuzz/artifacts and named.
stdout ends with one line of JSON.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ["wire", "manifest", "salvage", "config", "papers"]
CORPUS = ROOT / "target" / "fuzz" / "corpus"
SNAPSHOTS = ROOT / "src" / "wire" / "snapshots"
# Which first byte chooses which message, as in fuzz_targets/wire.rs.
MESSAGES = {"event": 0, "file": 1, "receipt": 2, "status": 3, "command": 4}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("targets", nargs="*", default=TARGETS)
    args = parser.parse_args()
    sow()
    figures, failed = {}, []
    for target in args.targets:
        print(f"fuzz: {target}: building and running for {args.seconds} s", file=sys.stderr, flush=True)
        begun = time.monotonic()
        done = subprocess.run(
            ["cargo", "fuzz", "run", "-s", "none", "--target-dir", ROOT / "target" / "fuzz", target, CORPUS / target,
             "--", f"-max_total_time={args.seconds}", "-print_final_stats=1", "-max_len=65536", "-rss_limit_mb=4096"],
            cwd=ROOT, stderr=subprocess.PIPE, text=True)
        runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
        covered = re.findall(r"cov: (\d+)", done.stderr)
        figures[f"{target}_runs"] = int(runs.group(1)) if runs else 0
        figures[f"{target}_edges"] = int(covered[-1]) if covered else 0
        print(f"fuzz: {target}: {figures[f'{target}_runs']} runs, {round(time.monotonic() - begun)} s with its building",
              file=sys.stderr)
        if done.returncode:
            failed.append(target)
            print("\n".join(done.stderr.splitlines()[-40:]), file=sys.stderr)
    print(json.dumps({"failed": len(failed)} | figures))
    sys.exit(1 if failed else 0)


def sow():
    """Something of each kind to begin with."""
    for target in TARGETS:
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
    for kind, number in MESSAGES.items():
        for snapshot in SNAPSHOTS.glob(f"*__{kind}__*.snap"):
            text = snapshot.read_text().split("---\n", 2)[2]
            read = json.loads(text)
            for n, message in enumerate(read if isinstance(read, list) else [read]):
                (CORPUS / "wire" / f"{kind}-{n}").write_bytes(bytes([number]) + json.dumps(message).encode())
    for name in ("edge", "province"):
        example = (ROOT / "config" / f"{name}.example.toml").read_bytes()
        (CORPUS / "config" / name).write_bytes(example)
    for name in ("mistakes", "province_mistakes"):
        (CORPUS / "config" / name).write_bytes((ROOT / "src" / "config" / f"{name}.toml").read_bytes())
    recording = CORPUS / "salvage" / "recording"
    if not recording.exists():
        subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x36:r=10:d=3", "-c:v", "libx264", "-g", "10",
             "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", "-y", recording], check=True)


if __name__ == "__main__":
    main()
