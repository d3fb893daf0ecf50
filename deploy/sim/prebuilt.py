"""A prebuilt stream: the access units of an encoded file, sent again and again without encoding.

It costs little, so that many make a load for a recorder. The loop is as long as the file's video. Sound
units are laid end to end from the loop's start and only whole ones are used: a file whose length is a
whole number of both frames and sound units (8 s of 25 frames a second with AAC at 16 or 48 kHz) loops
without a seam.
"""

import time
from statistics import median
from threading import Thread

from gi.repository import Gst

from mounts import AUDIO_PAYLOADER, MS, SECOND, TOO_LATE_NS, VIDEO_PAYLOADER, Mount

PARSE_VIDEO = {codec: f"{codec}parse ! video/x-{codec},stream-format=byte-stream,alignment=au"
               for codec in ("h264", "h265")}
PARSE_AUDIO = {"aac": "aacparse ! audio/mpeg,stream-format=raw", "opus": "opusparse", "pcma": "identity", "pcmu": "identity"}
QUEUE = "queue max-size-bytes=0 max-size-buffers=0 max-size-time=0"


class PrebuiltMount(Mount):
    """Sends the units of a file in a loop."""

    def __init__(self, camera, path, units, log):
        super().__init__(camera, path, log)
        self.units, self.sent, self.told = units, 0, 0

    def video_chain(self):
        chain = (f'appsrc name=video is-live=true format=time caps="{self.units.video_caps}" '
                 f'! {VIDEO_PAYLOADER[self.camera["codec"]]}')
        # Losing packets needs each frame's packets one by one, which costs time: only where asked for.
        return f"{chain} ! identity name=loss drop-probability={self.loss}" if self.loss else chain

    def audio_chain(self):
        return self.has_sound and (
            f'appsrc name=audio is-live=true format=time caps="{self.units.audio_caps}" '
            f'! {AUDIO_PAYLOADER[self.camera["audio"]]}')

    def set_loss(self, share):
        if not self.loss:
            raise ValueError(f"{self.path} is prebuilt: it can lose packets only if it was started with some loss")
        super().set_loss(share)

    def feed(self, pipeline, stopped, running_time):
        sources = {"video": pipeline.get_by_name("video"), "audio": pipeline.get_by_name("audio")}
        start_ns, logged_ns = time.monotonic_ns(), time.monotonic_ns()
        while not stopped.is_set():
            for at_ns, stream, unit in self.units.timeline:
                wait_ns = start_ns + at_ns - time.monotonic_ns()
                if wait_ns > 0:
                    time.sleep(wait_ns / SECOND)
                elif wait_ns < -TOO_LATE_NS:
                    start_ns -= wait_ns
                if stopped.is_set():
                    return
                if self.hanging or (stream == "audio" and not self.sends_sound):
                    # What was sent before it hung is told to the frame.
                    logged_ns = self._tell_rest(logged_ns)
                    continue
                buffer = unit.copy()
                buffer.pts = buffer.dts = max(running_time(start_ns + at_ns), 0)
                sources[stream].push_buffer(buffer)
                if stream == "video":
                    self.sent += 1
                    if time.monotonic_ns() - logged_ns >= SECOND:
                        logged_ns = self._tell()
            start_ns += self.units.length_ns

    def _tell(self):
        self.told = self.sent
        self.log({"e": "sent", "mount": self.path, "frames": self.sent, "at_ms": time.time_ns() // MS})
        return time.monotonic_ns()

    def _tell_rest(self, logged_ns):
        return self._tell() if self.hanging and self.told != self.sent else logged_ns


class Units:
    """`timeline`: (time in the loop in ns, "video" or "audio", buffer), in the order to send."""

    def __init__(self, path, codec, audio):
        demux = "qtdemux" if path.endswith(".mp4") else "matroskademux"
        launch = f'filesrc location="{path}" ! {demux} name=d d.video_0 ! {QUEUE} ! {PARSE_VIDEO[codec]} ! appsink name=video sync=false'
        if audio != "none":
            launch += f" d.audio_0 ! {QUEUE} ! {PARSE_AUDIO[audio]} ! appsink name=audio sync=false"
        pipeline = Gst.parse_launch(launch)
        names = ["video", "audio"] if audio != "none" else ["video"]
        pulled = _pull_all(pipeline, names)
        if not all(pulled[name] for name in names):
            raise SystemExit(f"cameras: {path} does not hold {codec} video and {audio} audio")
        video = [sample.get_buffer() for sample in pulled["video"]]
        frame_ns = (video[-1].pts - video[0].pts) // (len(video) - 1)
        self.length_ns = frame_ns * len(video)
        self.video_caps = _caps(pulled["video"])
        self.timeline = [(i * frame_ns, "video", buffer) for i, buffer in enumerate(video)]
        if audio != "none":
            self.audio_caps = _caps(pulled["audio"])
            self.timeline += self._sound([sample.get_buffer() for sample in pulled["audio"]])
        self.timeline.sort(key=lambda entry: entry[0])

    def _sound(self, buffers):
        # The middle step: an edit list, or the encoder's priming, bends the first ones.
        unit_ns = median(after.pts - before.pts for before, after in zip(buffers, buffers[1:]))
        fitting = buffers[:round(self.length_ns / unit_ns)]
        return [(round(i * unit_ns), "audio", buffer) for i, buffer in enumerate(fitting)]


def _pull_all(pipeline, names):
    pulled = {name: [] for name in names}

    def pull(name):
        sink = pipeline.get_by_name(name)
        while (sample := sink.pull_sample()) is not None:
            pulled[name].append(sample)

    pipeline.set_state(Gst.State.PLAYING)
    threads = [Thread(target=pull, args=(name,), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    pipeline.set_state(Gst.State.NULL)
    return pulled


def _caps(samples):
    return samples[-1].get_caps().to_string().replace('"', '\\"')
