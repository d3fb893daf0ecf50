"""The place in which people are put: its zones, the cameras that look at it, and who stands where at a time.

All positions are in pixels of the clip (768x576). A camera sees a part of it, perhaps mirrored, at 640x480.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

import people

# Zones on the ground. The names are those of the configuration (replay.py).
ZONES = {
    "Sau quầy": ("staff", [(505, 245), (745, 235), (745, 440), (640, 420), (505, 350)]),
    "Trước quầy": ("citizen", [(150, 205), (405, 208), (405, 352), (290, 300), (150, 262)]),
    "Chỗ chờ": ("waiting", [(20, 285), (180, 280), (400, 370), (600, 450), (600, 545), (60, 545)]),
}
STAFF, CITIZEN, WAITING = ZONES
# What each camera sees: left, top, width, height, and whether it is mirrored.
VIEWS = {"full": (0, 0, 768, 576, False), "near": (192, 132, 576, 432, False), "left": (0, 110, 576, 432, False),
         "mirror": (0, 0, 768, 576, True)}


def zone_in_view(polygon, view):
    """A zone in 0 to 1 of what a camera sees, cut to it."""
    left, top, width, height, mirrored = VIEWS[view]
    points = [(min(max((x - left) / width, 0), 1), min(max((y - top) / height, 0), 1)) for x, y in polygon]
    return [(1 - x if mirrored else x, y) for x, y in points]


def inside(point, polygon):
    """Whether a point is in a polygon."""
    x, y = point
    odd = False
    for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1]):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            odd = not odd
    return odd


def places(rng, zone, view, number, apart=46, margin=12):
    """Places for people in a zone, wholly in view and beside each other; fewer if it is too full."""
    left, top, width, height, _ = VIEWS[view]
    polygon = ZONES[zone][1]
    xs, ys = zip(*polygon)
    chosen = []
    for _ in range(4000):
        x, y = rng.uniform(min(xs), max(xs)), rng.uniform(min(ys), max(ys))
        corners = [(x - margin, y - margin / 2), (x + margin, y - margin / 2), (x - margin, y + margin / 2), (x + margin, y + margin / 2)]
        seen = left + 30 < x < left + width - 30 and top + people.height_at(y) + 8 < y < top + height - 10
        # The lamp post hides who stands behind it.
        free = abs(x - 430) > 32 and all(abs(x - a) > apart or abs(y - b) > people.height_at(y) * 0.9 for a, b in chosen)
        if seen and free and all(inside(corner, polygon) for corner in corners):
            chosen.append((x, y))
            if len(chosen) == number:
                break
    return chosen


@dataclass
class Actor:
    """A person on a path of (time, x, y). Before the first and after the last point they are not there."""

    cutout: people.Cutout
    path: list
    phase: float = 0.0
    seed: int = 0
    zoom: float = 1.0
    _times: np.ndarray = field(init=False)

    def __post_init__(self):
        self._times = np.array([point[0] for point in self.path], float)

    def at(self, t):
        """(x, y) of the feet, or None."""
        if not self._times[0] <= t <= self._times[-1]:
            return None
        return (float(np.interp(t, self._times, [p[1] for p in self.path])), float(np.interp(t, self._times, [p[2] for p in self.path])))

    def draw(self, picture, t):
        """Pastes the person."""
        x, y = self.at(t)
        ahead = self.at(min(t + 0.2, self._times[-1]))
        moving = abs(ahead[0] - x) + abs(ahead[1] - y) > 1.5
        frames = len(self.cutout.bgr)
        if moving:
            frame = int(self.phase + t * people.FPS) % (2 * frames - 2)
            frame = frame if frame < frames else 2 * frames - 2 - frame
            walks_right = self.cutout.feet[-1][0] > self.cutout.feet[0][0]
            flip = (ahead[0] > x) != walks_right and abs(ahead[0] - x) > 0.5
        else:
            # Who stands shifts a little now and then, and sways.
            step = int((t + self.phase) / 4.0)
            frame = (int(self.phase * 7) + (step * 7919 + self.seed) % 3) % frames
            flip = self.seed % 2 == 1
            x += 1.6 * np.sin(0.7 * t + self.phase) + (step * 31 + self.seed) % 3 - 1
        foot = self.cutout.feet[frame][1]
        scale = round(self.zoom * people.height_at(y) / people.height_at(foot) * 50) / 50
        bgr, alpha = _scaled(id(self.cutout), frame, scale, flip, self.cutout)
        paste(picture, bgr, alpha, x, y)


def paste(picture, bgr, alpha, x, y):
    """Lays a patch over the picture, its bottom centre at (x, y), cut at the edges."""
    height, width = alpha.shape[:2]
    left, top = int(round(x - width / 2)), int(round(y + 3 - height))
    from_x, from_y = max(0, -left), max(0, -top)
    to_x, to_y = min(width, picture.shape[1] - left), min(height, picture.shape[0] - top)
    if to_x <= from_x or to_y <= from_y:
        return
    under = picture[top + from_y:top + to_y, left + from_x:left + to_x]
    cover = alpha[from_y:to_y, from_x:to_x]
    under[:] = under * (1 - cover) + bgr[from_y:to_y, from_x:to_x] * cover


def counts(actors, t):
    """How many people have their feet in each zone."""
    feet = [actor.at(t) for actor in actors]
    return {zone: sum(1 for foot in feet if foot and inside(foot, polygon)) for zone, (_, polygon) in ZONES.items()}


@lru_cache(maxsize=4096)
def _scaled(_key, frame, scale, flip, cutout):
    bgr, alpha = cutout.bgr[frame].astype(np.float32), cutout.alpha[frame]
    if flip:
        bgr, alpha = bgr[:, ::-1], alpha[:, ::-1]
    return resized(bgr, scale), resized(alpha, scale)[:, :, None]


def resized(picture, scale):
    """Larger or smaller, bilinear."""
    height, width = max(2, round(picture.shape[0] * scale)), max(2, round(picture.shape[1] * scale))
    y = np.linspace(0, picture.shape[0] - 1, height)
    x = np.linspace(0, picture.shape[1] - 1, width)
    y0, x0 = np.minimum(y.astype(int), picture.shape[0] - 2), np.minimum(x.astype(int), picture.shape[1] - 2)
    fy, fx = (y - y0), (x - x0)
    if picture.ndim == 3:
        fy, fx = fy[:, None, None], fx[None, :, None]
    else:
        fy, fx = fy[:, None], fx[None, :]
    upper = picture[y0][:, x0] * (1 - fx) + picture[y0][:, x0 + 1] * fx
    lower = picture[y0 + 1][:, x0] * (1 - fx) + picture[y0 + 1][:, x0 + 1] * fx
    return (upper * (1 - fy) + lower * fy).astype(np.float32)
