"""Looks for every frame that the soak's cameras sent, and holds each hole against what was done to them.

A hole lies between two recorded frames of a camera that do not follow each other, by number or by time.
It is explained by a disturbance that touches it, or by what the index says of it: a reason before the
file that ends it, or lost packets in the files around it. A camera that was silent by itself (its process
had no processor) is no hole: the numbers run on and its connection stayed.

How long a hole may be: the disturbance itself, 8 s of silence, the back-off and one keyframe interval.
Stricter where no silence has to be noticed: a connection that is cut off leaves 2 s to make a new one, and
where it holds (lost packets, new parameters) there is only the disturbance and one keyframe interval.
"""

import sqlite3
import sys
from collections import defaultdict
from dataclasses import dataclass, field

from clip import ROOT
from machine import workers

sys.path.insert(0, str(ROOT / "deploy" / "sim"))
import stamp  # noqa: E402

SILENCE_S, CONNECT_S, BACKOFF_FIRST_S, BACKOFF_LONGEST_S = 8, 2, 1, 10
# A kill may take the last second with it; the others begin when the cameras' log says so.
LEAD_S = {"kill": 1.0}
LEAD_ELSE_S = 0.5
# A connection that has held for 10 s makes the waits short again; before that it has to be made.
FORGIVEN_AFTER_S = 22
# A hole that a lost connection makes begins with it; what is still under way may arrive a little later.
BEGINS_WITHIN_S = 1.0
KEEPS_CONNECTION = {"loss", "params"}
HOLE_HAS_REASON_FROM_S = 1.0


@dataclass
class Disturbance:
    """What was done to a camera; the wall clock in s."""

    kind: str
    from_s: float
    to_s: float


@dataclass
class Hole:
    """Where frames, or time, of one camera are missing."""

    camera: str
    from_s: float
    to_s: float
    missing: int
    rows: list
    touching: list = field(default_factory=list)

    @property
    def length_s(self):
        return self.to_s - self.from_s


@dataclass
class Account:
    """The figures, over all cameras."""

    frames_sent: int = 0
    frames_recorded: int = 0
    frames_doubled: int = 0
    frames_out_of_order: int = 0
    missing_s: float = 0.0
    unexplained_s: float = 0.0
    excess_gap_s: float = 0.0
    longest_gap_s: float = 0.0
    gaps_without_reason: int = 0
    camera_silent_s: float = 0.0
    told: list = field(default_factory=list)


def account(archive, cameras, log, disturbances, began_s):
    """The account of `cameras`, whose disturbances are given by name."""
    rows = read_rows(archive)
    with workers() as pool:
        found = list(pool.map(_stamps_of, [str(archive / row["path"]) for row in rows], chunksize=4))
    frames_of_row = {row["counter"]: frames for row, frames in zip(rows, found)}
    total = Account()
    for camera in cameras:
        own = [row for row in rows if row["camera"] == camera.name]
        _of_camera(camera, own, frames_of_row, log, disturbances[camera.name], began_s, total)
    return total


def read_rows(archive):
    """The index's rows, in the archive's order."""
    with sqlite3.connect(f"file:{archive / 'index.sqlite'}?mode=ro", uri=True) as index:
        index.row_factory = sqlite3.Row
        return [dict(row) for row in index.execute("SELECT * FROM segments ORDER BY counter")]


def _stamps_of(path):
    return [(frame["n"], frame["sent_ms"]) for frame in stamp.frames(path) if frame["n"] is not None]


def _of_camera(camera, rows, frames_of_row, log, disturbances, began_s, total):
    sent = {line["n"]: line["at_ms"] for line in log if line["e"] == "frame" and line["mount"] == camera.mount}
    left_at_s = [line["at_ms"] / 1000 for line in log
                 if line["e"] == "client" and line["what"] in ("closed", "play") and line["mount"] == camera.mount]
    seen, last_n = {}, -1
    for place, row in enumerate(rows):
        for n, at_ms in frames_of_row[row["counter"]]:
            # A damaged picture may show a stamp that was never sent.
            if sent.get(n) != at_ms:
                continue
            total.frames_doubled += n in seen
            total.frames_out_of_order += n < last_n
            seen[n], last_n = place, n
    total.frames_sent += len(sent)
    total.frames_recorded += len(seen)
    for hole in _holes(camera, rows, sent, seen, left_at_s, began_s, total):
        _judge(hole, disturbances, camera.hall["gop_s"], total)


def _holes(camera, rows, sent, seen, left_at_s, began_s, total):
    step_s = 1 / camera.hall["fps"]
    at_s = {n: ms / 1000 for n, ms in sent.items()}
    # The start of the service and the end of the last frame bound what must be there.
    marks = [(-1, began_s - step_s, None)] + [(n, at_s[n], seen[n]) for n in sorted(seen)]
    marks.append((max(sent, default=0) + 1, max(at_s.values(), default=began_s) + step_s, None))
    for (n, time_s, place), (next_n, next_s, next_place) in zip(marks, marks[1:]):
        length_s = next_s - time_s - step_s
        missing = sum(1 for lost in range(n + 1, next_n) if lost in sent)
        if length_s < step_s / 2 and not missing:
            continue
        if not missing and n >= 0 and not any(time_s <= left <= next_s for left in left_at_s):
            total.camera_silent_s += length_s
            continue
        first, last = (0 if place is None else place), (len(rows) - 1 if next_place is None else next_place)
        # The loss of a group's last packets is counted with the unit after them.
        yield Hole(camera.name, time_s + step_s, next_s, missing, rows[first:last + 2])


def _judge(hole, disturbances, gop_s, total):
    hole.touching = [d for d in disturbances if _touches(d, hole, gop_s)]
    kinds = {d.kind for d in hole.touching}
    reasons = [row["gap_before"] for row in hole.rows[1:] if row["gap_before"]]
    is_marked = any(row["lost_packets"] for row in hole.rows)
    breaks_connection = bool(kinds - KEEPS_CONNECTION) or (not kinds and reasons)
    total.missing_s += hole.length_s
    total.longest_gap_s = max(total.longest_gap_s, hole.length_s)
    span_s = _span(hole)
    if breaks_connection:
        # Waits double, and are spread from half to the whole: the one that is under way when a camera comes
        # back is at most twice as long as all before it. They begin anew only when a connection has held.
        is_forgiven = not any(d.kind not in KEEPS_CONNECTION and d not in hole.touching
                              and 0 < hole.from_s - d.to_s < FORGIVEN_AFTER_S for d in disturbances)
        backoff_s = min(BACKOFF_LONGEST_S, BACKOFF_FIRST_S + 2 * span_s) if is_forgiven else BACKOFF_LONGEST_S
        noticed_s = SILENCE_S if "hang" in kinds or not kinds else CONNECT_S
        allowed_s = span_s + noticed_s + backoff_s + gop_s + (LEAD_S["kill"] if "kill" in kinds else 0)
    else:
        allowed_s = span_s + gop_s if kinds else 0.0
    excess_s = max(0.0, hole.length_s - allowed_s) if kinds or reasons else 0.0
    total.excess_gap_s += excess_s
    is_explained = bool(reasons or is_marked) if not kinds - {"loss"} else True
    if not is_explained:
        total.unexplained_s += hole.length_s
    lacks_reason = hole.length_s >= HOLE_HAS_REASON_FROM_S and not (reasons or is_marked or "start" in kinds)
    total.gaps_without_reason += lacks_reason
    if excess_s or not is_explained or lacks_reason:
        total.told.append(
            f"{hole.camera}: {hole.length_s:.1f} s and {hole.missing} frames from {hole.from_s:.1f}; disturbed by "
            f"{[(d.kind, round(d.from_s, 1), round(d.to_s, 1)) for d in hole.touching]}, reasons {reasons}, "
            f"lost packets {[row['lost_packets'] for row in hole.rows]}, {excess_s:.1f} s too long")


def _touches(disturbance, hole, gop_s):
    # Lost packets damage the rest of their group of pictures.
    after_s = gop_s if disturbance.kind in KEEPS_CONNECTION else BEGINS_WITHIN_S
    lead_s = LEAD_S.get(disturbance.kind, LEAD_ELSE_S)
    return disturbance.from_s - lead_s <= hole.to_s and hole.from_s <= disturbance.to_s + after_s


def _span(hole):
    """How much of the hole its disturbances cover."""
    edges = sorted((max(d.from_s, hole.from_s), min(d.to_s, hole.to_s)) for d in hole.touching)
    covered_s, until_s = 0.0, hole.from_s
    for from_s, to_s in edges:
        covered_s += max(0.0, to_s - max(from_s, until_s))
        until_s = max(until_s, to_s)
    return covered_s


def by_camera():
    """An empty table of disturbances."""
    return defaultdict(list)
