"""A centre with thousands of incidents, as if it had run for a month: its tables are the real program's own.

They are of every kind that a centre makes; every second one is closed, the others are new, seen or in hand. The newest
of those that a camera saw have a still and a clip; of older ones the evidence was deleted when its time was over.
"""

import json
import os
import random
import sqlite3
import subprocess
import time
import uuid
from contextlib import closing

from clip import ROOT
from machine import say

DAYS, WITH_EVIDENCE = 29, 200
CAMERAS = ["hall1", "hall2"]
CLOCK = json.dumps({"state": "unknown", "offset_ms": None})
# Kind, severity, whether a camera's picture tells of it, what was measured.
KINDS = [
    ("counter-unattended", "warning", True, {"unattended_s": 240, "citizens": 3}),
    ("long-wait", "warning", True, {"longest_s": 1500}),
    ("crowding", "warning", True, {"people": 14}), ("after-hours", "urgent", True, {"people": 1}),
    ("raised-voices", "warning", True, {"over_baseline_db": 14}), ("scream", "urgent", True, {}),
    ("breaking-glass", "urgent", True, {}), ("alarm-sound", "urgent", True, {}),
    ("camera-covered", "warning", True, {"covered_percent": 96}), ("camera-moved", "warning", True, {"changed_percent": 71}),
    ("camera-blurred", "notice", True, {"sharpness_percent": 12}), ("picture-frozen", "warning", True, {"still_s": 60}),
    ("camera-lost", "warning", False, {}), ("audio-lost", "notice", False, {}),
    ("recording-gap", "notice", False, {"missing_ms": 4200}), ("disk-low", "warning", None, {"free_bytes": 9_000_000_000}),
    ("storage-failed", "urgent", None, {}), ("clock-off", "warning", None, {"set_by_ms": 7200}),
    ("restarted", "notice", None, {"away_ms": 61_000}), ("evidence-given-up", "warning", None, {}),
    ("manual", "warning", True, {"note": "Hai người to tiếng ở quầy"}),
]


def make(storage, count, seed):
    """Fills the database of a centre that does not run; gives how many have evidence."""
    pictures = _pictures(storage.parent)
    chance, now_ms, made = random.Random(seed), int(time.time() * 1000), 0
    incidents, handling = [], []
    for n in range(count):
        kind, severity, has_picture, peak = KINDS[n % len(KINDS)]
        flagged_ms = now_ms - (n + 1) * DAYS * 86_400_000 // count
        row = _incident(n, flagged_ms, kind, severity, has_picture is not None, peak, chance)
        if has_picture and made < WITH_EVIDENCE:
            made += 1
            row |= {"evidence_state": "made", "evidence_reason": None}
            _link(pictures, storage / "evidence" / row["id"])
        incidents.append(row)
        if row["work"] == "closed":
            handling.append({"incident": row["id"], "at": row["worked_at"], "place": "centre", "who": "admin",
                             "action": "close", "outcome": row["outcome"], "owner": row["owner"], "note": ""})
    with closing(sqlite3.connect(storage / "centre.sqlite")) as database:
        for table, rows in (("incidents", incidents), ("handling", handling)):
            names = list(rows[0])
            database.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({','.join('?' * len(names))})",
                                 [tuple(row.values()) for row in rows])
        database.commit()
    say(f"web: made {count} incidents, {made} of them with evidence")
    return made


def _incident(n, flagged_ms, kind, severity, has_camera, peak, chance):
    is_closed = n % 2 == 1
    # Of version 7, as the service makes them: what is newer sorts behind.
    id = flagged_ms << 80 | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)
    work = "closed" if is_closed else chance.choice(["new", "new", "new", "seen", "in-hand"])
    return {
        "id": str(uuid.UUID(int=id)),
        "kind": kind, "severity": severity, "camera": CAMERAS[n // 2 % 2] if has_camera else None,
        "zone": f"Quầy {1 + n % 5}" if has_camera and n % 3 else None,
        "started_at": flagged_ms - 30_000, "flagged_at": flagged_ms, "ended_at": flagged_ms + 45_000,
        "peak": json.dumps(peak), "count": 1 + (n % 50 == 0), "rule": kind,
        "clip_from": flagged_ms - 15_000 if has_camera else None,
        "clip_to": flagged_ms + 15_000 if has_camera else None,
        "evidence_state": "impossible" if has_camera else "none",
        "evidence_reason": "deleted: it was kept for its time" if has_camera else None,
        "clock": CLOCK, "sound_may_leave": 0, "also": "[]", "asked": 0,
        "work": work, "owner": "admin" if work in ("in-hand", "closed") else None,
        "outcome": chance.choice(["real", "false-alarm", "test"]) if is_closed else None,
        "worked_at": flagged_ms + 600_000 if work != "new" else None,
    }


def _pictures(folder):
    """A still and a clip of thirty seconds of people in a hall, cut once."""
    still, clip = folder / "still.jpg", folder / "clip.mp4"
    cut = ["ffmpeg", "-nostdin", "-y", "-v", "error", "-ss", "20", "-i", ROOT / "media" / "vtest.avi", "-an"]
    subprocess.run([*cut, "-frames:v", "1", "-q:v", "4", still], check=True)
    subprocess.run([*cut, "-t", "30", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p",
                    "-movflags", "faststart", clip], check=True)
    return still, clip


def _link(files, folder):
    folder.mkdir(parents=True)
    for file in files:
        os.link(file, folder / file.name)
