#!/usr/bin/env python3
"""What the way to the province carries, beside curl over the same bad link.

    forward.py [--seconds 60] [--urgent 200] [--drain-events 50000] [--drain-gb 5] [--only goodput,urgent,drain]

- Goodput: clips over 1, 2 and 10 Mbit/s at 100 ms with 1 % loss, and 2 Mbit/s without loss, with cubic and with
  bbr; then `curl` uploads as many bytes over the same link, with the same packets lost.
- Urgent events, flagged while clips fill a link of 1 Mbit/s: from the flagging to the row at the province.
- Drain: an outbox of seven days, with nothing that holds it back.

stdout ends with one line of JSON.
"""

import argparse
import http.server
import json
import subprocess
import sys
import time
from pathlib import Path

import machine
from line import ROOT, BadLink, Line
from machine import Processes, memory_mb, say, stop

WORK = ROOT / "target" / "bench-forward"
CASES = [(1, 1), (2, 1), (10, 1), (2, 0)]
CONTROLS = ["cubic", "bbr"]
# What a transfer of one TCP stream reaches of the link, so that each takes about as long as asked.
EXPECTED = {("cubic", 1, 1): 0.93, ("cubic", 2, 1): 0.55, ("cubic", 10, 1): 0.14}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="about how long each transfer takes")
    parser.add_argument("--urgent", type=int, default=200)
    parser.add_argument("--drain-events", type=int, default=50_000)
    parser.add_argument("--drain-gb", type=float, default=5)
    parser.add_argument("--only", default="goodput,urgent,drain")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/quaywatch")
    args = parser.parse_args()
    machine.end_on_sigterm()
    wanted, figures = args.only.split(","), {}
    if "goodput" in wanted:
        figures |= goodput(args)
    if "urgent" in wanted:
        figures |= urgent(args)
    if "drain" in wanted:
        figures |= drain(args)
    print(json.dumps(figures))


def goodput(args):
    figures, ratios = {}, []
    for control in CONTROLS:
        for rate, loss in CASES:
            share = EXPECTED.get((control, rate, loss), 0.93)
            total = int(rate * 1e6 / 8 * share * args.seconds)
            ours = upload_ours(args, rate, loss, control, total)
            theirs = upload_by_curl(args, rate, loss, control, total)
            name = f"{control}_{rate}mbit_{'loss1' if loss else 'noloss'}"
            say(f"{name}: {ours / 125_000:.3f} Mbit/s, curl {theirs / 125_000:.3f}: {ours / theirs:.3f}")
            figures[f"goodput_{name}_mbit_s"] = round(ours / 125_000, 3)
            figures[f"curl_{name}_mbit_s"] = round(theirs / 125_000, 3)
            ratios.append(ours / theirs)
            if loss == 0:
                worst = figures.get("goodput_share_2mbit_noloss", 1.0)
                figures["goodput_share_2mbit_noloss"] = round(min(worst, ours / 125_000 / rate), 3)
    return {"goodput_vs_curl_min": round(min(ratios), 3)} | figures


def upload_ours(args, rate, loss, control, total):
    """Bytes of clips a second, from the first that is on its way to the last that is stored."""
    clips = max(2, total // 8_000_000)
    with Processes() as processes:
        link = BadLink(processes, rate, loss=loss)
        need(link)
        link.congestion_control(control)
        line = Line(processes, WORK / "goodput", args.binary, link)
        made = line.simulate("--clips", clips, "--size", f"{total // clips // 1000}kB")
        line.start_broker()
        line.start_province()
        time.sleep(1)
        line.start_edge()
        line.wait_until("the first announcement", lambda: line.stored("SELECT 1 FROM files LIMIT 1"), 60)
        begun = line.stored("SELECT min(announced_ms) FROM files")[0][0]
        line.wait_until("the last clip", lambda: line.waiting() == 0, 20 + 20 * args.seconds)
        ended = line.stored("SELECT max(stored_ms) FROM files")[0][0]
        stop([line.edge, line.province, line.broker])
        link.end()
    return made["bytes"] / ((ended - begun) / 1000)


class Sink(http.server.BaseHTTPRequestHandler):
    """Takes uploads and forgets them."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, 65536)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def upload_by_curl(args, rate, loss, control, total):
    """Bytes a second of one upload, from the moment that the connection stands."""
    with Processes() as processes:
        link = BadLink(processes, rate, loss=loss)
        need(link)
        link.congestion_control(control)
        file = WORK / "curl.bin"
        file.write_bytes(b"\0" * total)
        sink = processes.start(["ip", "netns", "exec", link.namespaces[1], sys.executable, __file__, "--sink"],
                               stdout=subprocess.PIPE, text=True)
        sink.stdout.readline()
        done = subprocess.run(
            ["ip", "netns", "exec", link.namespaces[0], "curl", "-sS", "-T", file, "-H", "Expect:", "-w",
             "%{time_total} %{time_connect}", "http://10.9.0.2:8000/"], capture_output=True, text=True, check=True)
        total_s, connect_s = map(float, done.stdout.split())
        stop([sink])
        link.end()
    return total / (total_s - connect_s)


def serve_sink():
    server = http.server.ThreadingHTTPServer(("10.9.0.2", 8000), Sink)
    print("ready", flush=True)
    server.serve_forever()


def urgent(args):
    """How soon an urgent event is stored while clips fill a slow link."""
    with Processes() as processes:
        link = BadLink(processes, 1, loss=1)
        need(link)
        link.congestion_control("cubic")
        line = Line(processes, WORK / "urgent", args.binary, link)
        line.simulate("--clips", 40, "--size", "8MB")
        line.start_broker()
        line.start_province()
        # The centre's own link, and events that come one by one.
        line.start_simulate("--events", args.urgent, "--severity", "urgent", "--every", "1.3s", "--deliver", "--seed", 2)
        line.wait_until("the first piece", lambda: line.stored("SELECT 1 FROM files WHERE have != ''"), 60)
        is_urgent = "json_extract(body, '$.data.severity') = 'urgent'"
        count = lambda: line.stored(f"SELECT count(*) FROM events WHERE {is_urgent}")[0][0]
        line.wait_until("the last urgent event", lambda: count() >= args.urgent, 60 + 2 * args.urgent)
        rows = line.stored(f"SELECT stored_ms - time_ms FROM events WHERE {is_urgent}")
        still_full = line.waiting()
        stop([line.edge, line.province, line.broker])
        link.end()
    delays = sorted(row[0] for row in rows)
    if still_full == 0:
        say("the link was not full to the end")
    at = lambda share: delays[min(len(delays) - 1, int(share * len(delays)))]
    return {"urgent_count": len(delays), "urgent_p50_ms": at(0.5), "urgent_p99_ms": at(0.99), "urgent_max_ms": delays[-1]}


def drain(args):
    """An outbox of seven days goes out over a link that holds nothing back."""
    with Processes() as processes:
        line = Line(processes, WORK / "drain", args.binary)
        line.start_broker()
        line.start_province()
        line.start_edge()
        time.sleep(20)
        idle = memory_mb(line.edge, "VmRSS")
        stop([line.edge])
        clips = max(1, int(args.drain_gb * 1e9 / 10e6))
        say(f"drain: making {args.drain_events} events and {clips} clips")
        made = line.simulate("--events", max(0, args.drain_events - 2 * clips), "--clips", clips, "--size", "10MB",
                             "--spread", "7d")
        begun = time.monotonic()
        line.start_edge()
        line.wait_until("the last of the outbox", lambda: line.waiting() == 0, 3600)
        took = time.monotonic() - begun
        peak = memory_mb(line.edge, "VmHWM")
        refused = line.outbox("SELECT count(*) FROM outbox WHERE state = 'quarantined'")[0][0]
        stop([line.edge, line.province, line.broker])
    return {"drain_s": round(took, 1), "drain_rss_mb": round(peak - idle, 1), "drain_idle_mb": idle,
            "drain_events": made["events"], "drain_gb": round(made["bytes"] / 1e9, 2), "drain_refused": refused}


def need(link):
    if link.namespaces is None:
        sys.exit("bench: without network namespaces there is no bad link to measure on")


if __name__ == "__main__":
    if sys.argv[1:] == ["--sink"]:
        serve_sink()
    else:
        main()
