"""How long the service takes to start on a large archive, and to tell what it holds of a day."""

import http.client
import json
import math
import random
import socket
import subprocess
import time
from datetime import datetime, timedelta
from statistics import median
from urllib.parse import urlencode

from archive_make import AWAY_S, HOLE_MINUTES, MINUTES_A_DAY, NOBODY, NotReady, wait_for_line
from hall import edge_config
from machine import Processes, io_counts, memory_mb, say
from people import sign_in

READY_WITHIN_S = 900


def drop_caches():
    """Empties the page cache; `False` where that is not allowed."""
    subprocess.run(["sync"], check=True)
    try:
        with open("/proc/sys/vm/drop_caches", "w") as control:
            control.write("3\n")
    except OSError:
        return False
    return True


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Service:
    """The service on the made archive; its cameras do not answer, unless more are given."""

    def __init__(self, processes, made, binary, has_web=True, more=None, keep="3650d", env=None):
        self.port, self.made, self.headers = free_port(), made, {}
        self.log = made.work / "edge.log"
        self.log.unlink(missing_ok=True)
        cameras = {camera: f"{NOBODY}/{camera}" for camera in made.cameras} | (more or {})
        self.config = made.work / "edge.toml"
        web = f"127.0.0.1:{self.port}" if has_web else None
        self.config.write_text(edge_config(made.path, cameras, keep=keep, web=web))
        self.spawned_at = time.monotonic()
        command = [binary, "--log-format", "json", "edge", "--config", self.config]
        self.process = processes.start(command, self.log, env=env)
        ready_at = wait_for_line(self.process, self.log, "the centre runs", READY_WITHIN_S)
        while has_web and self.get("/healthz")[0] != 200:
            if time.monotonic() > self.spawned_at + READY_WITHIN_S:
                raise NotReady("bench: /healthz does not answer")
            ready_at = time.monotonic()
            time.sleep(0.003)
        self.ready_s = ready_at - self.spawned_at

    def sign_in(self):
        """From now on questions are those of somebody who is signed in."""
        self.headers = sign_in(self.process.args[0], self.config, self.port)

    def get(self, path):
        """Status and body; status 0 if nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers=self.headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()


def has_web(made, binary):
    """Whether this program serves pages at a centre."""
    try:
        with Processes() as processes:
            Service(processes, made, binary)
    except NotReady as why:
        if "web" not in str(why):
            raise
        say("archive: this program has no [web] at a centre: the time line is not measured")
        return False
    return True


def startup(made, binary, web):
    """From the spawn to ready and every torn file salvaged, with a cold and a warm page cache."""
    figures = {}
    for name in ("cold", "warm"):
        made.tear()
        if name == "cold" and not drop_caches():
            say("archive: the page cache cannot be emptied here (not root): everything is warm")
            continue
        with Processes() as processes:
            service = Service(processes, made, binary, web)
            deadline = time.monotonic() + READY_WITHIN_S
            while made.open_rows() and time.monotonic() < deadline:
                time.sleep(0.01)
            if made.open_rows():
                raise NotReady("bench: torn files are not salvaged")
            salvaged_s = time.monotonic() - service.spawned_at
            figures[name] = max(service.ready_s, salvaged_s)
            figures[f"{name}_ready"] = service.ready_s
            figures["rss_mb"] = memory_mb(service.process, "VmHWM")
            figures[f"{name}_read_mb"] = io_counts(service.process)["read_bytes"] / 1e6
        say(f"archive: started in {figures[name]:.2f} s, {name}")
    return {
        "startup_s": round(figures.get("cold", figures["warm"]), 2),
        "startup_warm_s": round(figures["warm"], 2),
        "startup_ready_s": round(figures.get("cold_ready", figures["warm_ready"]), 2),
        "startup_read_mb": round(figures.get("cold_read_mb", figures["warm_read_mb"]), 1),
        "startup_is_cold": "cold" in figures,
        "startup_rss_mb": figures["rss_mb"],
    }


def walk(made):
    """What a plain walk over the same tree takes: `find`, with a cold page cache where that is allowed."""
    drop_caches()
    started = time.monotonic()
    found = subprocess.run(["find", made.path / "video", "-type", "f", "-printf", "."], stdout=subprocess.PIPE, check=True)
    return {"find_s": round(time.monotonic() - started, 2), "files": len(found.stdout)}


def timeline(made, binary, seed, questions):
    """The time line of a day: cold (the page cache emptied before each question) and warm."""
    chance = random.Random(seed)
    cold, warm = [], []
    with Processes() as processes:
        service = Service(processes, made, binary)
        service.sign_in()
        for _ in range(max(1, questions // 10)):
            if not drop_caches():
                break
            cold.append(_ask(made, service, chance))
        for _ in range(questions):
            warm.append(_ask(made, service, chance))
        figures = {"timeline_rss_mb": memory_mb(service.process, "VmHWM")}
    worst = max(p95(cold), p95(warm)) if cold else p95(warm)
    return figures | {
        "timeline_p95_ms": round(worst, 1),
        "timeline_cold_p95_ms": round(p95(cold), 1) if cold else None,
        "timeline_warm_p95_ms": round(p95(warm), 1),
        "timeline_warm_median_ms": round(median(warm), 1),
        "timeline_questions": len(cold) + len(warm),
    }


def p95(values):
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def _ask(made, service, chance):
    """Asks for a random day of a random camera, every second time the one that holds real media; gives ms."""
    camera = chance.choice(made.cameras)
    day = made.real_day(camera) if chance.random() < 0.5 else chance.randrange(made.days)
    start = made.first_day + timedelta(days=day)
    asked = urlencode({"from": f"{start:%Y-%m-%dT%H:%M:%S.000Z}", "to": f"{start + timedelta(days=1):%Y-%m-%dT%H:%M:%S.000Z}"})
    began = time.monotonic()
    status, body = service.get(f"/api/cameras/{camera}/timeline?{asked}")
    took_ms = 1000 * (time.monotonic() - began)
    _check(made, camera, day, status, body)
    return took_ms


def _check(made, camera, day, status, body):
    """The answer must be the day as it was made: fast and wrong is no figure."""
    answer = json.loads(body) if status == 200 else {}
    hole_s = 60 * HOLE_MINUTES if day == 1 and made.days > 1 else 0
    expected_s = 60 * MINUTES_A_DAY - AWAY_S - hole_s
    told_s = sum(_seconds(span["to"]) - _seconds(span["from"]) for span in answer.get("spans", []))
    reasons = [gap["reason"] for gap in answer.get("gaps", [])]
    if status != 200 or abs(told_s - expected_s) > 120 or "camera-away" not in reasons:
        raise SystemExit(f"bench: the time line of {camera}, day {day}, is wrong: status {status}, {told_s} of "
                         f"{expected_s} s, gaps {reasons}: {body[:300]!r}")


def _seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
