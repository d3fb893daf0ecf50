"""A live stream: each frame is stamped and encoded as it is sent, and logged when it leaves the encoder.

The frame number lives in the mount, so it goes on across clients. A frame that the encoder never took
was never sent.
"""

import time

from gi.repository import Gst

import picture
import sound
import stamp
from mounts import AUDIO_PAYLOADER, MS, SECOND, TOO_LATE_NS, VIDEO_PAYLOADER, Mount

# Looked up here: streams are prepared in threads, and two that look the same up at once do not both find it.
BUFFER, SEGMENT, TIME = Gst.PadProbeType.BUFFER, Gst.EventType.SEGMENT, Gst.Format.TIME
PASS = Gst.PadProbeReturn.OK

# One encoder thread: the pictures are small, and the machine has other things to do. No look-ahead beyond
# the B-frames, so that each picture leaves as soon as it can; groups of pictures of fixed length.
VIDEO = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast bframes={bframes} threads=1 byte-stream=true "
            "key-int-max={gop} bitrate={kbps} "
            "option-string=scenecut=0:b-adapt=0:b-pyramid=normal:open-gop={open_gop} "
            "! video/x-h264,profile={profile}",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max={gop} bitrate={kbps} "
            "option-string=bframes={bframes}:b-adapt=0:rc-lookahead={lookahead}:open-gop={open_gop}:scenecut=0:"
            "repeat-headers=1:frame-threads=1:pools=1:log-level=0 ! h265parse",
    "vp8": "vp8enc deadline=1 cpu-used=16 lag-in-frames=0 threads=1 keyframe-max-dist={gop} target-bitrate={kbps}000",
}
AUDIO_RATE = {"aac": 16000, "opus": 16000, "pcma": 8000, "pcmu": 8000}
AUDIO = {
    "aac": "audioconvert ! avenc_aac bitrate=32000",
    "opus": "opusenc frame-size=20 bitrate=32000",
    "pcma": "alawenc",
    "pcmu": "mulawenc",
}
# What decoders of these put before the first sound; the times sent make up for it, so that sound and
# picture of the same moment carry the same time.
AUDIO_DELAY_NS = {"aac": 64 * MS, "opus": 6_500_000}


RTP_CLOCK = {"h264": 90_000, "h265": 90_000, "vp8": 90_000, "aac": 16_000, "opus": 48_000, "pcma": 8_000, "pcmu": 8_000}


# The bindings make a type when it is first named; two threads that do so at once get two types, and calls
# with the wrong one fail from then on.
NAMED_BEFORE_THREADS = (Gst.PadProbeInfo, Gst.PadProbeReturn, Gst.Segment, Gst.Event, Gst.Buffer, Gst.Caps)


class LiveMount(Mount):
    """Encodes each frame as it is sent, with its stamp in it."""

    def __init__(self, camera, log):
        super().__init__(camera, camera["mount"], log)
        self.pictures = load_pictures(camera, camera["size"])
        self.rate = AUDIO_RATE.get(camera["audio"])
        self.sound = sound.open_sound(camera["sound"], self.rate) if self.rate else None
        self.muted, self.number = False, 0
        self.leapt_ns, self.drift_ppm = 0, camera["clock_drift_ppm"]
        self.encoding = {}

    def video_chain(self):
        codec, fps = self.camera["codec"], self.camera["fps"]
        bframes = self.camera["bframes"]
        encoder = VIDEO[codec].format(
            gop=round(self.camera["gop_s"] * fps), kbps=self.camera["kbps"], bframes=bframes,
            open_gop=int(self.camera["open_gop"]), profile="main" if bframes else "constrained-baseline",
            lookahead=bframes + 1 if bframes else 0)
        # A client that only describes leaves the pipeline blocked: the queue must not grow meanwhile.
        return (f'appsrc name=video is-live=true format=time max-buffers={2 * fps} max-bytes=0 leaky-type=upstream '
                f'caps="{self.pictures.caps()}" ! {encoder} ! identity name=encoded ! {VIDEO_PAYLOADER[codec]} '
                f'! identity name=loss drop-probability={self.loss}')

    def audio_chain(self):
        audio = self.camera["audio"]
        return self.rate and (
            'appsrc name=audio is-live=true format=time max-buffers=100 max-bytes=0 leaky-type=upstream '
            f'caps="audio/x-raw,format=S16LE,layout=interleaved,rate={self.rate},channels=1" '
            f'! {AUDIO[audio]} ! identity name=sounded ! {AUDIO_PAYLOADER[audio]}')

    def _prepare(self, pipeline):
        encoded = pipeline.get_by_name("encoded").get_static_pad("src")
        encoded.add_probe(BUFFER, self._log_encoded)

    def _log_encoded(self, pad, info):
        buffer = info.get_buffer()
        # The encoders shift all times and say so in the segment.
        segment = pad.get_sticky_event(SEGMENT, 0)
        if segment is None:
            # The pad is being taken down: nobody is sent this picture.
            return PASS
        pts = segment.parse_segment().to_running_time(TIME, buffer.pts)
        number, at_ms = self.encoding.pop(pts, (None, None))
        if number is not None:
            # A B-frame leaves the encoder after pictures that are shown later.
            oldest = pts - (SECOND + self.camera["bframes"] * SECOND // self.camera["fps"] if self.camera["bframes"] else 0)
            for lost in [earlier for earlier in list(self.encoding) if earlier < oldest]:
                self.encoding.pop(lost, None)
            key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
            self.log({"e": "frame", "mount": self.path, "n": number, "at_ms": at_ms, "key": key})
        return PASS

    def feed(self, pipeline, stopped, running_time):
        video, audio = pipeline.get_by_name("video"), pipeline.get_by_name("audio")
        shown = self.pictures
        picture_grid = Grid(SECOND // self.camera["fps"])
        sound_grid = Grid(sound.BLOCK_MS * MS) if audio else None
        clock = StreamClock(self, pipeline)
        while not stopped.is_set():
            grid = sound_grid if sound_grid and sound_grid.next_ns < picture_grid.next_ns else picture_grid
            tick, due_ns = grid.wait()
            if self.hanging or stopped.is_set():
                continue
            if grid is sound_grid:
                if self.sends_sound:
                    self._send_sound(audio, due_ns, running_time)
                continue
            clock.follow()
            if shown is not self.pictures:
                shown = self.pictures
                video.set_caps(Gst.Caps.from_string(shown.caps()))
            self._send_picture(video, shown, tick, running_time(due_ns))

    def _send_picture(self, video, pictures, tick, pts):
        number, at_ms = self.number, time.time_ns() // MS
        self.number += 1
        buffer = Gst.Buffer.new_wrapped(stamp.stamped(pictures.at(tick), number, at_ms, pictures.width))
        buffer.pts, buffer.duration = max(pts, 0), SECOND // pictures.fps
        self.encoding[buffer.pts] = (number, at_ms)
        video.push_buffer(buffer)

    def _send_sound(self, audio, due_ns, running_time):
        block_ns = sound.BLOCK_MS * MS
        pts = running_time(due_ns - block_ns) - AUDIO_DELAY_NS.get(self.camera["audio"], 0)
        if pts < 0:
            return
        start_ms = round((due_ns - block_ns + time.time_ns() - time.monotonic_ns()) / MS)
        pcm, marks = self.sound.next(start_ms)
        for name, offset_ms in marks:
            at_ms = start_ms + round(offset_ms)
            self.log({"e": "sound-mark", "mount": self.path, "mark": name, "at_ms": at_ms})
        buffer = Gst.Buffer.new_wrapped(bytes(len(pcm)) if self.muted else pcm)
        buffer.pts, buffer.duration = pts, block_ns
        audio.push_buffer(buffer)


class StreamClock:
    """Lets the RTP time of a pipeline leap and drift, as its mount wants.

    The payloaders see times that are shifted, and what comes after them is shifted back: RTP time leaps,
    while the sender reports tie it to the same wall clock as before, and nothing waits.
    """

    def __init__(self, mount, pipeline):
        self.mount, self.pipeline = mount, pipeline
        self.began_ns, self.leapt_before_ns, self.shift_ns = time.monotonic_ns(), mount.leapt_ns, 0
        self.drifted_ns = 0.0

    def follow(self):
        """Looks what the mount wants now; drift is followed in steps of a second."""
        now_ns = time.monotonic_ns()
        if now_ns - self.began_ns >= SECOND:
            self.drifted_ns += (now_ns - self.began_ns) * self.mount.drift_ppm / 1e6
            self.began_ns = now_ns
        shift_ns = self.mount.leapt_ns - self.leapt_before_ns + round(self.drifted_ns)
        if shift_ns != self.shift_ns:
            self.shift_ns = shift_ns
            self._shift("encoded", "pay0", RTP_CLOCK[self.mount.camera["codec"]])
            if self.mount.rate:
                self._shift("sounded", "pay1", RTP_CLOCK[self.mount.camera["audio"]])

    def _shift(self, before, stream, rtp_clock):
        # RTP time has 32 bits: back by a little is forward by almost all of them, and times stay above zero.
        shift_ns = self.shift_ns % ((SECOND << 32) // rtp_clock)
        self.pipeline.get_by_name(before).get_static_pad("src").set_offset(shift_ns)
        self.pipeline.get_by_name(stream).get_static_pad("src").get_target().set_offset(-shift_ns)


class Grid:
    """Moments a fixed step apart, counted from the Unix epoch, so that all mounts tick together."""

    def __init__(self, step_ns):
        self.step_ns = step_ns
        self._anchor()

    def wait(self):
        """Sleeps up to the next moment and returns (its number, its monotonic time)."""
        # Looked at again after the sleep: the process may have been stopped in it.
        while (wait_ns := self.next_ns - time.monotonic_ns()) > 0:
            time.sleep(wait_ns / SECOND)
        if wait_ns < -TOO_LATE_NS:
            self._anchor()
            return self.wait()
        moment = (self.tick, self.next_ns)
        self.tick, self.next_ns = self.tick + 1, self.next_ns + self.step_ns
        return moment

    def _anchor(self):
        wall_ns, mono_ns = time.time_ns(), time.monotonic_ns()
        self.tick = wall_ns // self.step_ns + 1
        self.next_ns = mono_ns + self.tick * self.step_ns - wall_ns


def load_pictures(camera, size):
    """The pictures of a camera at this size."""
    width, height = size
    if width % 8 or height % 2 or width < 192 or height < 64:
        raise ValueError(f"size {width}x{height}: the width must be a multiple of 8 from 192, the height even from 64")
    return picture.load(camera["media"], width, height, camera["fps"], camera["media_start"], camera["media_seconds"])
