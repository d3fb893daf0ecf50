#!/usr/bin/python3
"""Makes the footage and sound that the demo and the tests play, in media/ at the top of the tree.

    vtest.avi     people walking over a square, 768x576, 10 frames a second, 79.5 s: taken out of Debian's
                  opencv-doc package without installing its 274 MB, checked by its SHA-256
    speech.wav    44 s of Vietnamese at a counter, 16 kHz mono: calm (-32 dBFS RMS) except for one angry
                  passage (-12 dBFS RMS) at 20 s
    speech.json   where the angry passage starts and ends, exact to the sample
    calm.wav      the same conversation without it

What is there is left alone; the speech is made again when this file has changed.
"""

import array
import hashlib
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

MEDIA = Path(__file__).resolve().parents[2] / "media"
PACKAGE = "opencv-doc"
VTEST_IN_PACKAGE = "./usr/share/doc/opencv-doc/examples/data/vtest.avi"
VTEST_SHA256 = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"

RATE = 16000
CALM_DBFS, LOUD_DBFS, ROOM_DBFS = -32.0, -12.0, -58.0
LENGTH_S, LOUD_AT_S = 44.0, 20.0
PAUSE_S = 0.7

# (voice, pitch, words a minute)
CLERK = ("vi+f2", 60, 180)
CITIZEN = ("vi+m3", 40, 175)
ANGRY = ("vi+m3", 70, 190)
BEFORE = [
    (CLERK, "Dạ, em chào bác. Bác cần làm thủ tục gì ạ?"),
    (CITIZEN, "Chào cô, tôi đến nộp hồ sơ xin cấp lại giấy khai sinh cho cháu."),
    (CLERK, "Bác cho em xin căn cước công dân và tờ khai ạ."),
    (CITIZEN, "Giấy tờ của tôi đây. Cô xem giúp tôi còn thiếu gì không."),
    (CLERK, "Dạ, hồ sơ của bác còn thiếu giấy xác nhận cư trú ạ."),
]
SHOUTED = ["Tôi đã đi lại bốn lần rồi!", "Lần nào cũng bảo thiếu giấy tờ!", "Làm việc kiểu gì thế hả!",
           "Gọi lãnh đạo ra đây ngay!"]
AFTER = [
    (CLERK, "Dạ, bác bình tĩnh. Em xin lỗi bác, em kiểm tra lại ngay ạ."),
    (CITIZEN, "Tôi nóng quá. Cô xem lại giúp tôi."),
    (CLERK, "Dữ liệu đã có trên hệ thống rồi, bác không phải nộp thêm giấy nữa."),
    (CLERK, "Mời bác ngồi chờ, mười phút nữa em gọi bác ạ."),
    (CITIZEN, "Vâng, cảm ơn cô."),
]


def make_vtest():
    target = MEDIA / "vtest.avi"
    if target.exists() and digest(target) == VTEST_SHA256:
        return
    print(f"media: fetching {PACKAGE} (96 MB) for vtest.avi", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        # apt downloads as a user of its own, who must be able to write here.
        os.chmod(folder, 0o777)
        deb = download(folder)
        with open(Path(folder) / "vtest.avi", "wb") as out:
            unpack = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
            subprocess.run(["tar", "-xO", VTEST_IN_PACKAGE], stdin=unpack.stdout, stdout=out, check=True)
        if digest(out.name) != VTEST_SHA256:
            raise SystemExit(f"media: the vtest.avi of this {PACKAGE} is not the one the tests were written for")
        partial = target.with_suffix(".part")
        shutil.copyfile(out.name, partial)
        partial.rename(target)


def download(folder):
    """Downloads the package into a folder and returns the file, after an update of the lists if need be."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    for attempt in (["apt-get", "download", PACKAGE], [*sudo, "apt-get", "-q", "update"], ["apt-get", "download", PACKAGE]):
        subprocess.run(attempt, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = list(Path(folder).glob("*.deb"))
        if found:
            return found[0]
    raise SystemExit(f"media: cannot download Debian's {PACKAGE}. Is there a network? "
                     f"Or put its vtest.avi (SHA-256 {VTEST_SHA256[:16]}…) at {MEDIA / 'vtest.avi'} yourself.")


def make_speech():
    sidecar = MEDIA / "speech.json"
    recipe = digest(__file__)[:16]
    sounds = [MEDIA / "speech.wav", MEDIA / "calm.wav"]
    if sidecar.exists() and all(path.exists() for path in sounds) and json.loads(sidecar.read_text())["recipe"] == recipe:
        return
    print("media: making the speech", file=sys.stderr)
    before, after = conversation(BEFORE), conversation(AFTER)
    # Shouting does not pause for breath: the sentences follow each other at once.
    loud = levelled([sample for words in SHOUTED for sample in spoken(ANGRY, words)], LOUD_DBFS)
    start, end = round(LOUD_AT_S * RATE), round(LOUD_AT_S * RATE) + len(loud)
    pause = round(PAUSE_S * RATE)
    if len(before) > start or end + pause + len(after) > LENGTH_S * RATE:
        raise SystemExit("media: this espeak-ng speaks at another speed: the passages do not fit")
    write_wav(sounds[0], in_room([(0, before), (start, loud), (end + pause, after)]))
    write_wav(sounds[1], in_room([(0, before), (start, after)]))
    marks = [{"name": "loud", "start_s": start / RATE, "end_s": end / RATE}]
    sidecar.write_text(json.dumps({"marks": marks, "recipe": recipe}) + "\n")


def conversation(lines):
    """Calm turns with natural pauses between them."""
    samples = []
    for voice, words in lines:
        samples += levelled(spoken(voice, words), CALM_DBFS) + [0.0] * round(PAUSE_S * RATE)
    return samples


def spoken(voice, words):
    """The samples (-1..1) of spoken words, without the silence around them."""
    name, pitch, speed = voice
    espeak = subprocess.run(["espeak-ng", "-v", name, "-p", str(pitch), "-s", str(speed), "--stdout", words],
                            stdout=subprocess.PIPE, check=True)
    ffmpeg = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", "-ar", str(RATE), "-ac", "1", "-f", "s16le", "-"],
                            input=espeak.stdout, stdout=subprocess.PIPE, check=True)
    samples = [value / 32768 for value in array.array("h", ffmpeg.stdout)]
    audible = 0.02 * max(map(abs, samples))
    heard = [i for i, value in enumerate(samples) if abs(value) > audible]
    return samples[heard[0]:heard[-1] + 1]


def levelled(samples, dbfs):
    """The samples at this RMS level; peaks that would not fit are rounded off, as a loud voice does to a microphone."""
    target = 10 ** (dbfs / 20)
    low, high = 0.0, 1000.0
    for _ in range(40):
        gain = (low + high) / 2
        shaped = [math.tanh(gain * value) for value in samples]
        low, high = (gain, high) if rms(shaped) < target else (low, gain)
    return shaped


def rms(samples):
    return math.sqrt(sum(value * value for value in samples) / len(samples))


def in_room(parts):
    """The parts, each at its first sample, over the faint noise of a room."""
    noise = random.Random(1)
    level = 10 ** (ROOM_DBFS / 20)
    mixed = [noise.gauss(0, level) for _ in range(round(LENGTH_S * RATE))]
    for start, samples in parts:
        for i, value in enumerate(samples):
            mixed[start + i] += value
    return mixed


def write_wav(path, samples):
    partial = path.with_suffix(".part")
    with wave.open(str(partial), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(array.array("h", (round(max(-1.0, min(1.0, value)) * 32767) for value in samples)).tobytes())
    partial.rename(path)


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


if __name__ == "__main__":
    MEDIA.mkdir(exist_ok=True)
    make_vtest()
    make_speech()
