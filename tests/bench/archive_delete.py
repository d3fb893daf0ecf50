"""A day of all cameras grows too old at once, while another camera is being recorded.

The clock must be believed before anything goes by age: a `timedatectl` of ours, first on PATH, says no
until recording runs, and yes from then on. What counts is what is there: the day's rows and directory
entries, looked at again and again, and the size of the file that is being recorded.
"""

import os
import shutil
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from threading import Event, Thread

from archive_ask import Service
from clip import ROOT
from hall import Hall
from machine import Processes, say

LIVE_CAMERA = {"mount": "/live", "media": str(ROOT / "media" / "vtest.avi"), "size": [768, 576], "fps": 10,
               "gop_s": 2.0, "kbps": 1000, "audio": "pcma", "sound": "tone"}
QUIET_S, AFTERWARDS_S = 12, 5
BEGINS_WITHIN_S, ENDS_WITHIN_S = 180, 600
# Past the end of the first day by less than the hole in the second.
INTO_HOLE = timedelta(minutes=10)


def delete_day(made, binary, web):
    """Seconds from the first entry that goes to the last, and how long recording paused meanwhile."""
    with Processes() as processes:
        hall = Hall(processes, made.work, [LIVE_CAMERA])
        trust = made.work / "trust"
        trust.write_text("no\n")
        until = made.first_day + timedelta(days=1) + INTO_HOLE
        keep_s = int((datetime.now(timezone.utc) - until).total_seconds())
        service = Service(processes, made, binary, web, {"live": hall.url("/live")}, keep=f"{keep_s}s",
                          env=os.environ | {"PATH": f"{_own_timedatectl(made.work, trust)}:{os.environ['PATH']}"})
        growth = Growth(made.path / "video" / "live" / "main")
        growth.wait_for_first()
        time.sleep(QUIET_S)
        quiet_until = time.monotonic()
        before = made.rows_of_first_day()
        trust.write_text("yes\n")
        say(f"archive: {before} files of the first day are too old now")
        began, ended = _watch(made, before, service)
        time.sleep(AFTERWARDS_S)
        growth.stop()
        audit = service.log.read_text(errors="replace").count('"reason":"age"')
    usual_ms = growth.pauses_ms(0, quiet_until)
    during_ms = growth.pauses_ms(began - 1, ended + 2)
    return {
        "delete_day_s": round(ended - began, 2),
        "deleted_files": before,
        "deleted_log_lines": audit,
        "recording_stall_ms": round(max(0.0, max(during_ms) - median(usual_ms))),
        "recording_usual_ms": round(median(usual_ms)),
        "recording_usual_longest_ms": round(max(usual_ms)),
        **_rm(made, before),
    }


def _own_timedatectl(work, trust):
    folder = work / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "timedatectl"
    program.write_text(f'#!/bin/sh\nexec cat "{trust}"\n')
    program.chmod(0o755)
    return folder


def _watch(made, before, service):
    """When the first of the day's rows and entries went, and when the last had gone."""
    deadline, began, last_seen = time.monotonic() + BEGINS_WITHIN_S, None, time.monotonic()
    entries = before
    while True:
        now = time.monotonic()
        # Entries first: they are looked at by name, and cost the service nothing.
        entries = sum(_entries(folder) for folder in made.folders_of_first_day())
        rows = made.rows_of_first_day()
        if began is None and (entries < before or rows < before):
            began, deadline = last_seen, now + ENDS_WITHIN_S
        if began is not None and entries == 0 and rows == 0:
            return began, time.monotonic()
        if now > deadline:
            sys.exit(f"bench: {entries} of {before} files of the day are still there, {rows} rows; the log:\n"
                     f"{service.log.read_text(errors='replace')[-1500:]}")
        last_seen = now
        time.sleep(0.02)


def _entries(folder):
    try:
        return len(os.listdir(folder))
    except FileNotFoundError:
        return 0


def _rm(made, count):
    """What `rm` takes for as many files of the same size, in one folder of the same file system."""
    folder = made.path / "rm"
    folder.mkdir()
    for i in range(count):
        (folder / f"{i}.mp4").write_bytes(made.head)
    subprocess.run(["sync"], check=True)
    started = time.monotonic()
    subprocess.run(["rm", "-r", folder], check=True)
    took_s = time.monotonic() - started
    shutil.rmtree(folder, ignore_errors=True)
    return {"rm_s": round(took_s, 2)}


class Growth:
    """Watches how the recording of a camera grows, every 5 ms."""

    def __init__(self, folder):
        self.folder, self.grown_at, self.stopped = Path(folder), [], Event()
        self.thread = Thread(target=self._follow, daemon=True)
        self.thread.start()

    def _follow(self):
        size = 0
        while not self.stopped.wait(0.005):
            now_size = sum(file.stat().st_size for file in self.folder.glob("*/*.mp4"))
            if now_size != size:
                self.grown_at.append(time.monotonic())
                size = now_size

    def wait_for_first(self):
        deadline = time.monotonic() + 60
        while not self.grown_at:
            if time.monotonic() > deadline:
                sys.exit("bench: the live camera is not recorded")
            time.sleep(0.1)

    def pauses_ms(self, begin, end):
        """The pauses between growths in a stretch of time; shorter ones than 50 ms are one write in two steps."""
        times = [at for at in self.grown_at if begin <= at <= end]
        pauses = [1000 * (after - before) for before, after in zip(times, times[1:])]
        return [pause for pause in pauses if pause > 50] or [0.0]

    def stop(self):
        self.stopped.set()
        self.thread.join()
