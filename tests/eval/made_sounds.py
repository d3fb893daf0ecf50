"""Sounds that are made because Debian has too few real ones: alarms, phones, chairs, slams, rain, stamping.

Each takes the scene's random numbers and gives 16 kHz mono with its peak at 1. The two halves differ in
their parameters (pitch, rate), which `half` chooses.
"""

import numpy as np

from clips import RATE_HZ

TAU = 2 * np.pi


def smoke_alarm(rng, half, length_s):
    """The temporal-three pattern of ISO 8201: 0.5 s on and off three times, then 1.5 s of pause."""
    hz = {"tune": (2900, 3200), "test": (3050, 3400)}[half]
    t = _time(length_s)
    in_cycle = t % 4.0
    on = (in_cycle < 3.0) & (in_cycle % 1.0 < 0.5)
    pitch = rng.uniform(*hz)
    tone = np.sin(TAU * pitch * t) + 0.3 * np.sin(TAU * 2 * pitch * t)
    return _peaked(tone * _softened(on))


def siren(rng, half, length_s):
    """A wail that rises and falls, or two tones that take turns."""
    t = _time(length_s)
    low, high = {"tune": (500, 1250), "test": (620, 1500)}[half]
    if rng.random() < 0.5:
        period_s = rng.uniform(2.5, 5.0)
        hz = low + (high - low) * (0.5 - 0.5 * np.cos(TAU * t / period_s))
    else:
        hz = np.where(t % 1.2 < 0.6, low * 0.75, low)
    phase = TAU * np.cumsum(hz) / RATE_HZ
    return _peaked(sum(np.sin(n * phase) / n for n in (1, 2, 3, 5)))


def alarm_bell(rng, half, length_s):
    """A fire bell: a hammer 12 to 18 times a second on a ringing plate."""
    strikes = rng.uniform(*{"tune": (12, 15), "test": (15, 19)}[half])
    modes = rng.uniform(*{"tune": (900, 1100), "test": (1050, 1300)}[half]) * np.array([1, 1.51, 2.42, 3.37, 4.6])
    since = _time(length_s) % (1 / strikes)
    t = _time(length_s)
    return _peaked(sum(np.sin(TAU * hz * t) * np.exp(-since * (6 + n * 3)) / (n + 1) for n, hz in enumerate(modes)))


def phone(rng, half):
    """Three to five rings: of an electronic bell (two tones that warble) or a melody of a mobile."""
    parts = []
    pitch = rng.uniform(*{"tune": (600, 900), "test": (750, 1100)}[half])
    melody = rng.integers(0, 12, 8)
    for _ in range(int(rng.integers(3, 6))):
        t = _time(rng.uniform(1.0, 1.8))
        if rng.random() < 0.5:
            tone = np.where(t % 0.1 < 0.05, np.sin(TAU * pitch * t), np.sin(TAU * pitch * 1.25 * t))
        else:
            hz = pitch * 2 ** (melody[np.minimum((t / 0.18).astype(int), 7)] / 12)
            tone = np.sin(TAU * np.cumsum(hz) / RATE_HZ) * np.exp(-(t % 0.18) * 9)
        parts += [tone, np.zeros(int(rng.uniform(1.2, 2.5) * RATE_HZ))]
    return _peaked(np.concatenate(parts))


def chair(rng, half):
    """Legs that stick and slip on tiles: a rough sawtooth through two resonances."""
    t = _time(rng.uniform(0.3, 1.4))
    slip_hz = rng.uniform(*{"tune": (60, 170), "test": (90, 240)}[half]) * (1 + 0.2 * np.sin(TAU * rng.uniform(1, 4) * t))
    saw = (np.cumsum(slip_hz) / RATE_HZ) % 1.0 - 0.5
    rough = saw + 0.4 * rng.standard_normal(len(t))
    return _peaked(_band(rough, rng.uniform(300, 700), rng.uniform(2000, 4500)) * np.hanning(len(t)))


def creak(rng, half):
    """A hinge, or a castor: it sticks and slips faster and slower, and the wood or the tube around it rings."""
    t = _time(rng.uniform(0.4, 1.6))
    low, high = {"tune": (150, 900), "test": (200, 1100)}[half]
    turns = np.interp(t, np.linspace(0, t[-1], 5), rng.uniform(low, high, 5))
    saw = (np.cumsum(turns) / RATE_HZ) % 1.0 - 0.5
    ringing = sum(_band(saw, hz * 0.85, hz * 1.15) for hz in rng.uniform(600, 3200, 3))
    return _peaked((ringing + 0.05 * rng.standard_normal(len(t))) * np.hanning(len(t)))


def slam(rng, half):
    """A door that falls shut: a thump, the latch, the frame that rattles."""
    t = _time(0.9)
    thump = np.sin(TAU * rng.uniform(*{"tune": (55, 90), "test": (70, 120)}[half]) * t) * np.exp(-t * 14)
    crack = _band(rng.standard_normal(len(t)), 200, 3500) * np.exp(-t * 35)
    latch = _band(rng.standard_normal(len(t)), 1500, 6000) * np.exp(-np.abs(t - 0.06) * 120)
    return _peaked(thump + 1.2 * crack + 0.4 * latch)


def rain(rng, half, length_s):
    """Rain on a tin roof: noise with drops, heavier and lighter."""
    n = int(length_s * RATE_HZ)
    hiss = _band(rng.standard_normal(n), *{"tune": (500, 6000), "test": (350, 7500)}[half])
    drops = np.zeros(n)
    drops[rng.integers(0, n, int(length_s * 60))] = rng.uniform(0.5, 3, int(length_s * 60))
    ring = np.exp(-_time(length_s) * 300) * np.sin(TAU * 2200 * _time(length_s))
    swell = np.interp(np.arange(n), np.linspace(0, n, 12), rng.uniform(0.5, 1.0, 12))
    return _peaked((hiss / hiss.std() + np.fft.irfft(np.fft.rfft(drops) * np.fft.rfft(ring), n)) * swell)


def stamping(rng, half, length_s):
    """Feet that stamp, or hands that knock on a counter: thumps at a walking pace or quicker."""
    out = np.zeros(int(length_s * RATE_HZ))
    pace_s = rng.uniform(*{"tune": (0.4, 0.6), "test": (0.3, 0.55)}[half])
    t = _time(0.2)
    for start_s in np.arange(0.05, length_s - 0.3, pace_s):
        i = int((start_s + rng.uniform(-0.03, 0.03)) * RATE_HZ)
        hit = np.sin(TAU * rng.uniform(70, 160) * t) * np.exp(-t * 30) + _band(rng.standard_normal(len(t)), 200, 2500) * np.exp(-t * 60)
        out[i:i + len(t)] += hit * rng.uniform(0.6, 1.0)
    return _peaked(out)


def _time(length_s):
    return np.arange(int(length_s * RATE_HZ)) / RATE_HZ


def _softened(on):
    """A gate without clicks."""
    return np.convolve(on.astype(float), np.ones(80) / 80, "same")


def _band(sound, low_hz, high_hz):
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    return np.fft.irfft(spectrum / (1 + (low_hz / np.maximum(hz, 1)) ** 4) / (1 + (hz / high_hz) ** 4), len(sound))


def _peaked(sound):
    return (sound / np.abs(sound).max()).astype(np.float32)
