"""One measurement of the recording benchmark: some cameras, one quaywatch, and perhaps an ffmpeg a camera.

Both write to file systems of their own. After start-up, the CPU time of both is taken over the same
window; at its end the cameras fall silent, both sides drain and stop, and every frame is looked up.
"""

import json
import shutil
import sqlite3
import sys
import time

import clip
import frames
from hall import Hall, edge_config
from loopdisk import LoopDisk
from machine import Processes, cpu_seconds, io_counts, memory_mb, say, stop

WARM_UP_S = 15
START_DEADLINE_S = 60
DRAINED_AFTER_S = 2
BYTES_A_STREAM_S = 600_000
WORK = clip.ROOT / "target" / "bench-record"


def measure(name, streams, minutes, binary, numbers, ffmpeg_flags=None):
    """Records for some minutes and returns what it cost; with flags, an ffmpeg a camera beside it."""
    say(f"{name}: starting")
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    gigabytes = 2 + round(streams * BYTES_A_STREAM_S * (60 * minutes + 120) / 2**30)
    try:
        with LoopDisk(WORK, "archive", gigabytes) as ours, LoopDisk(WORK, "ffmpeg", gigabytes) as theirs:
            run = Run(name, streams, binary, ours, theirs, ffmpeg_flags)
            result = run.record(minutes) | run.check(numbers, minutes)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    say(f"{name}: {json.dumps(result)}")
    return result


class Run:
    """The processes of one measurement, and where they write."""

    def __init__(self, name, streams, binary, our_disk, their_disk, ffmpeg_flags):
        self.name, self.streams, self.binary = name, streams, binary
        self.our_disk, self.their_disk, self.ffmpeg_flags = our_disk, their_disk, ffmpeg_flags
        self.cameras = [f"load{i}" for i in range(streams)]
        self.theirs = []

    def record(self, minutes):
        with Processes() as processes:
            before_bytes = self.our_disk.written_bytes(), self.their_disk.written_bytes()
            # One mount has no number behind its name.
            mount = "/load" if self.streams > 1 else "/load0"
            self.hall = Hall(processes, WORK, [{"mount": mount, "copies": self.streams,
                                                "prebuilt": str(clip.CLIP), "codec": "h264", "audio": "aac"}])
            config = WORK / "edge.toml"
            config.write_text(edge_config(self.our_disk.path, {name: self.hall.url(f"/{name}") for name in self.cameras}))
            self.ours = processes.start([self.binary, "edge", "--config", config], WORK / "quaywatch.log")
            if self.ffmpeg_flags is not None:
                self.theirs = [self._start_ffmpeg(processes, name) for name in self.cameras]
            self._wait_for_files(processes)
            time.sleep(WARM_UP_S)
            say(f"{self.name}: measuring for {minutes:g} minutes")
            before = self._usage()
            time.sleep(60 * minutes)
            after = self._usage()
            result = self._costs(before, after)
            # ffmpeg ends only while something arrives.
            stop(self.theirs)
            # Nothing more is sent and all is drained: every frame that was sent must be in the files.
            for name in self.cameras:
                self.hall.control(do="hang", mount=f"/{name}")
            time.sleep(DRAINED_AFTER_S)
            own_writes = io_counts(self.ours)["write_bytes"]
            stop([self.ours])
            self.written = [None if then is None else disk.written_bytes() - then
                            for then, disk in zip(before_bytes, (self.our_disk, self.their_disk))]
            if self.written[0] is None:
                self.written[0] = own_writes
        return result

    def _start_ffmpeg(self, processes, name):
        folder = self.their_disk.path / name
        folder.mkdir(parents=True)
        return processes.start(
            ["ffmpeg", "-nostdin", "-loglevel", "warning", "-rtsp_transport", "tcp", "-i", self.hall.url(f"/{name}"),
             "-c", "copy", "-f", "segment", "-segment_time", "60", *self.ffmpeg_flags, folder / "%05d.mp4"],
            WORK / "ffmpeg.log")

    def _our_files(self, name):
        return frames.in_order((self.our_disk.path / "video" / name / "main").glob("*/*.mp4"))

    def _their_files(self, name):
        return sorted((self.their_disk.path / name).glob("*.mp4"))

    def _wait_for_files(self, processes):
        """Waits until both sides record every camera."""
        deadline = time.monotonic() + START_DEADLINE_S
        while not all(self._our_files(name) and (not self.theirs or self._their_files(name)) for name in self.cameras):
            if processes.ended() or time.monotonic() > deadline:
                log = (WORK / "quaywatch.log").read_text(errors="replace")[-2000:]
                sys.exit(f"bench: not every camera is being recorded (ended: {processes.ended()}); quaywatch said:\n{log}")
            time.sleep(0.2)

    def _usage(self):
        """The clock and what was used so far."""
        return {"at": time.monotonic(), "simulator": cpu_seconds(self.hall.process), "ours": cpu_seconds(self.ours),
                "theirs": sum(cpu_seconds(process) for process in self.theirs), "writes": io_counts(self.ours)["syscw"],
                "wall_ms": time.time() * 1000}

    def _costs(self, before, after):
        spent = {key: after[key] - before[key] for key in before}
        percent = 100 / spent["at"]
        self.window_ms = before["wall_ms"], after["wall_ms"]
        result = {
            "minutes": spent["at"] / 60,
            "cpu_percent": spent["ours"] * percent / self.streams,
            "simulator_cpu_percent": spent["simulator"] * percent,
            "write_calls_per_stream_s": spent["writes"] / spent["at"] / self.streams,
            "rss_mb": memory_mb(self.ours, "VmHWM"),
        }
        if self.theirs:
            result |= {
                "ratio": spent["ours"] / spent["theirs"],
                "ffmpeg_cpu_percent": spent["theirs"] * percent / self.streams,
                "ffmpeg_rss_mb": max(memory_mb(process, "VmHWM") for process in self.theirs),
            }
        return result

    def check(self, numbers, minutes):
        """Looks every frame up, on both sides, and holds ours against what the cameras sent."""
        ours = [(self._our_files(name), numbers, True) for name in self.cameras]
        # Without flags, ffmpeg writes files whose pictures stand in one table at the end.
        is_fragmented = bool(self.ffmpeg_flags)
        theirs = [(self._their_files(name), numbers, is_fragmented) for name in self.cameras] if self.theirs else []
        found = frames.look_at_all(ours + theirs)
        ours, theirs = found[:self.streams], found[self.streams:]
        log = self.hall.log()
        sent = {name: [line for line in log if line["e"] == "sent" and line["mount"] == f"/{name}"] for name in self.cameras}
        dropped = {name: frames.dropped(name, self._our_files(name), recorded, sent[name])
                   for name, recorded in zip(self.cameras, ours)}
        least = round(60 * minutes * clip.FPS)
        is_whole = all(not r.missing and not r.unknown and r.frames >= least for r in found)
        if not is_whole:
            say(f"{self.name}: not whole: {[r for r in found if r.missing or r.unknown or r.frames < least]}")
        result = {
            "frames": sum(recorded.frames for recorded in found),
            "dropped": sum(dropped.values()),
            "dropped_untold": sum(lost for name, lost in dropped.items() if lost and not self._told_lost(name)),
            "frames_equal": is_whole and not any(dropped.values()),
            "streams_sent": self._streams_sent(sent),
            "disk_bytes_per_media_byte": self.written[0] / max(1, sum(recorded.media_bytes for recorded in ours)),
            "disk_is_counted_on_the_device": self.our_disk.is_loop,
        }
        if theirs and self.written[1] is not None:
            media = sum(recorded.media_bytes for recorded in theirs)
            result["ffmpeg_disk_bytes_per_media_byte"] = self.written[1] / max(1, media)
        return result

    def _told_lost(self, name):
        """How many packets of a camera the recorder itself says that it never had."""
        with sqlite3.connect(f"file:{self.our_disk.path / 'index.sqlite'}?mode=ro", uri=True) as index:
            told, = index.execute("SELECT coalesce(sum(lost_packets), 0) FROM segments WHERE camera = ?", (name,)).fetchone()
        say(f"{self.name}: {name}: the recorder tells of {told} lost packets")
        return told

    def _streams_sent(self, sent):
        """How many streams at the full rate the simulator really sent in the window."""
        total = 0.0
        for lines in sent.values():
            inside = [line for line in lines if self.window_ms[0] <= line["at_ms"] <= self.window_ms[1]]
            if len(inside) > 1:
                lasted_s = (inside[-1]["at_ms"] - inside[0]["at_ms"]) / 1000
                total += (inside[-1]["frames"] - inside[0]["frames"]) / lasted_s / clip.FPS
        return total
