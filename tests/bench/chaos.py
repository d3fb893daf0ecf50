#!/usr/bin/env python3
"""Nothing is lost and nothing doubled, whatever is killed: a centre, mosquitto and a province across a bad link.

    chaos.py [--events 10000] [--clips 200] [--sizes 2MB..20MB] [--kills 30] [--rate 40] [--seed 1]

While incidents are added to the outbox, broker, centre and province are killed (SIGKILL) or stopped at random, the
link is cut at random, and the province is away part of the time. At the end everything is compared: each event and
each file of the outbox, the centre's word for it and the province's, with digests made anew from the bytes.

Where this machine makes no network namespaces, that is said aloud and the line runs without the bad link.
stdout ends with one line of JSON; the exit code is 1 if anything was lost or doubled.
"""

import argparse
import hashlib
import json
import random
import sys
import time
from pathlib import Path

import machine
from line import ROOT, BadLink, Line
from machine import Processes, say, stop

WORK = ROOT / "target" / "chaos"
BATCHES = 20
LONGEST_S = 7200


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000, help="how many events, about")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--sizes", default="2MB..20MB")
    parser.add_argument("--kills", type=int, default=30, help="at least so many kills of the broker")
    parser.add_argument("--rate", type=float, default=40, help="Mbit/s")
    parser.add_argument("--rtt", type=float, default=40, help="ms")
    parser.add_argument("--loss", type=float, default=0.5, help="percent")
    parser.add_argument("--every", type=float, default=8, help="about how many seconds lie between two disturbances")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", default="qwc", help="begins the names of the network namespaces")
    parser.add_argument("--folder", type=Path, default=WORK)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/quaywatch")
    args = parser.parse_args()
    machine.end_on_sigterm()
    begun = time.monotonic()
    with Processes() as processes:
        link = BadLink(processes, args.rate, args.rtt, args.loss, seed=args.seed, name=args.name)
        if link.namespaces:
            link.congestion_control("bbr")
        chaos = Chaos(args, Line(processes, args.folder, args.binary, link), link)
        chaos.run()
        counts = chaos.account()
    figures = {"lost": counts.lost, "doubled": counts.doubled, "kills": chaos.done["broker"],
               "events": counts.events, "files": counts.files, "file_mb": round(counts.bytes / 1e6),
               "centre_kills": chaos.done["centre"], "province_kills": chaos.done["province"],
               "province_absences": chaos.done["absence"], "cuts": chaos.done["cut"],
               "link": "bad" if link.namespaces else "none", "took_s": round(time.monotonic() - begun, 1)}
    print(json.dumps(figures))
    sys.exit(1 if counts.lost or counts.doubled else 0)


class Chaos:
    """What happens, in an order that the seed decides."""

    def __init__(self, args, line, link):
        self.args, self.line, self.link = args, line, link
        self.random = random.Random(args.seed)
        self.done = {"broker": 0, "centre": 0, "province": 0, "absence": 0, "cut": 0}
        self.added = 0

    def run(self):
        self.line.start()
        # One process makes the tables.
        self.line.wait_until("the centre's outbox", lambda: self.line.outbox(
            "SELECT 1 FROM sqlite_master WHERE name = 'handling'"), 30)
        self.line.wait_until("the centre", lambda: self.line.outbox("SELECT count(*) FROM outbox"), 30)
        self.add()
        deadline = time.monotonic() + LONGEST_S
        while True:
            if self.added < BATCHES:
                self.add()
            elif self.done["broker"] >= self.args.kills and self.line.waiting() == 0:
                break
            if time.monotonic() > deadline:
                say(f"it is not done within {LONGEST_S} s: {self.line.waiting()} wait")
                break
            time.sleep(self.args.every * self.random.uniform(0.3, 1.7))
            if self.done["broker"] < self.args.kills or self.random.random() < 0.3:
                self.disturb()
        stop([self.line.edge, self.line.province, self.line.broker])

    def add(self):
        """A part of the load, by a process beside the centre."""
        part = lambda total: total * (self.added + 1) // BATCHES - total * self.added // BATCHES
        clips = part(self.args.clips)
        events = max(0, part(self.args.events) - 2 * clips)
        self.line.simulate("--events", events, "--clips", clips, "--size", self.args.sizes, "--seed", self.added)
        self.added += 1

    def disturb(self):
        what = self.random.choices(["broker", "centre", "province", "absence", "cut"], [6, 2, 1, 1, 1])[0]
        if what == "cut" and not self.link.namespaces:
            what = "broker"
        pause = self.random.uniform(0, 3)
        line = self.line
        if what == "broker":
            line.kill(line.broker)
            time.sleep(pause)
            line.start_broker()
        elif what == "centre":
            line.kill(line.edge)
            time.sleep(pause)
            line.start_edge()
        elif what == "province":
            line.kill(line.province)
            time.sleep(pause)
            line.start_province()
        elif what == "absence":
            stop([line.province])
            time.sleep(3 * self.args.every)
            line.start_province()
        else:
            self.link.order("cut")
            time.sleep(3 * pause)
            self.link.order("mend")
        self.done[what] += 1
        say(f"{what}, {line.waiting()} wait")

    def account(self):
        return Account(self.line)


class Account:
    """Both ends' books and the bytes, compared."""

    def __init__(self, line):
        self.lost = self.doubled = 0
        ours = line.outbox("SELECT id, kind, state, digest, size FROM outbox")
        # What tells of signed documents goes the same way, and is numbered with them.
        all_events = "(SELECT id, digest, epoch, sequence FROM events UNION ALL SELECT id, digest, epoch, sequence FROM link_messages)"
        events = {row[0]: row[1] for row in line.stored(f"SELECT id, digest FROM {all_events}")}
        files = {row[0]: row[1:] for row in line.stored("SELECT id, checksum, state, path FROM files")}
        self.events = sum(1 for row in ours if row[1] == "event")
        self.files = sum(1 for row in ours if row[1] == "file")
        self.bytes = sum(row[4] for row in ours if row[1] == "file")
        for key, kind, state, digest, _ in ours:
            there = events.get(key) == f"sha256:{digest}" if kind == "event" else self._is_stored(line, files.get(key), digest)
            if state != "delivered" or not there:
                self.lost += 1
                say(f"lost: {kind} {key}, {state} here, {'there' if there else 'not'} at the province")
        known = {row[0] for row in ours}
        self.doubled += len((set(events) | set(files)) - known)
        numbers = line.stored(f"SELECT count(*), count(DISTINCT epoch || sequence) FROM {all_events}")[0]
        self.doubled += numbers[0] - numbers[1]
        on_disk = [path for path in (line.folder / "province" / "files").rglob("*") if path.is_file()]
        self.doubled += max(0, len(on_disk) - len(files))
        missing = line.stored("SELECT sum(highest - lowest + 1 - count) FROM sequences")[0][0] or 0
        if missing:
            say(f"the province misses {missing} numbers")
            self.lost += missing

    @staticmethod
    def _is_stored(line, row, digest):
        if row is None or row[0] != digest or row[1] != "stored":
            return False
        with open(line.folder / "province" / row[2], "rb") as stored:
            return hashlib.file_digest(stored, "sha256").hexdigest() == digest


if __name__ == "__main__":
    main()
