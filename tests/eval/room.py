"""A room with a microphone: how sounds reverberate in it, its noise floor, and how loud things are put into it."""

import numpy as np

from clips import RATE_HZ


class Room:
    """Sounds are added at their level (RMS of what is audible of them, dBFS) and time; `sound` is what the microphone gives."""

    def __init__(self, rng, length_s, floor_dbfs, decay_s, direct_db):
        self.rng = rng
        self.sound = noise_floor(rng, length_s, floor_dbfs)
        self.impulse = impulse(rng, decay_s, direct_db)

    def add(self, dry, at_s, level_dbfs):
        """Puts a sound into the room and returns when it ends, without its reverberation."""
        wet = _convolved(dry, self.impulse)
        wet = wet * (10 ** (level_dbfs / 20) / active_rms(wet))
        start = int(at_s * RATE_HZ)
        end = min(start + len(wet), len(self.sound))
        self.sound[start:end] += wet[:end - start]
        return at_s + len(dry) / RATE_HZ


def impulse(rng, decay_s, direct_db):
    """Direct sound, a few early reflections, and a tail that is 60 dB down after `decay_s` and darker as it goes.

    `direct_db` is the direct sound's energy over that of everything else: near speakers have more of it.
    """
    n = int(decay_s * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    tail = rng.standard_normal(n) * 10 ** (-3 * t / decay_s)
    dark = np.convolve(tail, np.ones(6) / 6, "same")
    tail = tail * np.exp(-t * 6 / decay_s) + dark * (1 - np.exp(-t * 6 / decay_s))
    tail[:int(0.004 * RATE_HZ)] = 0
    for _ in range(5):
        tail[int(rng.uniform(0.003, 0.03) * RATE_HZ)] += rng.uniform(-4, 4)
    tail *= np.sqrt(10 ** (-direct_db / 10) / np.sum(tail ** 2))
    tail[0] = 1.0
    return tail


def noise_floor(rng, length_s, level_dbfs):
    """The hiss of a microphone, a fan, and a little hum, together at this level."""
    n = int(length_s * RATE_HZ)
    block = 1 << 19
    parts = []
    for start in range(0, n, block):
        spectrum = np.fft.rfft(rng.standard_normal(block))
        hz = np.fft.rfftfreq(block, 1 / RATE_HZ)
        parts.append(np.fft.irfft(spectrum * (0.35 + 1 / np.sqrt(1 + hz / 150)), block)[:n - start])
    noise = np.concatenate(parts)
    t = np.arange(n) / RATE_HZ
    noise = noise / noise.std() + 0.4 * np.sin(2 * np.pi * 100 * t)
    # A fan speeds up and slows down over minutes, by 1 to 2 dB.
    noise *= 1 + 0.15 * np.sin(2 * np.pi * t / rng.uniform(90, 300))
    return (noise * 10 ** (level_dbfs / 20)).astype(np.float32)


def active_rms(sound):
    """The RMS of the tenths of a second that are within 25 dB of the loudest."""
    window = RATE_HZ // 10
    if len(sound) < window:
        return float(np.sqrt(np.mean(sound ** 2)))
    powers = np.mean(sound[:len(sound) // window * window].reshape(-1, window) ** 2, axis=1)
    return float(np.sqrt(np.mean(powers[powers > powers.max() * 10 ** -2.5])))


def _convolved(dry, impulse):
    n = len(dry) + len(impulse) - 1
    size = 1 << (n - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(impulse, size), size)[:n].astype(np.float32)
