"""How well people are found: average precision at IoU 0.5 against boxes in MOT format, and errors of zone counts."""

from collections import defaultdict
from pathlib import Path

from hall import VIEWS, ZONES, inside, zone_in_view

COUNTED_FROM = 0.45


def read_mot(path):
    """{frame: [(left, top, width, height, score)]}; in an annotation the seventh value is 0 for boxes to ignore."""
    found = defaultdict(list)
    for line in Path(path).read_text().splitlines():
        if line.strip():
            values = [float(value) for value in line.split(",")]
            found[int(values[0])].append(tuple(values[2:7]))
    return found


def average_precision(found, truth, iou_from=0.5):
    """All-point average precision; boxes are matched greedily by score, each true box once."""
    total = sum(1 for boxes in truth.values() for box in boxes if box[4] > 0)
    ranked = sorted(((box[4], frame, box) for frame, boxes in found.items() for box in boxes), key=lambda entry: -entry[0])
    taken, hits = set(), []
    for _, frame, box in ranked:
        overlaps = [(iou(box, other), number) for number, other in enumerate(truth.get(frame, ())) if other[4] > 0 and (frame, number) not in taken]
        best, number = max(overlaps, default=(0.0, None))
        hits.append(best >= iou_from)
        if hits[-1]:
            taken.add((frame, number))
    precisions, recalls, right = [], [], 0
    for rank, hit in enumerate(hits, 1):
        right += hit
        precisions.append(right / rank)
        recalls.append(right / total)
    # The best precision at this recall or any higher one.
    for at in range(len(precisions) - 2, -1, -1):
        precisions[at] = max(precisions[at], precisions[at + 1])
    return sum(precision * (recall - before) for precision, recall, before in zip(precisions, recalls, [0.0, *recalls]))


def iou(a, b):
    """Shared area over the area of both."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


def count_errors(found, truth, camera):
    """|counted - true| for each picture and zone of a scene; `truth` has {zone: count} a picture."""
    view = camera.split("-")[1]
    assert view in VIEWS
    zones = {name: [(x * 640, y * 480) for x, y in zone_in_view(polygon, view)] for name, (_, polygon) in ZONES.items()}
    errors = []
    for frame, counts in enumerate(truth, 1):
        feet = [(left + width / 2, top + height) for left, top, width, height, score in found.get(frame, ()) if score >= COUNTED_FROM]
        errors += [abs(sum(1 for foot in feet if inside(foot, polygon)) - counts[name]) for name, polygon in zones.items()]
    return errors
