#!/usr/bin/python3
"""How right the flags are: every kind of incident against labelled scenes that are made here, by a seed.

    eval.py [--half test|tune] [--boxes FILE] [--quick] [--only SORT,SORT] [--no-curves] [--make-only] [--seed 4] [--jobs 2]
            [--binary PATH]

Sound is mixed from clips of Debian's packages, espeak-ng and synthesis in made rooms (sound_scenes.py),
pictures from people of the PETS clip on its own empty place (picture_scenes.py); both go through codecs as
cameras have them and then through `quaywatch replay`, at default thresholds. Clips of the tuning half are
never in the test half: sounds by turns within each kind (clips.py), sentences and voices by name
(speech.py), people by their second in the PETS clip (people.py). The figures to quote are those of the test half.

FILE are boxes of vtest.avi in MOT format; with it, `people_ap50` is told. A second run with low thresholds
gives the curves. `camera-lost` is found by the connection and `manual` is no measurement: they are not here.
Standard output ends with one line of JSON.
"""

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from statistics import mean

import making
import people_ap
import replay
import report
import score
import score_check
from clips import HALVES, ROOT

DEFAULTS = {"raised-voices": 12, "scream": 0.02, "breaking-glass": 0.06, "alarm-sound": 0.12, "audio-lost": 60,
            "counter-unattended": 600, "long-wait": 1200, "crowding": 30, "after-hours": 2,
            "camera-covered": 10, "camera-moved": 30, "camera-blurred": 60, "picture-frozen": 60}


def main():
    parser = argparse.ArgumentParser(description="How right the flags are.")
    parser.add_argument("--half", choices=HALVES, default="test", help="which clips")
    parser.add_argument("--boxes", type=Path, help="boxes of people in vtest.avi, in MOT format")
    parser.add_argument("--quick", action="store_true", help="one scene of each sort, none long: some minutes")
    parser.add_argument("--only", default="", help="sorts of scenes, with commas between them")
    parser.add_argument("--no-curves", action="store_true", help="without the second run")
    parser.add_argument("--make-only", action="store_true", help="makes the scenes and ends")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2, help="how many scenes at a time")
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "quaywatch")
    args = parser.parse_args()
    os.nice(5)
    score_check.check()
    making.prepare(args.half)
    scenes = [scene for scene in making.scenes(args.half, args.seed, args.quick) if not args.only or scene[2] in args.only.split(",")]
    scenes = make(scenes, args.jobs)
    if args.make_only:
        return
    if not args.binary.exists():
        sys.exit(f"eval: {args.binary} is missing: `make eval` builds it first")
    told = run(args, replay.config(), scenes, "default thresholds")
    seldom, often = parted(told)
    tallies = [score.tallied(kind, often) for kind in (*score.PICTURE_KINDS, *score.SOUND_KINDS)]
    print("\n".join(report.wrongs(tallies)))
    print(f"\nthe {args.half} half\n")
    print("\n".join(report.table(tallies)), flush=True)
    tallies_seldom = [tally for tally in (score.tallied(kind, seldom) for kind in score.PICTURE_KINDS) if tally.hours]
    if tallies_seldom:
        print("\nthe same by keyframes only, 2 and 4 s apart\n")
        print("\n".join([*report.table(tallies_seldom), *report.wrongs(tallies_seldom)]), flush=True)
    if not args.no_curves:
        permissive = run(args, replay.config(permissive=True), [scene for scene, _ in often], "low thresholds, for the curves")
        print("\nrecall against false flags an hour (*default*)")
        for tally in tallies:
            print("\n" + "\n".join(report.curve_lines(tally.kind, score.curve(tally.kind, permissive), DEFAULTS.get(tally.kind))))
    figures = {"half": args.half} | people_figures(args, scenes) | report.figures(tallies, free_hours([scene for scene, _ in often]))
    if tallies_seldom:
        hours = free_hours([scene for scene, _ in seldom])
        figures |= {f"keyframes_{name}": figure for name, figure in report.figures(tallies_seldom, {"picture": hours["picture"]}).items()}
    print(json.dumps(figures))


def parted(told):
    """The scenes that are seen by keyframes only, and all others."""
    return [pair for pair in told if score.is_seldom(pair[0])], [pair for pair in told if not score.is_seldom(pair[0])]


def make(scenes, jobs):
    """Makes what is missing."""
    began, out = time.monotonic(), []
    with ProcessPoolExecutor(jobs) as pool:
        for number, scene in enumerate(pool.map(making.made, scenes), 1):
            out.append(scene)
            if number % 20 == 0 or number == len(scenes):
                say(f"{number} of {len(scenes)} scenes made, {time.monotonic() - began:.0f} s")
    return out


def run(args, config, scenes, what):
    """(scene, flags) of all scenes."""
    began, told = time.monotonic(), []
    with ThreadPoolExecutor(args.jobs) as pool:
        for number, flags in enumerate(pool.map(lambda scene: replay.replayed(args.binary, config, scene), scenes), 1):
            told.append((scenes[number - 1], flags))
            if number % 20 == 0 or number == len(scenes):
                say(f"{number} of {len(scenes)} scenes replayed, {what}, {time.monotonic() - began:.0f} s")
    return told


def people_figures(args, scenes):
    """`people_ap50` where boxes are given, and `count_error_mean`: the product's own model on every picture."""
    out, config = {}, replay.config()
    if args.boxes:
        found = people_ap.read_mot(replay.boxes(args.binary, config, "yard-full", ROOT / "media" / "vtest.avi", "vtest"))
        out["people_ap50"] = round(people_ap.average_precision(found, people_ap.read_mot(args.boxes)), 4)
    errors = []
    for scene in scenes:
        if "counts" in scene:
            found = people_ap.read_mot(replay.boxes(args.binary, config, scene["camera"], scene["file"], scene["name"]))
            errors += people_ap.count_errors(found, scene["counts"], scene["camera"])
    return out | ({"count_error_mean": round(mean(errors), 3)} if errors else {})


def free_hours(scenes):
    """Hours without any label, for each modality: scenes that have none, and what is left of the others."""
    hours = {"sound": 0.0, "picture": 0.0}
    for scene in scenes:
        hours[scene["modality"]] += (scene["length_s"] - sum(label["end_s"] - label["start_s"] for label in scene["labels"])) / 3600
    return hours


def say(text):
    """Tells how it goes, apart from the figures on stdout."""
    print(f"eval: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
