"""The simulated cameras of a benchmark, and the centre's configuration that records them."""

import json
import subprocess
import sys

from clip import ROOT

SIMULATOR = ROOT / "deploy" / "sim" / "cameras.py"


class Hall:
    """Simulated cameras in a process of their own, controlled line by line."""

    def __init__(self, processes, folder, cameras):
        self.folder, self.log_path = folder, folder / "cameras.jsonl"
        hall = {"port": 0, "log": str(self.log_path), "cameras": cameras}
        (folder / "hall.json").write_text(json.dumps(hall))
        self.process = processes.start(
            ["/usr/bin/python3", SIMULATOR, folder / "hall.json", "--exit-on-eof"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline()
        if not ready:
            sys.exit("bench: the simulated cameras did not start")
        self.port = json.loads(ready)["port"]

    def url(self, mount):
        return f"rtsp://127.0.0.1:{self.port}{mount}"

    def control(self, **order):
        """Orders are described in deploy/sim/controls.py."""
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def log(self):
        """What the cameras say they did."""
        with open(self.log_path, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.endswith("\n")]


def edge_config(archive, cameras, keep="1d", segment="60s", web=None):
    """The text of a configuration that records `cameras` (id: URL) and does nothing else."""
    text = (
        '[centre]\nid = "bench"\nname = "Bench"\nhours = []\ndefault_rules = false\n\n'
        f'[storage]\npath = "{archive}"\nkeep = "{keep}"\nreserve = "100MB"\npurpose = "Benchmark"\nsegment = "{segment}"\n'
    )
    if web:
        # Nobody is at the pages of a benchmark, and yet the session is to last.
        text += f'\n[web]\nlisten = "{web}"\nidle = "12h"\n'
    for name, url in cameras.items():
        text += f'\n[[camera]]\nid = "{name}"\nname = "{name}"\nmain = "{url}"\naudio = "record"\n'
    return text
