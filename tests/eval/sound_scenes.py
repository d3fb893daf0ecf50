"""What happens in the made rooms: 20 and more of each kind of sound incident, and hours without any.

A scene is named by its half, what it is and a number; its name and the seed decide everything in it. The
labels say when a condition holds: from `start_s` to `end_s`.
"""

import zlib

import numpy as np

import clips
import made_sounds as made
import speech
from clips import RATE_HZ
from room import Room

# How many scenes of each sort: (tuning, test). A scene of raised voices has 2 passages, and so on; calm ones are the
# days of a hall, busy ones (for tuning alone) a day's worth of what may be taken for an incident in ten minutes.
COUNTS = {"raised": (8, 12), "scream": (8, 8), "glass": (8, 8), "alarm": (8, 11), "lost": (4, 11), "calm": (32, 32), "busy": (24, 0)}
LENGTHS_S = {"raised": 360, "scream": 300, "glass": 300, "alarm": 300, "lost": 420, "calm": 1200, "busy": 600}
HOLDS_S = {"raised-voices": 3, "scream": 0, "breaking-glass": 0, "alarm-sound": 3, "audio-lost": 60}
CODECS = ("pcm_alaw-8000", "pcm_mulaw-8000", "aac-16000", "aac-44100")
DECAYS_S = (0.3, 0.5, 0.7, 1.0)
THEMES = ("counter", "lively", "crowded", "rainy", "music", "quiet", "doors", "ceremony")


def names(half, quick=False):
    """Every scene of a half, as (sort, number)."""
    column = clips.HALVES.index(half)
    return [(sort, n) for sort, counts in COUNTS.items() for n in range(min(1, counts[column]) if quick else counts[column])]


def codec_of(number):
    """Codecs take turns, so that each kind is heard through each."""
    return CODECS[number % len(CODECS)]


def render(half, sort, number, seed):
    """The samples of a scene and its labels."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{half}/{sort}/{number}".encode())])
    # Decay and codec change at different paces, so that they meet in every combination.
    room = Room(rng, LENGTHS_S[sort], rng.uniform(-65, -45), DECAYS_S[(number // 2) % 4], rng.uniform(0, 9))
    # A room as noisy as its speech is loud would be one where nobody hears anything.
    floor = 20 * np.log10(np.sqrt(np.mean(room.sound[:RATE_HZ * 5] ** 2)))
    voice_dbfs = max(rng.uniform(-44, -32), floor + 12)
    labels = _SORTS[sort](rng, room, half, number, voice_dbfs)
    return np.clip(room.sound, -1, 1), labels


def _raised(rng, room, half, _number, voice_dbfs):
    labels, at_s = [], 0.0
    for start_s in (rng.uniform(165, 185), rng.uniform(280, 300)):
        _conversation(rng, room, half, at_s, start_s - 1, voice_dbfs)
        length_s = rng.uniform(5, 12)
        loud_dbfs = min(max(voice_dbfs + rng.uniform(14, 20), -29), -9)
        at_s = room.add(speech.shouting(rng, half, length_s), start_s, loud_dbfs) + 1
        labels.append(_label("raised-voices", start_s, start_s + length_s))
    _conversation(rng, room, half, at_s, LENGTHS_S["raised"], voice_dbfs)
    return labels


def _scream(rng, room, half, number, voice_dbfs):
    found = clips.of_kind("scream", half)
    return _struck(rng, room, half, voice_dbfs, "scream", lambda n: _other_size(rng, found[(number * 3 + n) % len(found)], 0.92, 1.09))


def _glass(rng, room, half, number, voice_dbfs):
    found = clips.of_kind("glass", half)
    return _struck(rng, room, half, voice_dbfs, "breaking-glass", lambda n: _other_size(rng, found[(number * 3 + n) % len(found)], 0.85, 1.18))


def _struck(rng, room, half, voice_dbfs, kind, sound_of):
    """Three short loud sounds in a room where people talk and do what they do."""
    labels = []
    _conversation(rng, room, half, 0, LENGTHS_S["scream"], voice_dbfs, pause_s=6)
    # Farther apart than a cool-down, within which the second would go on with the first one's incident.
    for n, middle_s in enumerate((70, 165, 260)):
        start_s, sound = middle_s + rng.uniform(-8, 8), sound_of(n)
        # A scream or a breaking pane is 14 to 28 dB above conversation at the same distance.
        room.add(sound, start_s, min(max(voice_dbfs + rng.uniform(14, 28), -28), -6))
        labels.append(_label(kind, start_s, start_s + len(sound) / RATE_HZ))
    return labels


def _alarm(rng, room, half, number, voice_dbfs):
    labels, found = [], clips.of_kind("alarm", half)
    _conversation(rng, room, half, 0, LENGTHS_S["alarm"], voice_dbfs, pause_s=6)
    for n, middle_s in enumerate((85, 210)):
        length_s, start_s = rng.uniform(8, 20), middle_s + rng.uniform(-20, 20)
        which = (number * 2 + n) % (len(found) + 3)
        if which < len(found):
            clip = clips.samples(found[which])
            sound = np.tile(clip, int(length_s * RATE_HZ / len(clip)) + 1)[:int(length_s * RATE_HZ)]
        else:
            sound = (made.smoke_alarm, made.siren, made.alarm_bell)[which - len(found)](rng, half, length_s)
        room.add(sound, start_s, min(max(voice_dbfs + rng.uniform(6, 20), -32), -8))
        labels.append(_label("alarm-sound", start_s, start_s + length_s))
    return labels


def _lost(rng, room, half, number, voice_dbfs):
    labels = []
    _conversation(rng, room, half, 0, LENGTHS_S["lost"], voice_dbfs, pause_s=5)
    for n, middle_s in enumerate((95, 290)):
        start_s = middle_s + rng.uniform(-10, 8)
        end_s = start_s + rng.uniform(80, 110)
        span = slice(int(start_s * RATE_HZ), int(end_s * RATE_HZ))
        # Digital silence, or a microphone whose cable has come off: far below the floor that it had.
        room.sound[span] *= 0.0 if (number + n) % 2 == 0 else 10 ** (-rng.uniform(30, 45) / 20)
        labels.append(_label("audio-lost", start_s, end_s))
    return labels


def _calm(rng, room, half, number, voice_dbfs):
    theme = THEMES[number % len(THEMES)]
    length_s = LENGTHS_S["calm"]
    bed = {"crowded": "crowd", "rainy": "rain", "music": "music"}.get(theme)
    if bed:
        _bed(rng, room, half, bed, length_s)
    if theme != "quiet":
        pause_s = {"lively": 0.6, "crowded": 0.8}.get(theme, 4)
        _conversation(rng, room, half, 0, length_s, voice_dbfs, pause_s=pause_s, lively=theme == "lively")
    for name, per_hour in _EVENTS[theme].items():
        for at_s in np.sort(rng.uniform(5, length_s - 40, rng.poisson(per_hour * length_s / 3600))):
            _everyday(rng, room, half, name, at_s, voice_dbfs)
    return []


def _busy(rng, room, half, number, voice_dbfs):
    """Everything that may be taken for an incident, one after the other; in every second scene nobody talks besides."""
    if number // 4 % 2:
        _conversation(rng, room, half, 0, LENGTHS_S["busy"], voice_dbfs, pause_s=6)
    at_s = 12.0
    while at_s < LENGTHS_S["busy"] - 15:
        _everyday(rng, room, half, _LOUD[int(rng.integers(len(_LOUD)))], at_s, voice_dbfs)
        at_s += rng.uniform(8, 12)
    return []


# How often what happens, an hour.
_USUAL = {"door": 20, "slam": 6, "chair": 30, "steps": 30, "cough": 10, "phone": 6, "typing": 10, "laugh": 6, "call": 20}
_EVENTS = {
    "counter": _USUAL,
    "lively": {**_USUAL, "laugh": 40, "applause": 4},
    "crowded": {**_USUAL, "door": 60, "steps": 90, "chair": 60, "call": 40, "baby": 6},
    "rainy": {**_USUAL, "vehicle": 20},
    "music": _USUAL,
    "quiet": {"door": 6, "steps": 10, "vehicle": 20, "phone": 6, "slam": 3},
    "doors": {**_USUAL, "door": 120, "slam": 60, "stamping": 20, "chair": 90},
    "ceremony": {**_USUAL, "applause": 40, "crowd": 20, "laugh": 20},
}
# Levels in dBFS, or where `True` over the level of the room's speech.
_LEVELS = {"door": (-40, -22, False), "slam": (-34, -18, False), "chair": (-42, -24, False), "steps": (-48, -34, False),
           "stamping": (-36, -24, False), "cough": (0, 6, True), "phone": (-40, -22, False), "typing": (-50, -38, False),
           "laugh": (0, 8, True), "applause": (-34, -18, False), "crowd": (-38, -26, False), "baby": (0, 7, True),
           "vehicle": (-46, -32, False), "call": (4, 8, True), "creak": (-40, -20, False), "squeal": (-40, -24, False),
           "whistle": (-42, -24, False), "animal": (-45, -28, False)}
_LOUD = ("door", "slam", "chair", "stamping", "cough", "phone", "laugh", "applause", "crowd", "baby", "creak", "squeal", "whistle", "animal")


def _everyday(rng, room, half, name, at_s, voice_dbfs):
    low, high, over_voice = _LEVELS[name]
    level = rng.uniform(low, high) + (voice_dbfs if over_voice else 0)
    if name == "call":
        # A number is called over loudspeakers, with a chime before it.
        chime = np.sin(2 * np.pi * np.where(np.arange(RATE_HZ) < RATE_HZ // 2, 660, 520) * np.arange(RATE_HZ) / RATE_HZ)
        at_s = room.add((chime * np.exp(-np.arange(RATE_HZ) % (RATE_HZ // 2) / 3000)).astype(np.float32), at_s, level - 3)
        sound = speech.spoken(speech.VOICES[half][1], f"Xin mời số {int(rng.integers(1, 200))} đến quầy số {int(rng.integers(1, 6))}", 50, 160)
    elif name == "steps":
        sound = _walk(rng, half)
    elif name in ("phone", "creak") and rng.random() < 0.5 or name in ("slam", "chair"):
        sound = getattr(made, name)(rng, half)
    elif name == "stamping":
        sound = made.stamping(rng, half, rng.uniform(2, 6))
    else:
        found = clips.of_kind(name, half)
        if not found:
            return
        sound = clips.samples(found[int(rng.integers(len(found)))])
        if name in ("phone", "applause"):
            sound = np.tile(sound, int(rng.integers(2, 5)))
    room.add(sound, at_s, level)


def _walk(rng, half):
    """Somebody walks by: one step of the clips, again and again."""
    steps = [clips.samples(path) for path in clips.of_kind("step", half)]
    step = min(steps, key=len) if rng.random() < 0.5 else steps[int(rng.integers(len(steps)))]
    if len(step) > RATE_HZ:
        return step
    out = np.zeros(RATE_HZ * 6, np.float32)
    for start_s in np.arange(0, 5, rng.uniform(0.5, 0.65)):
        i = int(start_s * RATE_HZ)
        out[i:i + len(step)] += step * rng.uniform(0.5, 1)
    return out


def _bed(rng, room, half, kind, length_s):
    """Rain, music or a murmuring crowd under everything else."""
    level = {"crowd": rng.uniform(-48, -36), "rain": rng.uniform(-48, -34), "music": rng.uniform(-50, -38)}[kind]
    at_s = 0.0
    found = clips.of_kind(kind, half)
    while at_s < length_s - 1:
        if kind == "rain" and rng.random() < 0.5:
            sound = made.rain(rng, half, 60)
        else:
            sound = clips.samples(found[int(rng.integers(len(found)))])
        # Pieces overlap a little, so that there are no gaps between them.
        at_s = max(room.add(sound, at_s, level) - 0.5, at_s + 1)


def _conversation(rng, room, half, at_s, until_s, voice_dbfs, pause_s=1.2, lively=False):
    """People talk in turns, some nearer to the microphone than others."""
    speakers = rng.uniform(-3, 3, 4)
    at_s += rng.exponential(pause_s)
    while True:
        said = speech.utterance(rng, half, lively)
        if at_s + len(said) / RATE_HZ > until_s:
            return
        level = voice_dbfs + speakers[int(rng.integers(4))] + np.clip(rng.normal(0, 1.5), -3, 3)
        at_s = room.add(said, at_s, level) + rng.exponential(pause_s)


def _other_size(rng, path, slowest, fastest):
    """A clip played a little slower or faster: another pane, another throat."""
    sound = clips.samples(path)
    rate = rng.uniform(slowest, fastest)
    return np.interp(np.arange(0, len(sound) - 1, rate), np.arange(len(sound)), sound).astype(np.float32)


def _label(kind, start_s, end_s):
    return {"kind": kind, "zone": None, "start_s": round(float(start_s), 3), "end_s": round(float(end_s), 3), "hold_s": HOLDS_S[kind]}


_SORTS = {"raised": _raised, "scream": _scream, "glass": _glass, "alarm": _alarm, "lost": _lost, "calm": _calm, "busy": _busy}
