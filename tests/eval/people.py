"""People cut out of the PETS clip, each as the frames of one walk or stand, and the empty place they left.

The empty place is the median of the whole clip over time: it is scenery only. A person is what differs from
it, in a blob of a person's size that is followed from frame to frame; people in groups are left out because
they cannot be told apart. Tuning takes the people of seconds 0 to 40, the test those of 40 to 79.

All is done at 768x576 and found again in target/eval/people-*.npz.
"""

import subprocess
from dataclasses import dataclass

import numpy as np

from clips import ROOT, WORK

WIDTH, HEIGHT, FPS = 768, 576, 10
SECONDS = {"tune": (0, 40), "test": (40, 79)}
DIFFERS = 26.0
MIN_FRAMES = 12
# A lamp post stands here; who passes behind it is cut in two.
POST_X = (412, 448)


@dataclass(eq=False)
class Cutout:
    """One person: frames of BGR and alpha (float32, 0..1), all of one size, feet at the bottom, and where they stood."""

    bgr: list
    alpha: list
    feet: list

    @property
    def walks(self):
        """Whether the feet move by more than their own width a second."""
        path = np.array(self.feet, float)
        return float(np.abs(path[-1] - path[0]).max()) / len(path) * FPS > 12


def height_at(foot_y):
    """How tall people are, in pixels, whose feet are at this row: fitted to the clip's own people."""
    return 0.21 * foot_y + 24


def clip_frames(half=None, every=1):
    """The clip's frames as BGR arrays, of one half or all, every n-th."""
    start, end = SECONDS[half] if half else (0, 80)
    ffmpeg = subprocess.Popen(["ffmpeg", "-nostdin", "-v", "error", "-i", ROOT / "media" / "vtest.avi", "-f", "rawvideo", "-pix_fmt", "bgr24", "-"],
                              stdout=subprocess.PIPE)
    number = 0
    while len(data := ffmpeg.stdout.read(WIDTH * HEIGHT * 3)) == WIDTH * HEIGHT * 3:
        if start * FPS <= number < end * FPS and number % every == 0:
            yield np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH, 3)
        number += 1
    ffmpeg.wait()


def empty_place():
    """The scenery without people, BGR."""
    kept = WORK / "empty.npy"
    if not kept.exists():
        stack = np.stack(list(clip_frames(every=5)))
        WORK.mkdir(parents=True, exist_ok=True)
        np.save(kept, np.concatenate([np.median(stack[:, rows], axis=0) for rows in _bands()]).astype(np.uint8))
    return np.load(kept)


def cutouts(half):
    """The people of a half."""
    kept = WORK / f"people-{half}.npz"
    if not kept.exists():
        np.savez(kept, people=np.array([(person.bgr, person.alpha, person.feet) for person in _cut(half)], dtype=object))
    return [Cutout(*fields) for fields in np.load(kept, allow_pickle=True)["people"]]


def _bands():
    return [slice(top, top + 64) for top in range(0, HEIGHT, 64)]


def _cut(half):
    empty = empty_place().astype(np.float32)
    open_tracks, done = [], []
    for number, frame in enumerate(clip_frames(half)):
        differs = np.abs(_blurred(frame.astype(np.float32) - empty)).max(axis=2)
        boxes = _people_boxes(differs > DIFFERS)
        for track in open_tracks:
            last = track[-1][1]
            near = [box for box in boxes if abs(box[0] + box[2] - last[0] - last[2]) < 24 and abs(box[3] - last[3]) < 10]
            if len(near) == 1:
                boxes.remove(near[0])
                track.append((number, near[0], *_patch(frame, empty, differs, near[0])))
        done += [track for track in open_tracks if track[-1][0] < number]
        open_tracks = [track for track in open_tracks if track[-1][0] == number]
        open_tracks += [[(number, box, *_patch(frame, empty, differs, box))] for box in boxes]
    return [_aligned(track) for track in done + open_tracks if len(track) >= MIN_FRAMES]


def _people_boxes(mask):
    """(left, top, right, bottom) of the blobs that are as tall and as slim as one person at their place."""
    boxes = []
    for left, top, right, bottom in _blobs(mask):
        height, width = bottom - top, right - left
        expected = height_at(bottom)
        inside = left > 4 and right < WIDTH - 4 and top > 4 and bottom < HEIGHT - 4
        if inside and (right < POST_X[0] or left > POST_X[1]) and 0.82 < height / expected < 1.25 and 0.2 < width / height < 0.58:
            boxes.append((left, top, right, bottom))
    return boxes


def _blobs(mask):
    """Boxes of connected areas, found on a grid of 4x4 pixels; areas that nearly touch are one."""
    grid = mask.reshape(HEIGHT // 4, 4, WIDTH // 4, 4).mean(axis=(1, 3)) > 0.2
    grid = _grown(grid)
    seen = np.zeros_like(grid)
    for row, column in zip(*np.nonzero(grid)):
        if seen[row, column]:
            continue
        seen[row, column] = True
        reached, at = [(row, column)], 0
        while at < len(reached):
            y, x = reached[at]
            at += 1
            for ny, nx in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= ny < grid.shape[0] and 0 <= nx < grid.shape[1] and grid[ny, nx] and not seen[ny, nx]:
                    seen[ny, nx] = True
                    reached.append((ny, nx))
        if len(reached) < 20:
            continue
        ys, xs = zip(*reached)
        area = mask[min(ys) * 4:max(ys) * 4 + 4, min(xs) * 4:max(xs) * 4 + 4]
        rows, columns = np.flatnonzero(area.sum(axis=1) > 1), np.flatnonzero(area.sum(axis=0) > 1)
        if len(rows) and len(columns):
            yield (min(xs) * 4 + columns[0], min(ys) * 4 + rows[0], min(xs) * 4 + columns[-1] + 1, min(ys) * 4 + rows[-1] + 1)


def _patch(frame, empty, differs, box):
    """The person in a box with a margin of 3: pixels and a soft-edged alpha without holes and without the shadow at the feet."""
    left, top, right, bottom = box
    rows, columns = slice(top - 3, bottom + 3), slice(left - 3, right + 3)
    solid = differs[rows, columns] > DIFFERS * 0.75
    # A shadow darkens all colours alike, and less than black trousers do.
    ratio = (frame[rows, columns] + 1.0) / (empty[rows, columns] + 1.0)
    shadow = (ratio.mean(axis=2) > 0.45) & (ratio.mean(axis=2) < 1.03) & (np.ptp(ratio, axis=2) < 0.13)
    shadow[:int(solid.shape[0] * 0.7)] = False
    solid &= ~shadow
    for _ in range(3):
        solid = _grown(solid)
    for _ in range(4):
        solid = ~_grown(~solid)
    return frame[rows, columns], _blurred(solid.astype(np.float32)[:, :, None])[:, :, 0]


def _aligned(track):
    """All frames of a track on one size, centred on the person, feet at the bottom."""
    width = max(patch.shape[1] for _, _, patch, _ in track)
    height = max(patch.shape[0] for _, _, patch, _ in track)
    bgr, alpha, feet = [], [], []
    for _, (left, _, right, bottom), patch, mask in track:
        spare = width - patch.shape[1]
        pad = ((height - patch.shape[0], 0), (spare // 2, spare - spare // 2))
        bgr.append(np.pad(patch, (*pad, (0, 0))))
        alpha.append(np.pad(mask, pad))
        feet.append(((left + right) / 2, bottom))
    return Cutout(bgr, alpha, feet)


def _grown(mask):
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown


def _blurred(picture):
    """A blur of 3x3."""
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
