"""A made archive: 8 cameras for 90 days in files of a minute, about a million directory entries.

The index and its tables are the real program's own: it is started once on the empty folder, and a small
simulated camera is recorded for a minute on another one. That recording's row, with what hangs on it in
other tables, is the pattern for every row; a column that is added later is filled like it. One day of each
camera holds copies of the recorded file; every other file is its head, a kilobyte or so.

Once a day each camera was away for 20 s: a new run, with its reason. The first half hour of the second day
is missing in all of them, so that the first day can grow too old alone.

It is made once and used again while this file, the tables and the size stay the same.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

from clip import ROOT
from fragments import moved
from hall import Hall, edge_config
from machine import Processes, say, stop

MINUTES_A_DAY = 1440
AWAY_AT_MINUTE, AWAY_S = 180, 20
HOLE_MINUTES = 30
NOBODY = "rtsp://127.0.0.1:9"
TINY_CAMERA = {"mount": "/tiny", "media": str(ROOT / "media" / "vtest.avi"), "size": [192, 64], "fps": 2,
               "gop_s": 2.0, "kbps": 8, "audio": "none"}
SECONDS_FOR_ONE_FILE = 150
TORN = 4


class Made:
    """The archive below `path`, and what is in it."""

    def __init__(self, path, work, binary, cameras, days):
        self.path, self.work, self.binary = path, work, binary
        self.cameras = [f"cam{i}" for i in range(1, cameras + 1)]
        self.days = days
        self.note = path / "made.json"

    def ensure(self):
        """Makes it, unless it is there as it would be made."""
        schema = self._schema()
        recipe = hashlib.sha256(
            f"{Path(__file__).read_text()}{schema}{self.cameras}{self.days}".encode()).hexdigest()
        if self.note.exists() and json.loads(self.note.read_text())["recipe"] == recipe:
            self._read_note()
            say(f"archive: used again: {self.count} files since {self.first_day:%Y-%m-%d}")
            self.restore()
            return
        say(f"archive: making {len(self.cameras)} cameras x {self.days} days, once")
        for entry in self.path.iterdir():
            if entry.name != "lost+found":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        pattern = self._record_pattern()
        self._run_once(self.path)
        shutil.copy(pattern["file"], self.path / "pattern.mp4")
        today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        note = {"recipe": recipe, "first_day": (today - timedelta(days=self.days)).isoformat(),
                "row": pattern["row"], "more": pattern["more"], "head_bytes": pattern["head_bytes"]}
        self._take_note(note)
        started = time.monotonic()
        for day in range(self.days):
            self._fill_day(day)
        with self._index() as index:
            index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.note.write_text(json.dumps(note))
        say(f"archive: made {self.count} files in {time.monotonic() - started:.0f} s")

    def restore(self):
        """Brings back what a measurement took away or added."""
        with self._index() as index:
            marks = ",".join("?" * len(self.cameras))
            others = index.execute(
                f"SELECT counter, path FROM segments WHERE counter > ? OR camera NOT IN ({marks})",
                [self.count, *self.cameras]).fetchall()
            for counter, path in others:
                (self.path / path).unlink(missing_ok=True)
            for table in [*self.more, "segments"]:
                index.executemany(f"DELETE FROM {table} WHERE counter = ?", [(counter,) for counter, _ in others])
            index.commit()
        self._fill_day(0)

    def tear(self):
        """Leaves some files as a process that died would: an open row, and a file that ends within a fragment."""
        whole = (self.path / "pattern.mp4").read_bytes()
        start = self.first_day + timedelta(days=self.days)
        rows = []
        for i, camera in enumerate(self.cameras[:TORN]):
            path = f"video/{camera}/main/{start:%Y-%m-%d}/000000.000Z-{self.days + 9}-1.mp4"
            (self.path / path).parent.mkdir(parents=True, exist_ok=True)
            (self.path / path).write_bytes(whole[:len(whole) * 2 // 3 + 7])
            rows.append(self._row(self.count + 1 + i, camera, path, start, self.days + 9, 1)
                        | {"state": "open", "duration_ms": 0, "bytes": 0, "gap_before": "process-stopped"})
        with self._index() as index:
            index.execute("DELETE FROM segments WHERE counter > ?", (self.count,))
            self._insert(index, "segments", rows)
            index.commit()

    def open_rows(self):
        """How many files still wait to be salvaged."""
        with self._index(read_only=True) as index:
            return index.execute("SELECT count(*) FROM segments WHERE state = 'open'").fetchone()[0]

    def rows_of_first_day(self):
        end_ms = int((self.first_day + timedelta(days=1)).timestamp() * 1000)
        with self._index(read_only=True) as index:
            # By the counter, which needs no index that a later version may not have.
            return index.execute("SELECT count(*) FROM segments WHERE counter <= ? AND start_ms < ?",
                                 (len(self.cameras) * MINUTES_A_DAY, end_ms)).fetchone()[0]

    def folders_of_first_day(self):
        return [self.path / "video" / camera / "main" / f"{self.first_day:%Y-%m-%d}" for camera in self.cameras]

    def real_day(self, camera):
        """The number of the day that holds real recordings of this camera."""
        return 2 + (self.cameras.index(camera) * 11) % max(1, self.days - 2)

    @property
    def count(self):
        """How many files there are."""
        hole = HOLE_MINUTES if self.days > 1 else 0
        return len(self.cameras) * (self.days * MINUTES_A_DAY - hole)

    # Making

    def _schema(self):
        empty = self.work / "empty"
        shutil.rmtree(empty, ignore_errors=True)
        self._run_once(empty)
        with closing(sqlite3.connect(empty / "index.sqlite")) as index:
            return index.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()

    def _run_once(self, archive):
        """Starts the program on this folder until it runs, and stops it."""
        with Processes() as processes:
            config = self.work / "once.toml"
            config.write_text(edge_config(archive, {"cam1": f"{NOBODY}/cam1"}, keep="3650d"))
            log = self.work / "once.log"
            log.unlink(missing_ok=True)
            service = processes.start([self.binary, "edge", "--config", config], log)
            wait_for_line(service, log, "the centre runs", 60)

    def _record_pattern(self):
        say("archive: recording a minute as the pattern")
        folder = self.work / "pattern"
        shutil.rmtree(folder, ignore_errors=True)
        with Processes() as processes:
            hall = Hall(processes, self.work, [TINY_CAMERA])
            config = self.work / "pattern.toml"
            config.write_text(edge_config(folder, {"cam1": hall.url("/tiny")}))
            service = processes.start([self.binary, "edge", "--config", config], self.work / "pattern.log")
            deadline = time.monotonic() + SECONDS_FOR_ONE_FILE
            while len(files := sorted(folder.glob("video/cam1/main/*/*-1-*.mp4"))) < 2:
                if time.monotonic() > deadline or service.poll() is not None:
                    sys.exit(f"bench: no pattern was recorded:\n{(self.work / 'pattern.log').read_text()[-2000:]}")
                time.sleep(0.5)
            stop([service])
        with closing(sqlite3.connect(folder / "index.sqlite")) as index:
            index.row_factory = sqlite3.Row
            row = dict(index.execute("SELECT * FROM segments WHERE n = 1 AND state = 'closed'").fetchone())
            tables = [name for name, in index.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                      if name not in ("segments", "sqlite_sequence", "unsealed")]  # all of it is signed long ago
            more = {}
            for table in tables:
                columns = [column[1] for column in index.execute(f"PRAGMA table_info({table})")]
                if "counter" in columns:
                    found = index.execute(f"SELECT * FROM {table} WHERE counter = ?", (row["counter"],)).fetchone()
                    if found:
                        more[table] = {key: _packed(value) for key, value in dict(found).items()}
        data = files[0].read_bytes()
        return {"file": files[0], "row": {key: _packed(value) for key, value in row.items()}, "more": more,
                "head_bytes": data.index(b"moof") - 4}

    def _read_note(self):
        self._take_note(json.loads(self.note.read_text()))

    def _take_note(self, note):
        self.first_day = datetime.fromisoformat(note["first_day"])
        self.row = {key: _unpacked(value) for key, value in note["row"].items()}
        self.more = {table: {key: _unpacked(value) for key, value in row.items()} for table, row in note["more"].items()}
        self.pattern = (self.path / "pattern.mp4").read_bytes()
        self.head = self.pattern[:note["head_bytes"]]

    def _fill_day(self, day):
        """Makes what is missing of a day, in the order in which it would have been recorded."""
        date = self.first_day + timedelta(days=day)
        folders = {}
        for camera in self.cameras:
            name = f"video/{camera}/main/{date:%Y-%m-%d}"
            (self.path / name).mkdir(parents=True, exist_ok=True)
            folders[camera] = (name, os.open(self.path / name, os.O_RDONLY), day == self.real_day(camera))
        first = HOLE_MINUTES if day == 1 else 0
        counter = len(self.cameras) * (day * MINUTES_A_DAY - (HOLE_MINUTES if day > 1 else 0))
        rows = []
        for minute in range(first, MINUTES_A_DAY):
            is_back = minute == AWAY_AT_MINUTE
            run, n = (day + 1, minute - AWAY_AT_MINUTE + 1) if minute >= AWAY_AT_MINUTE else (day, MINUTES_A_DAY + minute)
            start = date + timedelta(minutes=minute, seconds=AWAY_S if is_back else 0)
            for camera, (name, folder, is_real) in folders.items():
                counter += 1
                file = f"{start:%H%M%S}.000Z-{run}-{n}.mp4"
                content = self.pattern if is_real else self.head
                _write(folder, file, content)
                row = self._row(counter, camera, f"{name}/{file}", start, run, n) | {"bytes": len(content)}
                if is_back:
                    row |= {"gap_before": "camera-away", "duration_ms": 1000 * (60 - AWAY_S)}
                if day == 1 and minute == first:
                    row |= {"gap_before": "process-stopped"}
                rows.append(row)
        for _, folder, _ in folders.values():
            os.close(folder)
        with self._index() as index:
            self._insert(index, "segments", rows)
            for table, pattern in self.more.items():
                self._insert(index, table, [self._more(table, pattern, row) for row in rows])
            index.commit()

    def _more(self, table, pattern, row):
        more = pattern | {"counter": row["counter"]}
        if table == "fragments":
            # The times in the list are those of the file's own place in its connection.
            more["list"] = moved(pattern["list"], row["media_start"] - self.row["media_start"])
        return more

    def _row(self, counter, camera, path, start, run, n):
        return self.row | {
            "counter": counter, "camera": camera, "stream": "main", "run": run, "n": n, "path": path,
            "start_ms": int(start.timestamp() * 1000), "media_start": (n - 1) * 60 * 90_000, "duration_ms": 60_000,
            "state": "closed", "gap_before": None, "is_dated": 1, "lost_packets": 0}

    @staticmethod
    def _insert(index, table, rows):
        names = list(rows[0])
        marks = ",".join("?" * len(names))
        index.executemany(f"INSERT OR IGNORE INTO {table} ({','.join(names)}) VALUES ({marks})",
                          [tuple(row[name] for name in names) for row in rows])

    def _index(self, read_only=False):
        index = sqlite3.connect(f"file:{self.path / 'index.sqlite'}{'?mode=ro' if read_only else ''}", uri=True, timeout=30)
        if not read_only:
            index.execute("PRAGMA synchronous = OFF")
        return closing(index)


def _write(folder, name, content):
    try:
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder)
    except FileExistsError:
        return
    os.write(file, content)
    os.close(file)


def _packed(value):
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def _unpacked(value):
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def wait_for_line(service, log, text, seconds):
    """Waits until the service's log holds `text`; gives the moment of the monotonic clock."""
    deadline = time.monotonic() + seconds
    while text not in (log.read_text(errors="replace") if log.exists() else ""):
        if service.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:]
            raise NotReady(f"bench: waited in vain for {text!r} of {Path(service.args[0]).name}; its log:\n{tail}")
        time.sleep(0.003)
    return time.monotonic()


class NotReady(SystemExit):
    """The service did not come up."""
