"""A whole line for benchmarks: a centre without cameras, mosquitto as deployed, a province; perhaps with
a bad link between the centre and the rest.
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from machine import say

ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = ROOT / "deploy" / "mosquitto"
MOSQUITTO = next((p for p in ("/usr/sbin/mosquitto", "/usr/bin/mosquitto") if os.path.exists(p)), "mosquitto")
READY_WITHIN_S = 30
PASSWORD = "geheim"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class BadLink:
    """The link of link.py; `namespaces` is None, and the reason was told, if this machine makes none."""

    def __init__(self, processes, rate, rtt=100, loss=0, queue=300, seed=1, name="qw"):
        self.process = processes.start(
            [sys.executable, ROOT / "tests/bench/link.py", "--rate", str(rate), "--rtt", str(rtt), "--loss", str(loss),
             "--queue", str(queue), "--seed", str(seed), "--name", name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        answer = self.process.stdout.readline().strip()
        self.namespaces = (f"{name}-a", f"{name}-b") if answer == "ready" else None
        if self.namespaces is None:
            say(f"THERE IS NO BAD LINK: this machine makes no network namespaces ({answer or 'it said nothing'})")

    def order(self, line):
        if self.namespaces:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()

    def congestion_control(self, name):
        # A namespace may only have what the machine allows everybody: its list is made longer, not shorter.
        allowed = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control")
        available = Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().split()
        if name not in available:
            sys.exit(f"bench: this kernel has no {name}, only {' '.join(available)}")
        if name not in allowed.read_text().split():
            allowed.write_text(f"{allowed.read_text().strip()} {name}")
        for namespace in self.namespaces:
            subprocess.run(["ip", "netns", "exec", namespace, "sysctl", "-qw", f"net.ipv4.tcp_congestion_control={name}"],
                           check=True)

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


class Line:
    """Both ends and the broker, in a folder of their own."""

    def __init__(self, processes, folder, binary, link=None, centre="xuan-lung", settings=""):
        self.processes, self.folder, self.binary, self.centre = processes, Path(folder), binary, centre
        self.namespaces = link.namespaces if link else None
        self.host = "10.9.0.2" if self.namespaces else "127.0.0.1"
        self.secure, self.plain, self.pages, self.console = (free_port() for _ in range(4))
        self.broker = self.edge = self.province = self.headers = None
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "password").write_text(PASSWORD + "\n")
        (self.folder / "password").chmod(0o600)
        (self.folder / "province.toml").write_text(
            f'[province]\nname = "Phú Thọ"\nbroker = "mqtt://127.0.0.1:{self.plain}"\nuser = "province"\n'
            'password_file = "password"\nidentity = "province.pem"\nauthority = "authority"\n'
            f'[storage]\npath = "province"\nreserve = "100MB"\n[web]\nlisten = "127.0.0.1:{self.console}"\n'
            f'[[centre]]\nid = "{centre}"\nname = "Xuân Lũng"\nkeys = "{centre}.pub.pem"\n')
        (self.folder / "edge.toml").write_text(
            f'[centre]\nid = "{centre}"\nname = "Xuân Lũng"\nhours = []\ndefault_rules = false\n'
            '[storage]\npath = "centre"\nkeep = "1d"\nreserve = "100MB"\npurpose = "Benchmark"\n'
            f'[web]\nlisten = "127.0.0.1:{self.pages}"\n'
            f'[province]\nbroker = "mqtts://{self.host}:{self.secure}"\nidentity = "centre.pem"\n'
            f'enrolment = "enrolment"\n{settings}\n'
            '[[camera]]\nid = "none"\nmain = "rtsp://127.0.0.1:9/none"\naudio = "off"\n')
        self._enrol()
        self._configure_broker()

    def _run(self, *words):
        done = subprocess.run([self.binary, *words], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"bench: quaywatch {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
        return done.stdout

    def _enrol(self):
        province, edge = self.folder / "province.toml", self.folder / "edge.toml"
        self._run("enrol", "broker", "--config", province, "--host", self.host)
        self._run("enrol", "request", "--config", edge)
        request = self.folder / "enrolment" / f"{self.centre}.request.pem"
        self._run("enrol", "sign", "--config", province, request)

    def _configure_broker(self):
        folder = self.folder / "mosquitto"
        folder.mkdir()
        for name in ("ca.pem", "broker.pem", "broker.key.pem"):
            shutil.copy(self.folder / "authority" / name, folder)
        for name in ("centres.acl", "province.acl"):
            shutil.copy(DEPLOYED / name, folder)
        subprocess.run(["mosquitto_passwd", "-b", "-c", folder / "passwords", "province", PASSWORD], check=True,
                       stdout=subprocess.DEVNULL)
        text = (DEPLOYED / "quaywatch.conf").read_text()
        text = text.replace("/etc/mosquitto/quaywatch", str(folder)).replace("/var/lib/mosquitto", str(folder))
        text = text.replace("listener 8883", f"listener {self.secure}").replace("listener 1883", f"listener {self.plain}")
        (folder / "mosquitto.conf").write_text(f"user root\nautosave_interval 1\nlog_dest stderr\n{text}")

    def _start(self, end, name, *command):
        within = ["ip", "netns", "exec", self.namespaces[end]] if self.namespaces else []
        return self.processes.start([*within, *command], self.folder / f"{name}.log")

    def start_broker(self):
        self.broker = self._start(1, "broker", MOSQUITTO, "-c", self.folder / "mosquitto" / "mosquitto.conf")

    def start_province(self):
        self.province = self._start(1, "province", self.binary, "province", "--config", self.folder / "province.toml")

    def start_edge(self):
        # Sessions end with the service.
        self.headers = None
        self.edge = self._start(0, "edge", self.binary, "edge", "--config", self.folder / "edge.toml")

    def start(self):
        self.start_broker()
        self.start_province()
        self.start_edge()

    def simulate(self, *words):
        """Puts made incidents into the centre's outbox; gives what was made."""
        return json.loads(self._run("simulate", "--config", self.folder / "edge.toml", *map(str, words)))

    def start_simulate(self, *words):
        """Makes incidents and delivers them in place of the centre's service."""
        self.edge = self._start(0, "edge", self.binary, "simulate", "--config", self.folder / "edge.toml", *map(str, words))

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()

    def _rows(self, path, query):
        if not path.exists():
            return []
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
        try:
            return database.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        finally:
            database.close()

    def outbox(self, query):
        return self._rows(self.folder / "centre" / "centre.sqlite", query)

    def stored(self, query):
        return self._rows(self.folder / "province" / "province.sqlite", query)

    def waiting(self):
        return self.outbox("SELECT count(*) FROM outbox WHERE state = 'waiting'")[0][0]

    def wait_until(self, what, is_so, within_s):
        deadline = time.monotonic() + within_s
        while not is_so():
            if time.monotonic() > deadline:
                sys.exit(f"bench: {what} did not come within {within_s} s; see {self.folder}")
            time.sleep(0.2)

    def flag(self, note, severity="urgent"):
        """Flags a moment at the centre's own pages, from within its namespace."""
        if self.headers is None:
            people, config = ROOT / "tests" / "bench" / "people.py", self.folder / "edge.toml"
            self.headers = self._ask("sign in", sys.executable, people, self.binary, config, self.pages)
        headers = {"Content-Type": "application/json", **self.headers}
        lines = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        body = json.dumps({"note": note, "severity": severity, "before": "0ms"})
        url = f"http://127.0.0.1:{self.pages}/api/incidents"
        return self._ask("flag a moment", "curl", "-sS", "--fail-with-body", *lines, "-d", body, url)

    def _ask(self, what, *command):
        """What a command answers in JSON, run where the centre is."""
        within = ["ip", "netns", "exec", self.namespaces[0]] if self.namespaces else []
        done = subprocess.run([*within, *map(str, command)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"bench: could not {what}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)
