#!/usr/bin/python3
"""Records disturbed cameras for a while, then looks for every frame that they sent.

    soak.py [--minutes 20] [--cameras 16] [--seed N] [--binary PATH] [--keep]

Standard output ends with one line of JSON. `unexplained_s` and `excess_gap_s` are to be 0 (soak_account.py
says what they count), `rss_growth_mb` compares the medians of the service's resident memory over the first
and the last minute after the last kill. Exit code 1 if the first two are not.
"""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median

import soak_story
from clip import ROOT
from hall import Hall, edge_config
from machine import Processes, end_on_sigterm, memory_mb, say, stop
from soak_account import Disturbance, account, by_camera

START_WITHIN_S = 60
KILLS_UNTIL_S = 300
RSS_EVERY_S = 2
DRAINED_AFTER_S = 2


def main():
    parser = argparse.ArgumentParser(description="A long run with disturbed cameras.")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--seed", type=int, default=None, help="of the disturbances; printed")
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "quaywatch")
    parser.add_argument("--keep", action="store_true", help="leave the archive and the logs")
    args = parser.parse_args()
    if not args.binary.exists():
        sys.exit(f"soak: {args.binary} is missing: `make soak` builds it first")
    end_on_sigterm()
    seed = random.randrange(1 << 32) if args.seed is None else args.seed
    say(f"soak: seed {seed}")
    (ROOT / "target").mkdir(exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="soak-", dir=ROOT / "target"))
    try:
        figures = Soak(args, seed, work).run()
    finally:
        if args.keep:
            say(f"soak: kept {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    print(json.dumps(figures))
    sys.exit(0 if figures["unexplained_s"] == 0 and figures["excess_gap_s"] == 0 else 1)


class Soak:
    """One run."""

    def __init__(self, args, seed, work):
        self.binary, self.seed, self.work = args.binary, seed, work
        self.length_s = 60 * args.minutes
        self.kills_until_s = min(KILLS_UNTIL_S, 0.5 * self.length_s)
        self.cameras = soak_story.make_cameras(args.cameras, str(ROOT / "media" / "vtest.avi"))
        self.mounts = {camera.name: camera.mount for camera in self.cameras}
        self.deeds = soak_story.plan(seed, self.cameras, self.length_s, self.kills_until_s)
        self.disturbances, self.memory, self.kills = by_camera(), [], 0
        self.service = None

    def run(self):
        with Processes() as processes:
            self.processes = processes
            self.hall = Hall(processes, self.work, [camera.hall for camera in self.cameras])
            urls = {camera.name: self.hall.url(camera.mount) for camera in self.cameras}
            segment = "60s" if self.length_s >= 180 else "10s"
            self.config = self.work / "edge.toml"
            self.config.write_text(edge_config(self.work / "archive", urls, segment=segment))
            self.start_service()
            self.began_s = time.time()
            self.disturb_all("start", self.began_s, self.began_s)
            self.wait_until_recorded()
            self.live()
            # Nothing more is sent and all is drained: from here on every frame must be in the archive.
            for mount in self.mounts.values():
                self.hall.control(do="hang", mount=mount)
            time.sleep(DRAINED_AFTER_S)
            stop([self.service, self.hall.process])
        return self.figures()

    def start_service(self):
        self.service = self.processes.start(
            [self.binary, "--log-format", "json", "edge", "--config", self.config], self.work / "edge.log")

    def wait_until_recorded(self):
        deadline = time.monotonic() + START_WITHIN_S
        while not all(any((self.work / "archive" / "video" / name).glob("main/*/*.mp4")) for name in self.mounts):
            if self.service.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"soak: not every camera is recorded:\n{(self.work / 'edge.log').read_text()[-3000:]}")
            time.sleep(0.2)

    def live(self):
        """Carries the deeds out, and watches the memory between them."""
        say(f"soak: {len(self.cameras)} cameras, {len(self.deeds)} disturbances in {self.length_s:g} s")
        start = time.monotonic()
        waiting, next_look_s = list(self.deeds), 0.0
        while (now_s := time.monotonic() - start) < self.length_s:
            while waiting and waiting[0].at_s <= now_s:
                self.do(waiting.pop(0))
            if now_s >= next_look_s:
                if self.service.poll() is not None:
                    sys.exit(f"soak: the service ended:\n{(self.work / 'edge.log').read_text()[-3000:]}")
                self.memory.append((now_s, memory_mb(self.service, "VmRSS")))
                next_look_s = now_s + RSS_EVERY_S
            due_s = min(waiting[0].at_s if waiting else self.length_s, next_look_s, self.length_s)
            time.sleep(max(0.0, due_s - (time.monotonic() - start)))

    def do(self, deed):
        if deed.kind == "kill":
            self.service.send_signal(signal.SIGKILL)
            killed_s = time.time()
            self.service.wait()
            time.sleep(deed.for_s)
            self.start_service()
            self.kills += 1
            self.disturb_all("kill", killed_s, time.time())
        else:
            self.hall.control(**deed.order, mount=self.mounts[deed.camera])

    def disturb_all(self, kind, from_s, to_s):
        for name in self.mounts:
            self.disturbances[name].append(Disturbance(kind, from_s, to_s))

    def told_disturbances(self, log):
        """When each order was carried out, as the cameras' log says: they may have been late."""
        names = {mount: name for name, mount in self.mounts.items()}
        open_orders, last_s = {}, self.began_s + self.length_s
        for line in (line for line in log if line["e"] == "control"):
            if "error" in line:
                sys.exit(f"soak: a camera could not be disturbed: {line}")
            key, at_s = (line["mount"], line.get("reverts", line["do"])), line["at_ms"] / 1000
            if "reverts" in line and key in open_orders:
                open_orders.pop(key).to_s = at_s
                if line["reverts"] == "params":
                    self.disturbances[names[line["mount"]]].append(Disturbance("params", at_s, at_s))
                continue
            told = Disturbance(line["do"], at_s, at_s if line["do"] in ("cut", "params") else last_s)
            self.disturbances[names[line["mount"]]].append(told)
            if line.get("for_s") and line["do"] != "params":
                open_orders[key] = told
            elif line["do"] == "params":
                open_orders[key] = Disturbance("params", at_s, at_s)

    def figures(self):
        say("soak: looking for every frame")
        log = self.hall.log()
        last_hangs = {line["mount"]: i for i, line in enumerate(log) if line["e"] == "control" and line["do"] == "hang"}
        self.told_disturbances([line for i, line in enumerate(log) if i not in last_hangs.values()])
        total = account(self.work / "archive", self.cameras, log, self.disturbances, self.began_s)
        for told in total.told:
            say(f"soak: {told}")
        figures = {key: round(value, 2) if isinstance(value, float) else value
                   for key, value in asdict(total).items() if key != "told"}
        return {
            "seed": self.seed, "cameras": len(self.cameras), "minutes": round(self.length_s / 60, 2), **figures,
            "disturbances": len(self.deeds), "kills": self.kills, "rss_growth_mb": self.growth_mb(),
            "rss_mb": round(max(mb for _, mb in self.memory), 1),
        }

    def growth_mb(self):
        after = [(at_s, mb) for at_s, mb in self.memory if at_s >= self.kills_until_s]
        window_s = min(60, (self.length_s - self.kills_until_s) / 4)
        first = [mb for at_s, mb in after if at_s <= self.kills_until_s + window_s]
        last = [mb for at_s, mb in after if at_s >= self.length_s - window_s]
        return round(median(last) - median(first), 1)


if __name__ == "__main__":
    main()
