"""Viewers of live pictures, as many as are wanted, in one process: they take what comes and count it.

Each is a page's one WebSocket (RFC 6455): it asks for streams once, answers pings, and looks at nothing else.
"""

import base64
import json
import os
import selectors
import socket
import struct
import sys
import time

PING, PONG, BINARY = 0x9, 0xA, 0x2


class Viewer:
    def __init__(self, port, cookie, streams):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Cookie: {cookie}\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(4096)
        if b" 101 " not in answer.split(b"\r\n")[0]:
            sys.exit(f"bench: no viewer is let in: {answer[:200]}")
        self.buffer = bytearray(answer.split(b"\r\n\r\n", 1)[1])
        self.bytes = self.messages = 0
        self.send(0x1, json.dumps({"watch": streams}).encode())
        self.socket.setblocking(False)

    def send(self, kind, body):
        length = bytes([0x80 | len(body)]) if len(body) < 126 else struct.pack(">BH", 0x80 | 126, len(body))
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(body))
        self.socket.sendall(bytes([0x80 | kind]) + length + mask + masked)

    def take(self):
        """Reads what is there."""
        data = self.socket.recv(1 << 18)
        if not data:
            sys.exit("bench: a viewer was sent away")
        self.buffer += data
        while len(self.buffer) >= 2:
            kind, length, head = self.buffer[0] & 0xF, self.buffer[1] & 0x7F, 2
            if length == 126:
                if len(self.buffer) < 4:
                    return
                length, head = struct.unpack_from(">H", self.buffer, 2)[0], 4
            elif length == 127:
                if len(self.buffer) < 10:
                    return
                length, head = struct.unpack_from(">Q", self.buffer, 2)[0], 10
            if len(self.buffer) < head + length:
                return
            if kind == PING:
                self.send(PONG, bytes(self.buffer[head:head + length]))
            elif kind == BINARY:
                self.bytes, self.messages = self.bytes + length, self.messages + 1
            del self.buffer[:head + length]


def main():
    """viewers.py PORT COOKIE COUNT SECONDS CAMERA…: prints a line when all are in, and one of JSON at the end."""
    port, cookie, count, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    streams = [{"camera": camera, "stream": "main"} for camera in sys.argv[5:]]
    viewers = [Viewer(port, cookie, streams) for _ in range(count)]
    ready = selectors.DefaultSelector()
    for viewer in viewers:
        ready.register(viewer.socket, selectors.EVENT_READ, viewer)
    print("in", flush=True)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, _ in ready.select(timeout=0.5):
            key.data.take()
    print(json.dumps({"bytes": sum(v.bytes for v in viewers), "least_messages": min(v.messages for v in viewers)}))


if __name__ == "__main__":
    main()
