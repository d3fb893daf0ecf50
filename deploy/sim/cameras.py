#!/usr/bin/python3
"""Simulated cameras for the demo, the tests and the benchmark: real RTSP from gst-rtsp-server.

    cameras.py HALL.json [--exit-on-eof]

Serves on 127.0.0.1 over TCP and UDP with RTCP sender reports, and prints {"ready":true,"port":N} when
it does. Live cameras encode each frame as it is sent and write a stamp into it (stamp.py); sound can be
a coded tone or a recording with marks (sound.py); a log says what was sent. Prebuilt cameras loop an
encoded file and cost little.

HALL.json is described in settings.py.

Control, one JSON line each on stdin, is described in controls.py: hang, away, cut, loss, sound that stops,
clocks that leap and drift, and what else real cameras do.
The end of stdin is ignored, unless --exit-on-eof ties the simulator's life to whoever started it.

Log, one JSON line each, all times in ms since the Unix epoch:
    {"e":"frame","mount","n","at_ms","key"}      one a live frame, at_ms as in its stamp
    {"e":"sent","mount","frames","at_ms"}        one a second of a prebuilt mount, and one when it hangs
    {"e":"sound-mark","mount","mark","at_ms"}    when the sample at a recording's mark sounded
    {"e":"client","what","mount","peer_port","at_ms"}  connected, describe, play, teardown, closed
    {"e":"control","do","mount","at_ms"}         or with "error"
"""

import argparse
import json
import os
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)

import prebuilt  # noqa: E402
import settings  # noqa: E402
from controls import carry_out  # noqa: E402
from live import LiveMount  # noqa: E402


class Log:
    """JSON lines, each flushed: a reader follows the file, and a killed simulator leaves it whole."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8") if path else None
        self.lock = threading.Lock()

    def __call__(self, entry):
        if self.file:
            with self.lock:
                self.file.write(json.dumps(entry) + "\n")
                self.file.flush()


def now_ms():
    return time.time_ns() // 1_000_000


class Access(GstRtspServer.RTSPAuth):
    """Digest for the mounts that have a user; the others are open."""

    def __init__(self):
        super().__init__()
        self.users, self.protected = {}, set()
        self.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)

    def protect(self, mount, user, password):
        if user not in self.users:
            self.users[user] = password
            token = GstRtspServer.RTSPToken()
            token.set_string("media.factory.role", user)
            self.add_digest(user, password, token)
        elif self.users[user] != password:
            raise SystemExit(f"cameras: user {user} has two passwords")
        self.protected.add(mount.path)
        permissions = GstRtspServer.RTSPPermissions()
        for permission in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role(user, permission, True)
        mount.set_permissions(permissions)

    def do_check(self, context, check):
        if context.uri and not any(below(context.uri.abspath, path) for path in self.protected):
            return True
        return GstRtspServer.RTSPAuth.do_check(self, context, check)


class Hall:
    """The server with its mounts, its clients and its controls."""

    def __init__(self, hall):
        self.log, self.folder = Log(hall.get("log")), hall["folder"]
        self.mounts = {}
        self.clients = {}
        self.server = GstRtspServer.RTSPServer()
        self.server.set_address("127.0.0.1")
        self.server.set_service(str(hall.get("port", 8554)))
        # The default of 5 turns away whoever comes with many others, for seconds.
        self.server.set_backlog(256)
        # A thread a client: with the default of one for all, a camera that hangs in DESCRIBE stops the others.
        self.server.get_thread_pool().set_max_threads(-1)
        self.points = self.server.get_mount_points()
        self.access = Access()
        for camera in hall["cameras"]:
            self._add_camera(camera, hall)
        self.server.connect("client-connected", self._client_connected)
        self.server.get_session_pool().set_max_sessions(1000)

    def _add_camera(self, camera, hall):
        login = camera if "user" in camera else hall
        for mount in make_mounts(camera, self.log):
            if login.get("user"):
                self.access.protect(mount, login["user"], login["password"])
            self.mounts[mount.path] = mount
            self.points.add_factory(mount.path, mount)

    def serve(self):
        """Listens, and returns the port."""
        if self.access.users:
            self.server.set_auth(self.access)
        if not self.server.attach(None):
            raise SystemExit("cameras: the port is taken")
        GLib.timeout_add_seconds(2, self._drop_old_sessions)
        return self.server.get_bound_port()

    def _drop_old_sessions(self):
        self.server.get_session_pool().cleanup()
        return True

    # Clients

    def _client_connected(self, _server, client):
        port = peer_port(client)
        self.clients[client] = {"port": port, "mounts": set()}
        self._log_client("connected", None, port)
        for what in ("describe", "play", "teardown"):
            client.connect(f"{what}-request", self._client_asked, what)
        client.connect("closed", self._client_closed)

    def _client_asked(self, client, context, what):
        mount = self._mount_of(context.uri.abspath)
        entry = self.clients.get(client)
        if entry:
            entry["mounts"].add(mount)
            self._log_client(what, mount, entry["port"])

    def _client_closed(self, client):
        entry = self.clients.pop(client, {"port": None, "mounts": set()})
        self._log_client("closed", next(iter(entry["mounts"]), None), entry["port"])

    def _log_client(self, what, mount, port):
        self.log({"e": "client", "what": what, "mount": mount, "peer_port": port, "at_ms": now_ms()})

    def _mount_of(self, path):
        return next((mount for mount in self.mounts if below(path, mount)), path)

    # Control

    def control(self, line):
        """Does what one line of stdin says; a bad line is reported and changes nothing."""
        try:
            order = json.loads(line)
            mount = self.mounts[order["mount"]]
            before = carry_out(order, mount, self)
            self.log({"e": "control", **order, "at_ms": now_ms()})
            if order.get("for_s") and before:
                GLib.timeout_add(round(1000 * order["for_s"]), self._revert, {**before, "mount": mount.path, "reverts": order["do"]})
        except (ValueError, KeyError, TypeError, AttributeError, GLib.Error, SystemExit) as error:
            print(f"cameras: cannot do {line.strip()}: {error!r}", file=sys.stderr, flush=True)
            self.log({"e": "control", "line": line.strip(), "error": repr(error), "at_ms": now_ms()})

    def _revert(self, order):
        self.control(json.dumps(order))
        return False

    def cut_clients(self, mount):
        """Ends the connections of a mount's clients, without a word."""
        for client in [c for c, entry in self.clients.items() if mount.path in entry["mounts"]]:
            # Not client.close(): that is not safe while the media's own thread sends. The server sees the
            # dead socket and clears up as after any client that vanished.
            socket = client_socket(client)
            if socket:
                socket.shutdown(True, True)


def make_mounts(camera, log):
    """The mounts of one entry of the hall."""
    if "prebuilt" not in camera:
        return [LiveMount(camera, log)]
    units = prebuilt.Units(camera["prebuilt"], camera["codec"], camera["audio"])
    names = [camera["mount"]] if camera["copies"] == 1 else [f"{camera['mount']}{i}" for i in range(camera["copies"])]
    return [prebuilt.PrebuiltMount(camera, name, units, log) for name in names]


def below(path, mount):
    """Whether a request's path belongs to a mount: SETUP adds the stream's name, PLAY a slash."""
    return path == mount or path.startswith(mount + "/")


def client_socket(client):
    """The client's TCP socket, or None if it has gone."""
    connection = client.get_connection()
    return connection.get_read_socket() if connection else None


def peer_port(client):
    socket = client_socket(client)
    return socket.get_remote_address().get_port() if socket else None


def follow_stdin(hall, loop, exit_on_eof):
    # A bound on each line: whatever is on stdin, memory is not filled with it.
    for line in iter(lambda: sys.stdin.readline(65536), ""):
        if line.strip():
            GLib.idle_add(lambda line=line: hall.control(line) and False)
    if exit_on_eof:
        # By way of the loop: it may not run yet.
        GLib.idle_add(loop.quit)


def main():
    parser = argparse.ArgumentParser(description="Simulated cameras.")
    parser.add_argument("hall", help="HALL.json")
    parser.add_argument("--exit-on-eof", action="store_true", help="stop when stdin ends")
    args = parser.parse_args()
    try:
        hall, loop = Hall(settings.read(args.hall)), GLib.MainLoop()
    except ValueError as error:
        sys.exit(f"cameras: {args.hall}: {error}")
    port = hall.serve()
    for number in (2, 15):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    threading.Thread(target=follow_stdin, args=(hall, loop, args.exit_on_eof), daemon=True).start()
    print(json.dumps({"ready": True, "port": port}), flush=True)
    loop.run()
    # The log is flushed line by line; tearing pipelines down under running feeders gains nothing.
    os._exit(0)


if __name__ == "__main__":
    main()
