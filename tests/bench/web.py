#!/usr/bin/python3
"""The first page of a centre with 10,000 incidents: how soon it is there, what it carries, and how soon a flag is on it.

    web.py [--incidents 10000] [--loads 15] [--flags 40] [--questions 200] [--binary PATH]

Two cameras are recorded beside. `first_page_ms` is from the beginning of the navigation until every row of the list is there
and every still in view is on the screen, each time in a browser that has nothing of it yet; `static_page_ms` is the same of
a plain page of as many rows, stills and bytes, served by `python3 -m http.server`, each right after one of ours.
`transfer_kb` is what the network carried for all but the pictures, headers included. `flag_to_screen_ms` is from the sending
of a flag by another client until its row is on the screen of an open page. The browser is Debian's Chromium without a
screen. Standard output ends with one line of JSON.
"""

import argparse
import http.client
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import web_made
from archive_ask import Service, free_port, p95
from clip import ROOT
from hall import Hall
from machine import Processes, end_on_sigterm, say

WORK = ROOT / "target" / "bench-web"
RECORDED_S = 15
# What the page asks for at first.
LISTED = 50
# The service takes so many flags an hour from people.
MOST_FLAGS = 60


def main():
    parser = argparse.ArgumentParser(description="The first page of a centre with many incidents.")
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--loads", type=int, default=15)
    parser.add_argument("--flags", type=int, default=40)
    parser.add_argument("--questions", type=int, default=200, help="of the list, by the API")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "release" / "quaywatch")
    args = parser.parse_args()
    if not args.binary.exists():
        sys.exit(f"bench: {args.binary} is missing: `make bench-web` builds it first")
    if args.flags > MOST_FLAGS:
        sys.exit(f"bench: the service takes {MOST_FLAGS} flags an hour")
    end_on_sigterm()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        print(json.dumps(measure(args)))
    finally:
        shutil.rmtree(WORK, ignore_errors=True)


def measure(args):
    place = SimpleNamespace(work=WORK, path=WORK / "centre", cameras=web_made.CAMERAS)
    with Processes() as processes:
        # Once without incidents: it makes its tables.
        Service(processes, place, args.binary)
    with_evidence = web_made.make(place.path, args.incidents, args.seed)
    with Processes() as processes:
        view = {"media": str(ROOT / "media" / "vtest.avi"), "size": [640, 360], "fps": 25, "gop_s": 2.0, "kbps": 1500,
                "audio": "pcma", "sound": str(ROOT / "media" / "calm.wav")}
        hall = Hall(processes, WORK, [{"mount": f"/{camera}", **view} for camera in web_made.CAMERAS])
        more = {camera: hall.url(f"/{camera}") for camera in web_made.CAMERAS}
        service = Service(processes, place, args.binary, more=more, keep="1d")
        service.sign_in()
        time.sleep(RECORDED_S)
        return {"incidents": args.incidents, "with_evidence": with_evidence, **lists(service, args.questions),
                **browser(processes, service, args)}


def lists(service, questions):
    """What the list takes, asked again and again over one connection."""
    connection, took_ms = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20), []
    # The first is not counted.
    for _ in range(questions + 1):
        begun = time.monotonic()
        connection.request("GET", f"/api/incidents?state=unfinished&limit={LISTED}", headers=service.headers)
        answer = connection.getresponse()
        body = answer.read()
        took_ms.append(1000 * (time.monotonic() - begun))
        if answer.status != 200 or len(json.loads(body)["incidents"]) != LISTED:
            sys.exit(f"bench: the list is wrong: {answer.status} {body[:300]}")
    connection.close()
    say(f"web: the list by the API: {median(took_ms[1:]):.1f} ms")
    return {"list_api_ms_p95": round(p95(took_ms[1:]), 1), "list_api_ms_p50": round(median(took_ms[1:]), 1)}


def browser(processes, service, args):
    """Loads and flags in Chromium, by web/bench/web.js."""
    plain, port = WORK / "plain", free_port()
    plain.mkdir()
    server = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--protocol", "HTTP/1.1"]
    processes.start([*server, "--directory", plain], WORK / "plain.log")
    order = {"address": f"http://127.0.0.1:{service.port}", "headers": service.headers, "rows": LISTED, "loads": args.loads,
             "flags": args.flags, "cameras": web_made.CAMERAS,
             "static": {"address": f"http://127.0.0.1:{port}", "folder": str(plain)}}
    command = [ROOT / "deploy" / "npm.py", "run", "--silent", "bench-web", "--", json.dumps(order)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("bench: the browser did not get there (see above)")
    told = json.loads(done.stdout.splitlines()[-1])
    ours, plain, flags = told["first_page_ms"], told["static_page_ms"], told["flag_to_screen_ms"]
    return {
        "first_page_ms": round(median(ours)), "first_page_ms_p95": round(p95(ours)),
        "static_page_ms": round(median(plain)), "static_page_ms_p95": round(p95(plain)),
        "transfer_kb": round(told["transfer_bytes"] / 1000, 1), "stills_kb": round(told["stills_bytes"] / 1000, 1),
        "stills_carried": told["stills"], "stills_in_view": told["stills_in_view"], "loads": len(ours),
        "flag_to_screen_ms_p95": round(p95(flags)), "flag_to_screen_ms_p50": round(median(flags)), "flags": len(flags),
    }


if __name__ == "__main__":
    main()
