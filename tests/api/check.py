#!/usr/bin/env python3
"""Asks a real centre and a real province everything that their OpenAPI documents allow, and much that they do not.

Schemathesis makes the questions (https://schemathesis.readthedocs.io); tests/api/hooks.py sees that nobody gets round
a right. Each role asks, so that what is hidden from one is looked for with another's session too.

  check.py [--examples 15] [--binary target/debug/quaywatch] [--only centre|province]
"""

import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "target" / "schemathesis"
PASSWORD = "mật khẩu của phép thử"
ROLES = ["viewer", "staff", "supervisor", "technician", "monitor", "admin"]
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
          "ignored_auth", "no_way_round_a_right"]
# The first two never end; the session is what asks; whether the service is well is not asked here.
ABOUT_PEOPLE = ["/api/users/{name}", "/api/users/{name}/password"]
LEFT_OUT = ["/api/live", "/api/stream", "/api/session", "/api/session/password", "/api/session/active", "/healthz", "/readyz"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=15)
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "debug" / "quaywatch")
    parser.add_argument("--only", choices=["centre", "province"])
    args = parser.parse_args()
    if not args.binary.exists():
        sys.exit(f"check: {args.binary} is missing: `make test-api` builds it first")
    install()
    failed = []
    for place in ("centre", "province"):
        if args.only in (None, place):
            with tempfile.TemporaryDirectory(prefix="quaywatch-api-") as folder:
                failed += ask_everything(place, Path(folder), args)
    if failed:
        sys.exit(f"check: not as documented, or not as allowed: {', '.join(failed)}")


def install():
    """Schemathesis and what it needs, pinned and checked, in a folder of its own."""
    wanted = (ROOT / "tests" / "api" / "requirements.txt").read_text()
    mark = TOOL / "requirements.txt"
    if mark.exists() and mark.read_text() == wanted:
        return
    shutil.rmtree(TOOL, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", TOOL], check=True, stdout=sys.stderr)
    subprocess.run([TOOL / "bin" / "pip", "install", "--quiet", "--require-hashes", "-r", ROOT / "tests" / "api" / "requirements.txt"],
                   check=True, stdout=sys.stderr)
    mark.write_text(wanted)


def ask_everything(place, folder, args):
    port = free_port()
    config = folder / "config.toml"
    config.write_text(centre_config(folder, port) if place == "centre" else province_config(folder, port, args.binary))
    role = "edge" if place == "centre" else "province"
    with open(folder / "said", "w") as said, open(folder / "log", "w") as log:
        service = subprocess.Popen([args.binary, role, "--config", config], stdout=said, stderr=log, cwd=folder)
    try:
        first = wait_for_password(service, folder, port)
        admin = Visitor(port, "admin", first)
        people = {role: admin if role == "admin" else admin.add(role) for role in ROLES}
        failed = [f"{place} as {role}" for role, visitor in people.items() if not run(place, role, visitor, folder, args)]
        # Last, because whoever asks may take the own rights away.
        alone = run(place, "admin, about people", people["admin"], folder, args, only=ABOUT_PEOPLE)
        return failed if alone else [*failed, f"{place}, about people"]
    finally:
        service.terminate()
        service.wait(timeout=30)


def run(place, role, visitor, folder, args, only=None):
    """Whether everything was as it should be."""
    checks = CHECKS[:-1] if only else CHECKS
    paths = [f"--include-path={path}" for path in only] if only else [f"--exclude-path={path}" for path in LEFT_OUT + ABOUT_PEOPLE]
    command = [TOOL / "bin" / "schemathesis", "run", f"http://127.0.0.1:{visitor.port}/api/openapi.json",
               "--phases", "examples,coverage,fuzzing", "--max-examples", str(args.examples), "--checks", ",".join(checks),
               "--seed", "7", "--request-timeout", "20", "--suppress-health-check", "all", "--no-color", *paths]
    for name, value in visitor.headers.items():
        command += ["--header", f"{name}: {value}"]
    environment = os.environ | {"RIGHTS": ",".join(visitor.rights), "SCHEMATHESIS_HOOKS": str(ROOT / "tests" / "api" / "hooks.py")}
    began = time.monotonic()
    done = subprocess.run(command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    last = done.stdout.strip().splitlines()[-1:] or ["no word"]
    print(f"check: {place} as {role}: {last[0].strip('= ')} ({time.monotonic() - began:.0f} s)", flush=True)
    if done.returncode:
        print(done.stdout[-12000:])
    return done.returncode == 0


class Visitor:
    """Somebody who is signed in, with a password of their own."""

    def __init__(self, port, name, once):
        self.port, self.headers = port, {}
        self.sign_in(name, once)
        self.ask("PUT", "/api/session/password", {"old": once, "new": PASSWORD})
        self.rights = self.sign_in(name, PASSWORD)["user"]["rights"]

    def sign_in(self, name, password):
        session, cookie = self.ask("POST", "/api/session", {"name": name, "password": password})
        self.headers = {"Cookie": cookie.split(";")[0], "X-CSRF-Token": session["csrf"]}
        return session

    def add(self, role):
        added, _ = self.ask("POST", "/api/users", {"name": role, "full_name": role.title(), "role": role})
        return Visitor(self.port, role, added["password"])

    def ask(self, method, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json", **self.headers})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"check: {method} {path}: {answer.status} {text[:300]}")
        return json.loads(text) if text else None, answer.getheader("set-cookie")


def wait_for_password(service, folder, port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and service.poll() is None:
        lines = (folder / "said").read_text().splitlines()
        said = [line.split(": ", 1)[1] for line in lines if line.startswith("admin password: ")]
        with socket.socket() as tried:
            if said and tried.connect_ex(("127.0.0.1", port)) == 0:
                return said[0]
        time.sleep(0.1)
    sys.exit(f"check: the service did not start:\n{(folder / 'log').read_text()[-2000:]}")


def centre_config(folder, port):
    cameras = "".join(f'[[camera]]\nid = "{name}"\nmain = "rtsp://127.0.0.1:{free_port()}/{name}"\n' for name in ("counter-1", "gate"))
    return (f'[centre]\nid = "xuan-lung"\nname = "Xuân Lũng"\n[storage]\npath = "{folder}/centre"\nkeep = "30d"\nreserve = "10MB"\n'
            f'purpose = "thử nghiệm"\n[web]\nlisten = "127.0.0.1:{port}"\n{cameras}')


def province_config(folder, port, binary):
    public = folder / "xuan-lung.pub.pem"
    key = folder / "keys"
    # A centre's key of its own kind: what the service makes at its first start.
    (folder / "edge.toml").write_text(centre_config(key, free_port()))
    service = subprocess.Popen([binary, "edge", "--config", folder / "edge.toml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    made = key / "centre" / "keys" / "evidence.pub.pem"
    deadline = time.monotonic() + 30
    while not made.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    service.terminate()
    service.wait(timeout=30)
    shutil.copy(made, public)
    return (f'[province]\nname = "Phú Thọ"\nbroker = "mqtt://127.0.0.1:{free_port()}"\nidentity = "{folder}/province.pem"\n'
            f'[storage]\npath = "{folder}/province"\nreserve = "10MB"\n[web]\nlisten = "127.0.0.1:{port}"\n'
            f'[[centre]]\nid = "xuan-lung"\nname = "Xuân Lũng"\nkeys = "{public}"\n')


def free_port():
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return tried.getsockname()[1]


if __name__ == "__main__":
    main()
