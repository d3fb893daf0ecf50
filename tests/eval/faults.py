"""What befalls cameras: covered, blurred, moved, frozen. Each is an effect like those of light.py, but within a span of time."""

import numpy as np

from hall import resized
from people import HEIGHT, WIDTH

FADE_S = 0.8


def covered(rng, start_s, end_s, how):
    """A hand, a cloth, paint, or something black before the lens, over nearly all of the picture."""
    cover, share = _COVERS[how](rng)

    def effect(picture, t):
        shown = np.clip(min((t - start_s) / FADE_S, (end_s - t) / FADE_S), 0, 1)
        if shown <= 0:
            return picture
        # A cover comes in from one side.
        edge = int(round(shown * WIDTH))
        out = picture.copy()
        moved = 1.5 * np.sin(t * 1.3)
        over = np.roll(cover, int(round(moved)), axis=1)[:, :edge]
        opaque = share[:, :edge]
        out[:, :edge] = picture[:, :edge] * (1 - opaque) + over * opaque
        return out
    return effect


def _hand(rng):
    skin = np.array(rng.choice([[70, 95, 150], [50, 70, 115], [25, 30, 50]]), np.float32)
    return skin * (0.75 + 0.35 * _cloudy(rng, 5)[:, :, None]), np.full((HEIGHT, WIDTH, 1), 0.985, np.float32)


def _cloth(rng):
    colour = rng.uniform(30, 200, 3).astype(np.float32)
    weave = 1 + 0.03 * np.sin(np.arange(WIDTH) / 2.1)[None, :, None] * np.sin(np.arange(HEIGHT) / 2.3)[:, None, None]
    return (colour * weave * (0.7 + 0.4 * _cloudy(rng, 4)[:, :, None])).astype(np.float32), np.full((HEIGHT, WIDTH, 1), 0.99, np.float32)


def _paint(rng):
    colour = np.array(rng.choice([[240, 240, 240], [20, 20, 20], [40, 40, 180]]), np.float32)
    thick = np.clip(0.95 + 0.3 * _cloudy(rng, 9), 0, 0.98)[:, :, None].astype(np.float32)
    return np.broadcast_to(colour, (HEIGHT, WIDTH, 3)).astype(np.float32), thick


def _black(_rng):
    return np.full((HEIGHT, WIDTH, 3), 4, np.float32), np.ones((HEIGHT, WIDTH, 1), np.float32)


_COVERS = {"hand": _hand, "cloth": _cloth, "paint": _paint, "black": _black}
COVERS = tuple(_COVERS)


def blurred(rng, start_s, end_s):
    """Out of focus, by dirt, a knock, or breath on the glass: the whole picture through a wide lens."""
    factor = int(rng.integers(8, 15))

    def effect(picture, t):
        if not start_s <= t <= end_s:
            return picture
        rows, columns = HEIGHT // factor * factor, WIDTH // factor * factor
        small = picture[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor, 3).mean(axis=(1, 3), dtype=np.float32)
        large = resized(small, factor)
        out = np.empty_like(picture)
        out[:rows, :columns] = large
        out[rows:], out[:, columns:] = out[rows - 1], out[:, columns - 1:columns]
        return out
    return effect


def moved(rng, start_s, end_s, how):
    """The camera is pushed aside, turned in its mount, or looks elsewhere. Nothing is left at the edges: it had a wider view."""
    if how == "aside":
        dx, dy, turn, zoom = rng.choice([-1, 1]) * rng.uniform(70, 105), rng.uniform(-50, 50), 0.0, 1.0
    elif how == "turned":
        dx, dy, turn, zoom = rng.uniform(-30, 30), rng.uniform(-20, 20), rng.choice([-1, 1]) * rng.uniform(6, 14), 1.0
    else:
        dx, dy, turn, zoom = rng.choice([-1, 1]) * rng.uniform(60, 120), rng.uniform(-70, 0), rng.uniform(-4, 4), rng.uniform(0.55, 0.7)
    straight, askew = _map(0, 0, 0, 0.72), _map(dx, dy, turn, 0.72 * zoom)

    def effect(picture, t):
        return picture.reshape(-1, 3)[askew if start_s <= t <= end_s else straight]
    return effect


def _map(dx, dy, turn_degrees, zoom):
    """For each pixel of the picture, which pixel of the wide view it shows."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    x, y, turn = (x - WIDTH / 2) * zoom, (y - HEIGHT / 2) * zoom, np.radians(turn_degrees)
    from_x = WIDTH / 2 + dx + x * np.cos(turn) - y * np.sin(turn)
    from_y = HEIGHT / 2 + dy + x * np.sin(turn) + y * np.cos(turn)
    return (np.clip(from_y, 0, HEIGHT - 1).astype(int) * WIDTH + np.clip(from_x, 0, WIDTH - 1).astype(int))


def _cloudy(rng, cells):
    """Soft random relief, -0.5 to 0.5."""
    small = rng.uniform(-0.5, 0.5, (cells, cells)).astype(np.float32)
    large = resized(resized(small, HEIGHT / cells), 1)
    return resized(large, WIDTH / large.shape[1])[:HEIGHT, :WIDTH]
