"""Light and weather over a picture: everything that changes what a camera sees without anything happening.

Each is made once for a scene and then called as `effect(picture, t)` on BGR of 576 rows; it returns the
changed picture. `t` is in seconds.
"""

import numpy as np

from people import HEIGHT, WIDTH

ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
LUMA = np.array([0.114, 0.587, 0.299], np.float32)


def switched(rng, length_s, dark, times=4):
    """Lights that go off and on again, within a tenth of a second."""
    marks = np.sort(rng.uniform(60, length_s - 60, times))
    tables = [_table(lambda v: v), _table(lambda v: v * dark)]
    return lambda picture, t: tables[int(np.searchsorted(marks, t)) % 2][picture]


def clouds(rng, depth=0.3):
    """Daylight that comes and goes over half a minute and more."""
    periods, phases = rng.uniform(25, 140, 3), rng.uniform(0, 6, 3)
    tables = [_table(lambda v, k=k: v * (1 - depth + depth * k / 32)) for k in range(65)]

    def effect(picture, t):
        swing = np.mean(np.sin(2 * np.pi * t / periods + phases))
        return tables[int(32 + 32 * swing)][picture]
    return effect


def flicker(rng, depth=0.1):
    """Lamps at 100 Hz seen at a rate that does not divide it: bands that roll over the picture."""
    roll_hz, rows = rng.uniform(0.3, 1.7), rng.uniform(1.0, 2.5)

    def effect(picture, t):
        band = 1 + depth * np.sin(2 * np.pi * (rows * np.arange(HEIGHT) / HEIGHT + roll_hz * t))
        return np.clip(picture * band[:, None, None].astype(np.float32), 0, 255).astype(np.uint8)
    return effect


def shadows(rng, depth=0.35):
    """Branches in the wind: soft dark patches that sway."""
    blobs = [(rng.uniform(0, WIDTH), rng.uniform(120, HEIGHT), rng.uniform(30, 110), rng.uniform(0.1, 0.5), rng.uniform(0, 6)) for _ in range(14)]
    shapes = [np.exp(-((COLUMNS[::8, ::8] - x) ** 2 + 2 * (ROWS[::8, ::8] - y) ** 2) / (2 * r * r)) for x, y, r, _, _ in blobs]

    def effect(picture, t):
        dark = np.zeros_like(shapes[0])
        for shape, (_, _, _, hz, phase) in zip(shapes, blobs):
            dark += np.roll(shape, int(round(3 * np.sin(2 * np.pi * hz * t + phase))), axis=1)
        return _lit(picture, 1 - depth * np.minimum(dark, 1))
    return effect


def infrared(rng, level):
    """A night picture by infrared lamps: grey, bright in the middle, dark at the edges."""
    centre = rng.uniform(0.35, 0.65) * WIDTH, rng.uniform(0.5, 0.8) * HEIGHT
    lamp = level * (0.35 + 0.85 * np.exp(-((COLUMNS - centre[0]) ** 2 + (ROWS - centre[1]) ** 2) / (2 * 330.0 ** 2)))

    def effect(picture, _t):
        grey = np.clip((picture @ LUMA) * lamp, 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    return effect


def night(value):
    """A dark picture in faint colour, by the street lamp."""
    table = _table(lambda v: 255 * (v / 255) ** 1.2 * value)
    return lambda picture, _t: table[picture]


def changed_over(first, second, marks):
    """One light until the first mark, the other until the next, and so on."""
    return lambda picture, t: (first, second)[int(np.searchsorted(marks, t)) % 2](picture, t)


def headlights(rng, length_s, an_hour=60):
    """Cars that turn outside: a glare that sweeps over within some seconds."""
    passes = [(start, rng.uniform(2.5, 6), rng.uniform(60, 150), rng.choice([-1, 1]), rng.uniform(150, 420))
              for start in np.sort(rng.uniform(5, length_s - 10, max(3, int(an_hour * length_s / 3600))))]

    def effect(picture, t):
        for start, lasts, bright, way, y in passes:
            if start <= t <= start + lasts:
                along = (t - start) / lasts
                x = (along if way > 0 else 1 - along) * (WIDTH + 300) - 150
                glare = bright * np.exp(-((COLUMNS[::8, ::8] - x) ** 2 / (2 * 120.0 ** 2) + (ROWS[::8, ::8] - y) ** 2 / (2 * 70.0 ** 2)))
                picture = np.clip(picture + _large(glare)[:, :, None], 0, 255).astype(np.uint8)
        return picture
    return effect


def insects(rng, length_s, an_hour=200):
    """Moths near the lamp of the camera: bright, out of focus, on crooked ways."""
    flights = []
    for start in rng.uniform(0, length_s - 5, int(an_hour * length_s / 3600)):
        points = np.cumsum(rng.normal(0, 90, (8, 2)), axis=0) + rng.uniform((60, 60), (WIDTH - 60, HEIGHT - 60))
        flights.append((start, rng.uniform(0.6, 4), points, rng.uniform(4, 16), rng.uniform(70, 190)))

    def effect(picture, t):
        for start, lasts, points, radius, bright in flights:
            if start <= t <= start + lasts:
                along = (t - start) / lasts * 7
                x, y = (np.interp(along, np.arange(8), points[:, axis]) for axis in (0, 1))
                reach = int(radius * 3)
                rows, columns = slice(max(0, int(y) - reach), max(0, int(y) + reach)), slice(max(0, int(x) - reach), max(0, int(x) + reach))
                spot = bright * np.exp(-((COLUMNS[rows, columns] - x) ** 2 + (ROWS[rows, columns] - y) ** 2) / (2 * radius ** 2))
                picture = picture.copy()
                picture[rows, columns] = np.clip(picture[rows, columns] + spot[:, :, None], 0, 255)
        return picture
    return effect


def rain(rng, drops=120):
    """Rain in the light of the lamp: short bright streaks, others in each picture."""
    def effect(picture, _t):
        picture = picture.copy()
        for x, y, length in zip(rng.integers(2, WIDTH - 3, drops), rng.integers(0, HEIGHT - 40, drops), rng.integers(8, 36, drops)):
            streak = picture[y:y + length, x:x + 2]
            streak[:] = np.minimum(streak.astype(np.int16) + 45, 255)
        return picture
    return effect


def _table(function):
    return np.clip(function(np.arange(256, dtype=np.float64)), 0, 255).astype(np.uint8)


def _lit(picture, light):
    return np.clip(picture * _large(light.astype(np.float32))[:, :, None], 0, 255).astype(np.uint8)


def _large(small):
    """A light map of an eighth of the size on the whole picture; it is so soft that steps of 8 do not show after encoding."""
    return np.repeat(np.repeat(small, 8, axis=0), 8, axis=1)[:HEIGHT, :WIDTH]
