"""What happens in the made hall: 20 and more of each kind of picture incident, and hours without any.

A scene is named by its half, what it is and a number; its name and the seed decide everything in it. The
labels follow from where the script puts people and faults.
"""

import zlib
from dataclasses import dataclass, field

import numpy as np

import clips
import faults
import light
import people
from hall import CITIZEN, STAFF, VIEWS, WAITING, Actor, counts, places

# How many scenes of each sort: (tuning, test).
COUNTS = {"left": (4, 12), "away": (2, 9), "wait": (2, 10), "crowd": (5, 20), "intruder": (4, 11), "count": (3, 8),
          "covered": (4, 10), "blurred": (4, 10), "moved": (12, 20), "frozen": (10, 10), "day": (5, 10), "night": (5, 9), "hours": (5, 10),
          "seldom-left": (4, 10), "seldom-crowd": (4, 10), "seldom-intruder": (8, 10), "seldom-covered": (2, 5), "seldom-night": (5, 9)}
LENGTHS_S = {"left": 390, "away": 840, "wait": 1560, "crowd": 150, "intruder": 300, "count": 150,
             "covered": 300, "blurred": 480, "moved": 240, "frozen": 345, "day": 900, "night": 900, "hours": 900}
# The same, as a camera without a sub stream shows them: its main stream's keyframes, 2 and 4 seconds apart by turns.
SELDOM = "seldom-"
LENGTHS_S |= {sort: LENGTHS_S[sort.removeprefix(SELDOM)] for sort in COUNTS if sort.startswith(SELDOM)}
# Those in which somebody stands for long are at 2 pictures a second, as some sub streams are.
SLOW = ("left", "away", "wait", "hours")
HOLDS_S = {"crowding": 30, "after-hours": 2, "camera-covered": 10, "camera-blurred": 60, "camera-moved": 30, "picture-frozen": 60}
# A Tuesday; the centre is open 07:30-11:30 and 13:30-17:00 (replay.py), and deserted from an hour later until an hour before.
OPEN, CLOSED = "2026-03-10T08:00:00+07:00", "2026-03-10T21:00:00+07:00"


@dataclass
class Scene:
    """A scene before it is drawn. `camera` has zones ("hall-") or none ("yard-"), and a view of the place."""

    length_s: float
    fps: float
    camera: str
    start: str = OPEN
    noise: int = 5
    kbit_s: int = 400
    gain: float = 1.0
    actors: list = field(default_factory=list)
    effects: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    frozen: list = field(default_factory=list)

    @property
    def view(self):
        """The part of the place that the camera sees."""
        return self.camera.split("-")[1]

    def counts(self, fps=None):
        """People in each zone, picture by picture, or so many times a second."""
        fps = fps or self.fps
        return [counts(self.actors, n / fps) for n in range(int(self.length_s * fps))]

    def pictures(self):
        """The pictures one after the other, BGR, before faults, noise and the camera's view."""
        empty = people.empty_place()
        for n in range(int(self.length_s * self.fps)):
            t = n / self.fps
            picture = empty.copy()
            for actor in sorted((actor for actor in self.actors if actor.at(t)), key=lambda actor: actor.at(t)[1]):
                actor.draw(picture, t)
            for effect in self.effects:
                picture = effect(picture, t)
            yield picture


def names(half, quick=False):
    """Every scene of a half, as (sort, number)."""
    column = clips.HALVES.index(half)
    return [(sort, n) for sort, number in COUNTS.items() if not quick or LENGTHS_S[sort] <= 300
            for n in range(1 if quick else number[column])]


def build(half, sort, number, seed):
    """A scene."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{half}/{sort}/{number}".encode())])
    fps, base = (2 if sort in SLOW else 5), sort.removeprefix(SELDOM)
    if base != sort:
        # Not by the same turns as the views.
        fps = (0.5, 0.25)[number // 4 % 2]
    sort = base
    zoned = sort in ("left", "away", "wait", "crowd", "count", "hours")
    view = ("full", "mirror")[number % 2] if sort in ("wait", "crowd", "hours") else ("full", "near", "mirror")[number % 3]
    if not zoned:
        view = tuple(VIEWS)[number % 4]
    scene = Scene(LENGTHS_S[sort], fps, f"{'hall' if zoned else 'yard'}-{view}",
                  noise=int(rng.integers(2, 9)), kbit_s=int(rng.choice([256, 384, 512])))
    scene.gain = round(float(rng.uniform(0.8, 1.15)), 3)
    _SORTS[sort](rng, scene, half, number)
    return scene


def _left(rng, scene, half, _number):
    """The counter is left alone for longer than 3 minutes while a citizen stands at it."""
    leaves_s, back_s = rng.uniform(70, 100), rng.uniform(320, 350)
    _staff(rng, scene, half, [(0, leaves_s), (back_s, scene.length_s)])
    _stands(rng, scene, half, CITIZEN, [(rng.uniform(20, 50), rng.uniform(360, 385))])
    _stands(rng, scene, half, WAITING, [(10, 200), (100, 380)])
    scene.labels.append(_label("counter-unattended", leaves_s, back_s, STAFF, 180))


def _away(rng, scene, half, _number):
    """The counter is left alone for longer than 10 minutes, without anybody at it."""
    leaves_s, back_s = rng.uniform(60, 90), rng.uniform(755, 790)
    _staff(rng, scene, half, [(0, leaves_s), (back_s, scene.length_s)])
    _stands(rng, scene, half, WAITING, [(40, 300), (250, 700), (500, 830)])
    scene.labels.append(_label("counter-unattended", leaves_s, back_s, STAFF, 600))


def _wait(rng, scene, half, _number):
    """One citizen waits, and one stands at the counter, for longer than 20 minutes; others come and go."""
    _staff(rng, scene, half, [(0, scene.length_s)])
    for zone in (WAITING, CITIZEN):
        came_s, left_s = rng.uniform(30, 90), rng.uniform(1350, 1500)
        _stands(rng, scene, half, zone, [(came_s, left_s)])
        scene.labels.append(_label("long-wait", came_s, left_s, zone, 1200))
    _stands(rng, scene, half, WAITING, [(200, 600), (700, 1200)])


def _crowd(rng, scene, half, number):
    """Eight and more people in the waiting zone, who come within some seconds."""
    _staff(rng, scene, half, [(0, scene.length_s)])
    spots = places(rng, WAITING, scene.view, 10 + number % 3, apart=38)
    full_s, thins_s = rng.uniform(40, 50), rng.uniform(115, 130)
    for n, spot in enumerate(spots):
        came_s = rng.uniform(0, 15) if n < 4 else full_s - rng.uniform(0.5, 9)
        left_s = scene.length_s if n < 4 else thins_s + rng.uniform(0, 6)
        _stand_at(rng, scene, half, spot, came_s, left_s)
    inside = [counted[WAITING] >= 8 for counted in scene.counts(5)]
    if any(inside):
        first, last = inside.index(True), len(inside) - inside[::-1].index(True)
        scene.labels.append(_label("crowding", first / 5, last / 5, WAITING))


def _intruder(rng, scene, half, number):
    """Somebody walks through or stands about at night, twice, farther apart than a cool-down."""
    scene.start, scene.gain = CLOSED, 1.0
    scene.noise = int(rng.integers(5, 11))
    scene.effects = [light.infrared(rng, rng.uniform(0.55, 0.95)) if number % 3 else light.night(rng.uniform(0.4, 0.6))]
    for middle_s in (60, 210):
        start_s = middle_s + rng.uniform(-15, 15)
        actor = _walker(rng, scene, half, start_s, pauses_s=rng.uniform(4, 20))
        scene.actors.append(actor)
        seen = [t for t in np.arange(start_s, scene.length_s, 0.2) if actor.at(t) and _in_view(scene, actor.at(t))]
        scene.labels.append(_label("after-hours", seen[0], seen[-1], None))


def _count(rng, scene, half, number):
    """People come and go in all zones; never eight in one."""
    for zone, most in ((STAFF, 2), (CITIZEN, 3), (WAITING, 5)):
        for spot in places(rng, zone, scene.view, int(rng.integers(1, most + 1)), apart=44):
            came_s = rng.uniform(0, 60)
            _stand_at(rng, scene, half, spot, came_s, came_s + rng.uniform(40, 100))
    _staff(rng, scene, half, [(0, scene.length_s)])
    if number % 4 == 3:
        scene.effects.append(light.clouds(rng))


def _covered(rng, scene, half, number):
    _passers(rng, scene, half, an_hour=60)
    for n, middle_s in enumerate((120, 230)):
        start_s = middle_s + rng.uniform(-10, 10)
        end_s = start_s + rng.uniform(25, 50)
        how = faults.COVERS[(number * 2 + n) % len(faults.COVERS)]
        scene.faults.append(faults.covered(rng, start_s, end_s, how))
        scene.labels.append(_label("camera-covered", start_s, end_s, None))


def _blurred(rng, scene, half, _number):
    _passers(rng, scene, half, an_hour=60)
    for middle_s in (110, 300):
        start_s = middle_s + rng.uniform(-10, 10)
        end_s = start_s + rng.uniform(85, 120)
        scene.faults.append(faults.blurred(rng, start_s, end_s))
        scene.labels.append(_label("camera-blurred", start_s, end_s, None))


def _moved(rng, scene, half, number):
    _passers(rng, scene, half, an_hour=60)
    start_s = rng.uniform(110, 130)
    scene.camera = "yard-full"
    scene.faults.append(faults.moved(rng, start_s, ("aside", "turned", "elsewhere")[number % 3], scene.fps))
    scene.labels.append(_label("camera-moved", start_s, scene.length_s, None))


def _frozen(rng, scene, half, number):
    _passers(rng, scene, half, an_hour=60 if number % 2 else 200)
    for middle_s in (90, 225):
        start_s = middle_s + rng.uniform(-10, 10)
        end_s = start_s + rng.uniform(65, 90)
        scene.frozen.append((start_s, end_s))
        scene.labels.append(_label("picture-frozen", start_s, end_s, None))


def _day(rng, scene, half, number):
    """Ordinary hours: empty, people who come and go, light of every sort, somebody close before the camera."""
    theme = ("empty", "busy", "lights", "clouds", "shadows", "flicker", "near", "zones", "still", "zones")[number % 10]
    if theme not in ("empty", "still"):
        _passers(rng, scene, half, an_hour={"busy": 300, "near": 120}.get(theme, 90))
    if theme == "lights":
        scene.effects.append(light.switched(rng, scene.length_s, rng.uniform(0.3, 0.5)))
    elif theme in ("clouds", "busy"):
        scene.effects.append(light.clouds(rng, 0.4))
    elif theme == "shadows":
        scene.effects.append(light.shadows(rng))
    elif theme == "flicker":
        scene.effects.append(light.flicker(rng))
    elif theme == "near":
        _close_by(rng, scene, half)
    elif theme == "still":
        scene.noise, scene.kbit_s = 2, 256
    elif theme == "zones":
        # Staff away for less than it takes, citizens who wait for less than it takes.
        scene.camera = f"hall-{('full', 'mirror')[number % 2]}"
        _staff(rng, scene, half, [(0, 200), (345, 600), (720, 900)])
        _stands(rng, scene, half, CITIZEN, [(30, 190), (360, 590), (730, 880)])
        _stands(rng, scene, half, WAITING, [(20, 500), (100, 800), (300, 890), (400, 700), (10, 400)])


def _night(rng, scene, half, number):
    """Nights without anybody: dark, infrared and the change to it, headlights, insects, shadows, rain."""
    scene.start, scene.gain = CLOSED, 1.0
    scene.noise = int(rng.integers(4, 12))
    dark, lamp = light.night(rng.uniform(0.2, 0.5)), light.infrared(rng, rng.uniform(0.5, 0.95))
    theme = ("dark", "infrared", "switch", "headlights", "insects", "shadows", "rain", "headlights", "insects")[number % 9]
    scene.effects = [dark if theme in ("dark", "headlights") else lamp]
    if theme == "switch":
        scene.effects = [light.changed_over(dark, lamp, np.sort(rng.uniform(60, 840, 4)))]
    elif theme == "headlights":
        scene.effects.append(light.headlights(rng, scene.length_s))
    elif theme == "insects":
        scene.effects.append(light.insects(rng, scene.length_s))
    elif theme == "shadows":
        scene.effects.insert(0, light.shadows(rng, 0.5))
    elif theme == "rain":
        scene.effects.append(light.rain(rng))


def _hours(rng, scene, half, number):
    """The edges of the day: lunch, closing, somebody who stays too late or comes too early, a counter not manned at the opening."""
    theme = ("lunch", "closing", "late", "early", "opening")[number % 5]
    starts = {"lunch": "11:21", "closing": "16:53", "late": "17:52", "early": "06:20", "opening": "13:25"}
    scene.start = f"2026-03-10T{starts[theme]}:00+07:00"
    if theme == "lunch":
        # From 11:30 on nobody has to be there; some stay, and eat.
        _staff(rng, scene, half, [(0, 400), (640, scene.length_s)])
        _stands(rng, scene, half, CITIZEN, [(380, 700)])
        _stands(rng, scene, half, WAITING, [(0, scene.length_s), (100, 560)])
    elif theme == "closing":
        # The last citizens leave after 17:00, and somebody cleans.
        _staff(rng, scene, half, [(0, 330), (430, 560)])
        _stands(rng, scene, half, WAITING, [(0, 480), (60, 520)])
        scene.actors += [_walker(rng, scene, half, start_s, pauses_s=15) for start_s in (600, 660, 720, 800)]
    elif theme == "late":
        spot = places(rng, WAITING, scene.view, 1)[0]
        _stand_at(rng, scene, half, spot, rng.uniform(150, 210), 780)
        scene.labels.append(_label("after-hours", 480, 780, None))
    elif theme == "early":
        came_s = rng.uniform(200, 280)
        _staff(rng, scene, half, [(came_s, scene.length_s)])
        scene.labels.append(_label("after-hours", came_s, 600, None))
    else:
        _stands(rng, scene, half, CITIZEN, [(rng.uniform(150, 200), 700)])
        _staff(rng, scene, half, [(640, scene.length_s)])
        scene.labels.append(_label("counter-unattended", 300, 640, STAFF, 180))


def _staff(rng, scene, half, spans):
    """Somebody behind the counter during these spans, at one place."""
    spot = places(rng, STAFF, scene.view, 1, margin=18)[0]
    cutout = _cutout(rng, half, spot[1])
    for came_s, left_s in spans:
        scene.actors.append(Actor(cutout, [(came_s, *spot), (left_s, *spot)], rng.uniform(0, 20), int(rng.integers(100))))


def _stands(rng, scene, half, zone, spans):
    """Somebody in a zone for each of these spans, each at a place of their own."""
    taken = [actor.path[0][1:] for actor in scene.actors]
    for came_s, left_s in spans:
        spot = next(spot for spot in places(rng, zone, scene.view, 40, apart=20)
                    if all(abs(spot[0] - x) > 52 or abs(spot[1] - y) > 90 for x, y in taken))
        taken.append(spot)
        _stand_at(rng, scene, half, spot, came_s, left_s)


def _stand_at(rng, scene, half, spot, came_s, left_s):
    cutout = _cutout(rng, half, spot[1])
    scene.actors.append(Actor(cutout, [(came_s, *spot), (left_s, *spot)], rng.uniform(0, 20), int(rng.integers(100))))


def _cutout(rng, half, foot_y, walks=False):
    """One of the people of the half whose size there is not too far from that here."""
    wanted = people.height_at(foot_y)
    near = [c for c in _cutouts(half) if 0.62 < wanted / people.height_at(c.feet[0][1]) < 1.6 and (c.walks or not walks)]
    return near[int(rng.integers(len(near)))]


def _cutouts(half, _kept={}):
    if half not in _kept:
        _kept[half] = people.cutouts(half)
    return _kept[half]


def _walker(rng, scene, half, start_s, pauses_s=0.0):
    """Somebody who comes in at one side of the place and leaves at the other, perhaps with a stop in between."""
    y = rng.uniform(210, 330)
    ways = [(-40, y), (rng.uniform(250, 550), y + rng.uniform(-10, 50)), (810, y + rng.uniform(-30, 80))]
    if rng.random() < 0.5:
        ways.reverse()
    speed = rng.uniform(45, 75)
    path, t = [(start_s, *ways[0])], start_s
    for before, after in zip(ways, ways[1:]):
        t += max(1.0, abs(after[0] - before[0]) / speed)
        path.append((t, *after))
        if after == ways[1] and pauses_s:
            t += pauses_s
            path.append((t, *after))
    return Actor(_cutout(rng, half, y, walks=True), path, rng.uniform(0, 20), int(rng.integers(100)))


def _passers(rng, scene, half, an_hour):
    """People who walk through; never more than five at a time."""
    times = []
    for start_s in np.sort(rng.uniform(0, scene.length_s - 5, int(an_hour * scene.length_s / 3600) + 1)):
        if sum(1 for other in times if start_s - other < 30) < 5:
            times.append(start_s)
            scene.actors.append(_walker(rng, scene, half, start_s, pauses_s=rng.uniform(0, 12) * int(rng.integers(2))))


def _close_by(rng, scene, half):
    """People so near that they fill a good part of the picture: passing, and one who stands for a minute."""
    for start_s in np.arange(60, scene.length_s - 100, 75):
        cutout = _cutout(rng, half, 350, walks=True)
        y, zoom = 760, rng.uniform(2.0, 2.6)
        lasts = rng.uniform(2, 5)
        scene.actors.append(Actor(cutout, [(start_s, -150, y), (start_s + lasts, 920, y)], 0, 1, zoom))
    x = rng.uniform(150, 600)
    scene.actors.append(Actor(_cutout(rng, half, 350), [(300, x, 800), (360, x, 800)], 0, 3, 2.2))


def _in_view(scene, foot):
    left, top, width, height, _ = VIEWS[scene.view]
    return left + 10 < foot[0] < left + width - 10 and top + people.height_at(foot[1]) * 0.5 < foot[1] < top + height


def _label(kind, start_s, end_s, zone, hold_s=None):
    return {"kind": kind, "zone": zone, "start_s": round(float(start_s), 3), "end_s": round(float(end_s), 3),
            "hold_s": HOLDS_S[kind] if hold_s is None else hold_s}


_SORTS = {"left": _left, "away": _away, "wait": _wait, "crowd": _crowd, "intruder": _intruder, "count": _count, "covered": _covered,
          "blurred": _blurred, "moved": _moved, "frozen": _frozen, "day": _day, "night": _night, "hours": _hours}
