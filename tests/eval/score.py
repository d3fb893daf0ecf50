"""Compares flags with labels: found, missed and false, when they began, and how that changes with thresholds.

A flag belongs to a label of its kind (and zone) if what it tells began at most TOLERANCE_S before the label
and not after its end. A label is found if a flag belongs to it; the first of them gives the error of its
onset. A flag that belongs to no label is false. Its rate is an hour of the time in which the rule watched
and nothing of its kind was there: of all scenes of its modality, and of those in its schedule and with its
zones only, where it has them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from statistics import median

import picture_scenes

TOLERANCE_S = 5.0
# What is dated further from its label than this is told by name.
MISDATED_S = 2.0
SOUND_KINDS = ("raised-voices", "scream", "breaking-glass", "alarm-sound", "audio-lost")
PICTURE_KINDS = ("counter-unattended", "long-wait", "crowding", "after-hours", "camera-covered", "camera-moved", "camera-blurred",
                 "picture-frozen")
# What a curve is drawn over: the flag's strength, or how long the condition lasted, and the product's default there.
STRENGTHS = {"raised-voices": [6, 8, 10, 12, 14, 16, 18], "scream": [0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2],
             "breaking-glass": [0.02, 0.04, 0.06, 0.08, 0.12, 0.2, 0.3, 0.5, 0.7], "alarm-sound": [0.05, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3]}
HOLDS_S = {"counter-unattended": [60, 120, 180, 240, 300, 600], "long-wait": [300, 600, 900, 1200, 1350], "crowding": [5, 10, 20, 30, 45, 60],
           "after-hours": [0.5, 1, 2, 4, 8], "audio-lost": [10, 20, 40, 60, 75], "camera-covered": [2, 5, 10, 15, 20],
           "camera-moved": [5, 10, 20, 30, 60], "camera-blurred": [10, 20, 40, 60, 75], "picture-frozen": [20, 30, 45, 60, 75]}
# The rules that go by zones, and the hours of those that rest at times (replay.py): the centre's, and those at which it is deserted.
ZONED = ("counter-unattended", "long-wait")
WATCHES = {"counter-unattended": [(7.5, 11.5), (13.5, 17)], "long-wait": [(7.5, 11.5), (13.5, 17)], "after-hours": [(0, 6.5), (18, 24)]}
# The hold of an unattended counter at which a citizen stands, of the other one.
WITH_CITIZEN = 180 / 600


@dataclass
class Tally:
    """What was counted of one kind."""

    kind: str
    n: int = 0
    found: int = 0
    false: int = 0
    hours: float = 0.0
    onset_errors_s: list = field(default_factory=list)
    delays_s: list = field(default_factory=list)
    missed_in: list = field(default_factory=list)
    false_in: list = field(default_factory=list)
    misdated_in: list = field(default_factory=list)

    @property
    def recall(self):
        """Found of those that were there, or None if none was."""
        return self.found / self.n if self.n else None

    @property
    def false_per_hour(self):
        """False flags an hour of watching, or None if it did not watch."""
        return self.false / self.hours if self.hours else None


def watches(kind, scene):
    """Whether a rule of this kind watches a scene at all."""
    if (kind in SOUND_KINDS) != (scene["modality"] == "sound"):
        return False
    if kind in ZONED and not scene["camera"].startswith("hall-"):
        return False
    return watched_s(kind, scene) > 0


def watched_s(kind, scene):
    """For how many seconds of a scene its schedule has a rule of this kind watch."""
    if kind not in WATCHES:
        return scene["length_s"]
    began = datetime.fromisoformat(scene["start"])
    began_s = began.hour * 3600 + began.minute * 60 + began.second
    spans = [(from_h * 3600, to_h * 3600) for from_h, to_h in WATCHES[kind]]
    return sum(max(0, min(began_s + scene["length_s"], to_s) - max(began_s, from_s)) for from_s, to_s in spans)


def is_seldom(scene):
    """Whether a scene is seen by its keyframes only: it is told apart, for what is seen so seldom is told later."""
    return scene["sort"].startswith(picture_scenes.SELDOM)


def tallied(kind, told, keep=lambda flag: True):
    """The tally of a kind over (scene, flags) pairs; of the flags only those that `keep` lets through."""
    tally = Tally(kind)
    for scene, flags in told:
        if not watches(kind, scene):
            continue
        labels = [label for label in scene["labels"] if label["kind"] == kind]
        flags = sorted((flag for flag in flags if flag["kind"] == kind and keep(flag)), key=lambda flag: flag["flagged_s"])
        tally.n += len(labels)
        tally.hours += (watched_s(kind, scene) - sum(label["end_s"] - label["start_s"] for label in labels)) / 3600
        belonging = [[flag for flag in flags if belongs(flag, label)] for label in labels]
        for label, mine in zip(labels, belonging):
            if mine:
                tally.found += 1
                error_s = mine[0]["start_s"] - label["start_s"]
                tally.onset_errors_s.append(error_s)
                if abs(error_s) > MISDATED_S:
                    tally.misdated_in.append((scene["name"], label, error_s))
                tally.delays_s.append(mine[0]["flagged_s"] - label["start_s"] - label["hold_s"])
            else:
                tally.missed_in.append((scene["name"], label))
        taken = [id(flag) for mine in belonging for flag in mine]
        wrong = [flag for flag in flags if id(flag) not in taken]
        tally.false += len(wrong)
        tally.false_in += [(scene["name"], flag) for flag in wrong]
    return tally


def belongs(flag, label):
    """Whether a flag tells of a label."""
    return (flag["kind"] == label["kind"] and (label["zone"] is None or flag.get("zone") == label["zone"])
            and label["start_s"] - TOLERANCE_S <= flag["start_s"] <= label["end_s"])


def curve(kind, told):
    """(threshold, recall, false an hour) over the flags of the permissive run."""
    # What was not over at the end of its scene lasted until then, as far as anybody knows.
    told = [(scene, [{**flag, "end_s": scene["length_s"] if flag["end_s"] is None else flag["end_s"]} for flag in flags]) for scene, flags in told]
    if kind in STRENGTHS:
        keeps = [(value, lambda flag, value=value: strength(flag) >= value) for value in STRENGTHS[kind]]
    else:
        keeps = [(value, lambda flag, value=value: lasted(flag) >= value) for value in HOLDS_S[kind]]
    tallies = [(value, tallied(kind, told, keep)) for value, keep in keeps]
    return [(value, tally.recall, tally.false_per_hour) for value, tally in tallies]


def strength(flag):
    """How strong what was flagged was at its strongest: dB over the baseline, or the model's score; a tone has none, and needs none."""
    peak = flag.get("peak") or {}
    return peak.get("over_baseline_db", peak.get("score", float("inf")))


def lasted(flag):
    """How long what was flagged held on, as far as it is told. With a citizen at the counter it counts for more, as its hold is shorter."""
    share = WITH_CITIZEN if (flag.get("peak") or {}).get("citizens") else 1.0
    return (flag["end_s"] - flag["start_s"]) / share


def typical(errors_s):
    """Median, 95th percentile (nearest rank: at most one of twenty is larger) and largest of the size of errors, in seconds."""
    sizes = sorted(abs(error) for error in errors_s)
    if not sizes:
        return None, None, None
    return tuple(round(size, 2) for size in (median(sizes), sizes[ceil(0.95 * len(sizes)) - 1], sizes[-1]))
