"""Checks the scoring on made-up flags and boxes before it scores real ones; `eval.py` runs it each time."""

import people_ap
import picture_scenes
import score


def check():
    """Raises AssertionError if anything is scored otherwise than by hand."""
    _flags_are_matched()
    _curves_fall()
    _rules_watch_their_own_scenes()
    _precision_is_averaged()
    _one_of_twenty_is_beyond_the_95th_percentile()


def _flags_are_matched():
    label = {"kind": "scream", "zone": None, "start_s": 10.0, "end_s": 12.0, "hold_s": 0}
    scene = {"name": "s", "modality": "sound", "camera": "sound", "start": picture_scenes.OPEN, "length_s": 3602.0, "labels": [label]}
    early, first, again, other = (_flag("scream", at) for at in (3.0, 10.4, 11.0, 100.0))
    tally = score.tallied("scream", [(scene, [other, again, first, early, _flag("raised-voices", 10.0)])])
    assert (tally.n, tally.found, tally.false) == (1, 1, 2), tally
    assert round(tally.onset_errors_s[0], 3) == 0.4 and round(tally.hours, 6) == 1.0 and tally.false_per_hour == 2.0, tally
    assert score.tallied("scream", [(scene, [])]).recall == 0.0
    zoned = {"kind": "crowding", "zone": "a", "start_s": 0.0, "end_s": 9.0, "hold_s": 0}
    assert not score.belongs({**_flag("crowding", 1.0), "zone": "b"}, zoned)


def _curves_fall():
    label = {"kind": "breaking-glass", "zone": None, "start_s": 10.0, "end_s": 12.0, "hold_s": 0}
    scene = {"name": "s", "modality": "sound", "camera": "sound", "start": picture_scenes.OPEN, "length_s": 3602.0, "labels": [label]}
    points = score.curve("breaking-glass", [(scene, [_flag("breaking-glass", 10.0, 0.45), _flag("breaking-glass", 90.0, 0.25)])])
    assert [(value, recall, rate) for value, recall, rate in points if value in (0.2, 0.3, 0.5)] == [(0.2, 1.0, 1.0), (0.3, 1.0, 0.0), (0.5, 0.0, 0.0)]
    # Somebody who has waited for 5 min when the scene ends has not waited for 20.
    hall = {**scene, "modality": "picture", "camera": "hall-full", "length_s": 400.0, "labels": []}
    waiting = {"kind": "long-wait", "zone": None, "start_s": 100.0, "flagged_s": 400.0, "end_s": None, "peak": None}
    assert [rate > 0 for value, _, rate in score.curve("long-wait", [(hall, [waiting])]) if value in (300, 1200)] == [True, False]
    # 3 min with a citizen at the counter count as 10 without.
    unattended = {"end_s": 200.0, "start_s": 0.0, "peak": {"citizens": 1}}
    assert score.lasted(unattended) > 600 and score.lasted({**unattended, "peak": {"citizens": 0}}) == 200.0


def _rules_watch_their_own_scenes():
    night = {"modality": "picture", "camera": "yard-full", "start": picture_scenes.CLOSED, "length_s": 900}
    assert score.watches("after-hours", night) and not score.watches("long-wait", night) and not score.watches("scream", night)
    late = {**night, "camera": "hall-full", "start": "2026-03-10T16:53:00+07:00", "length_s": 900}
    assert score.watched_s("long-wait", late) == 7 * 60 and not score.watches("after-hours", late) and score.watched_s("crowding", late) == 900
    assert score.watched_s("after-hours", {**late, "start": "2026-03-10T06:20:00+07:00"}) == 600
    assert score.is_seldom({"sort": "seldom-night"}) and not score.is_seldom({"sort": "night"})


def _precision_is_averaged():
    truth = {1: [(0, 0, 10, 10, 1), (100, 0, 10, 10, 1), (50, 50, 10, 10, 0)]}
    hit, miss = (1, 0, 10, 10, 0.9), (300, 0, 10, 10, 0.8)
    assert people_ap.average_precision({1: [hit, miss]}, truth) == 0.5
    assert people_ap.average_precision({1: [hit, miss, (100, 1, 10, 10, 0.7)]}, truth) == 0.5 + 0.5 * 2 / 3
    # A second box on the same person is a false one.
    assert people_ap.average_precision({1: [hit, (0, 1, 10, 10, 0.8)]}, truth) == 0.5


def _one_of_twenty_is_beyond_the_95th_percentile():
    assert score.typical([float(n) for n in range(20)]) == (9.5, 18.0, 19.0)
    assert score.typical([-3.0]) == (3.0, 3.0, 3.0) and score.typical([]) == (None, None, None)


def _flag(kind, start_s, strength=0.9):
    return {"kind": kind, "zone": None, "start_s": start_s, "flagged_s": start_s + 0.5, "end_s": start_s + 2, "peak": {"score": strength}}
