"""Runs `quaywatch replay` over the made scenes, with the configuration of a technician who drew zones and nothing else."""

import json
import os
import subprocess

from clips import WORK
from hall import VIEWS, ZONES, zone_in_view

HOURS = '["mon-fri 07:30-11:30", "mon-fri 13:30-17:00"]'

# The second run, for the curves: everything far below its threshold is told too, with how strong it was (peak)
# or how long it lasted; the curves then ask what a higher threshold or a longer hold would have left of it.
PERMISSIVE = {
    "counter-unattended": 'hold = "60s"\nhold_with_citizen = "18s"',
    "long-wait": 'hold = "300s"',
    "crowding": 'min_people = 8\nhold = "5s"',
    "after-hours": 'hold = "0.5s"',
    "raised-voices": 'over_baseline_db = 6.0',
    "scream": "min_score = 0.01",
    "breaking-glass": "min_score = 0.02",
    "alarm-sound": 'min_score = 0.05',
    "audio-lost": 'hold = "10s"',
    "camera-covered": 'hold = "2s"',
    "camera-blurred": 'hold = "10s"',
    "camera-moved": 'hold = "5s"',
    "picture-frozen": 'hold = "5s"',
}


def config(permissive=False):
    """Writes the configuration of all cameras and gives its path."""
    text = ['[centre]', 'id = "eval"', 'name = "Đánh giá"', f'hours = {HOURS}', '', '[storage]', f'path = "{WORK / "archive"}"',
            'keep = "30d"', 'purpose = "Đánh giá"', '', '[[camera]]', 'id = "sound"', 'main = "rtsp://127.0.0.1:1/sound"']
    for view in VIEWS:
        for sort in ("hall", "yard"):
            text += ['', '[[camera]]', f'id = "{sort}-{view}"', f'main = "rtsp://127.0.0.1:1/{sort}-{view}"', 'audio = "off"']
            for name, (purpose, polygon) in ZONES.items() if sort == "hall" else ():
                points = ", ".join(f"[{x:.4f}, {y:.4f}]" for x, y in zone_in_view(polygon, view))
                text += ['', '[[camera.zone]]', f'name = "{name}"', f'purpose = "{purpose}"', f'polygon = [{points}]']
    for kind, keys in PERMISSIVE.items() if permissive else ():
        text += ['', '[[rule]]', f'kind = "{kind}"', keys, 'cool_down = "0s"', 'max_per_hour = 1000']
    path = WORK / ("permissive.toml" if permissive else "edge.toml")
    WORK.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(text) + "\n")
    return path


def replayed(binary, config_path, scene):
    """The incidents that the product flags in a scene, as it tells them."""
    command = [binary, "replay", "--config", config_path, "--camera", scene["camera"], scene["file"], "--start", scene["start"], "--json"]
    return [json.loads(line) for line in _run(command).splitlines()]


def boxes(binary, config_path, camera, file, name):
    """What the people model finds in every picture of a file: the path of a list in MOT format."""
    path = WORK / "boxes" / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    _run([binary, "replay", "--config", config_path, "--camera", camera, file, "--json", "--boxes", path])
    return path


def _run(command):
    environment = {**os.environ, "RUST_LOG": "warn"}
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"eval: `{' '.join(map(str, command))}` failed:\n{done.stderr[-2000:]}")
    # The product goes on without a model, and says so; figures of that would be figures of nothing.
    if "model cannot be used" in done.stderr:
        raise SystemExit(f"eval: `{' '.join(map(str, command))}` had a model too few:\n{done.stderr[-2000:]}")
    return done.stdout
