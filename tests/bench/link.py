#!/usr/bin/env python3
"""A bad link on one machine: two network namespaces joined by a packet-level forwarder.

    link.py --rate 2 --rtt 100 --loss 1 [--queue 300] [--name qw] [--seed 1]

Makes the namespaces NAME-a (10.9.0.1) and NAME-b (10.9.0.2), prints `ready`, and forwards until its standard
input ends; the namespaces go with it. Packets from a to b are shaped to RATE Mbit/s behind a queue of QUEUE ms
and lost with LOSS percent, the same ones for the same seed; both ways take RTT/2 ms. Run programs with
`ip netns exec NAME-a …`. Lines on standard input change it: `cut`, `mend`, `rate 1.5`, `loss 0`.

`refused` and the reason, with exit code 3, if this machine does not let namespaces be made. What a transfer
reaches depends on the congestion control (net.ipv4.tcp_congestion_control, one a namespace): say which.
"""

import argparse
import ctypes
import fcntl
import heapq
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

CLONE_NEWNET, TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x40000000, 0x400454CA, 0x0001, 0x1000
LONGEST_PACKET = 2000
libc = ctypes.CDLL(None, use_errno=True)


def run(*words):
    subprocess.run(words, check=True, stderr=subprocess.PIPE, text=True)


def tun_in(namespace, address, peer):
    """A TUN device inside a new namespace; its descriptor works from outside."""
    run("ip", "netns", "add", namespace)
    with open(f"/run/netns/{namespace}") as there, open("/proc/self/ns/net") as here:
        if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"t0", IFF_TUN | IFF_NO_PI))
            run("ip", "link", "set", "lo", "up")
            run("ip", "addr", "add", address, "peer", peer, "dev", "t0")
            run("ip", "link", "set", "t0", "mtu", "1500", "txqueuelen", "1000", "up")
        finally:
            libc.setns(here.fileno(), CLONE_NEWNET)
    return tun


class Link:
    """What happens to a packet, and when."""

    def __init__(self, near, far, options):
        self.near, self.far = near, far
        self.rate(options.rate)
        self.loss = options.loss
        self.half_s, self.queue_s = options.rtt / 2000, options.queue / 1000
        self.random = random.Random(options.seed)
        self.up, self.free_at, self.count, self.waiting = True, 0.0, 0, []

    def rate(self, mbit_s):
        self.bytes_s = mbit_s * 1e6 / 8

    def order(self, line):
        words = line.split()
        match words:
            case ["cut"]:
                self.up = False
            case ["mend"]:
                self.up = True
            case ["rate", number]:
                self.rate(float(number))
            case ["loss", number]:
                self.loss = float(number)

    def take(self, tun, now):
        """Everything that a device has."""
        while True:
            try:
                packet = os.read(tun, LONGEST_PACKET)
            except BlockingIOError:
                return
            if not self.up:
                continue
            leaves = now
            if tun == self.near:
                if self.free_at - now > self.queue_s:
                    continue  # the queue is full
                self.free_at = leaves = max(self.free_at, now) + len(packet) / self.bytes_s
                if self.random.random() * 100 < self.loss:
                    continue
            self.count += 1
            to = self.far if tun == self.near else self.near
            heapq.heappush(self.waiting, (leaves + self.half_s, self.count, to, packet))

    def give(self, now):
        """What has arrived by now."""
        while self.waiting and self.waiting[0][0] <= now:
            _, _, tun, packet = heapq.heappop(self.waiting)
            try:
                os.write(tun, packet)
            except OSError:
                pass  # what the far end cannot take is lost, as on a wire

    def forward(self):
        orders = sys.stdin.fileno()
        while True:
            wait = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else 0.5
            readable, _, _ = select.select([self.near, self.far, orders], [], [], wait)
            now = time.monotonic()
            for descriptor in readable:
                if descriptor == orders:
                    text = os.read(orders, 4096).decode()
                    if not text:
                        return
                    for line in text.splitlines():
                        self.order(line)
                else:
                    self.take(descriptor, now)
            self.give(time.monotonic())


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--rate", type=float, required=True, help="Mbit/s from a to b")
    args.add_argument("--rtt", type=float, default=100, help="ms")
    args.add_argument("--loss", type=float, default=0, help="percent of packets from a to b")
    args.add_argument("--queue", type=float, default=300, help="ms of queue before the shaper")
    args.add_argument("--seed", type=int, default=1, help="which packets are lost")
    args.add_argument("--name", default="qw")
    options = args.parse_args()
    names = [f"{options.name}-a", f"{options.name}-b"]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        for name in names:
            # One that a killed run left behind.
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)
        try:
            near, far = tun_in(names[0], "10.9.0.1", "10.9.0.2"), tun_in(names[1], "10.9.0.2", "10.9.0.1")
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"refused: {getattr(error, 'stderr', None) or error}", flush=True)
            sys.exit(3)
        print("ready", flush=True)
        Link(near, far, options).forward()
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
