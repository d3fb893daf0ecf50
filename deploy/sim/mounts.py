"""What all simulated streams share: a factory of gst-rtsp-server, its pipelines, and the thread that feeds each.

The first client makes the mount build a pipeline, further clients share it, and it is torn down after
the last. One thread a pipeline feeds it in step with wall time; picture and sound carry times of the
pipeline's clock. A feeder that was held up (the process stopped, the machine overloaded) skips what it
missed instead of sending it late, as a camera does.
"""

import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GObject, Gst, GstApp, GstRtspServer  # noqa: E402, F401 (GstApp gives appsrc its methods)

TOO_LATE_NS = 300_000_000
MS, SECOND = 1_000_000, 1_000_000_000
# NTP counts from 1900 (RFC 5905), Unix from 1970.
NTP_TO_UNIX_S = 2_208_988_800

VIDEO_PAYLOADER = {
    "h264": "rtph264pay pt=96 config-interval=-1",
    "h265": "rtph265pay pt=96 config-interval=-1",
    "vp8": "rtpvp8pay pt=96",
}
AUDIO_PAYLOADER = {
    "aac": "rtpmp4gpay pt=97",
    "opus": "rtpopuspay pt=98",
    "pcma": "rtppcmapay pt=8 min-ptime=20000000 max-ptime=20000000",
    "pcmu": "rtppcmupay pt=0 min-ptime=20000000 max-ptime=20000000",
}


class WrongClockMedia(GstRtspServer.RTSPMedia):
    """A media whose sender reports tell the time of its pipeline's clock instead of the machine's."""

    def do_setup_rtpbin(self, rtpbin):
        rtpbin.set_property("ntp-time-source", "clock-time")
        return True


def wrong_clock(off_s):
    """A clock that shows NTP time off by so much, for a camera that was never set right."""
    clock = GObject.new(Gst.SystemClock, clock_type=Gst.ClockType.REALTIME)
    clock.set_calibration(0, NTP_TO_UNIX_S * SECOND + round(off_s * SECOND), 1, 1)
    return clock


class Mount(GstRtspServer.RTSPMediaFactory):
    """What both kinds share: the pipeline's life, hanging, and loss of packets."""

    def __init__(self, camera, path, log):
        super().__init__()
        self.camera, self.path, self.log = camera, path, log
        self.has_sound = camera["audio"] != "none"
        self.loss, self.hanging, self.sends_sound = camera["loss"], False, True
        self.running = []
        self.set_shared(True)
        self.set_latency(0)
        self.set_suspend_mode(GstRtspServer.RTSPSuspendMode.NONE)
        if camera.get("clock_off_s"):
            self.set_media_gtype(WrongClockMedia.__gtype__)
            self.set_clock(wrong_clock(camera["clock_off_s"]))
        self.connect("media-configure", self._configure)

    def video_chain(self):
        """Launch line from an appsrc named video to RTP."""
        raise NotImplementedError

    def audio_chain(self):
        """The same from an appsrc named audio, or None."""
        raise NotImplementedError

    def _prepare(self, pipeline):
        """Whatever has to be hooked into a new pipeline before it is fed."""

    def feed(self, pipeline, stopped, running_time):
        """Pushes pictures and sound until `stopped`; `running_time` turns monotonic ns into pipeline time."""
        raise NotImplementedError

    def set_loss(self, share):
        """From now on this share of the video's RTP packets is lost."""
        self.loss = share
        for pipeline, _ in self.running:
            pipeline.get_by_name("loss").set_property("drop-probability", share)

    def do_create_element(self, _url):
        # One bin a stream: the server finds the payloader in it and reads number and time from that, which
        # it could not if pay0 were the identity that loses packets.
        pipeline = Gst.Bin()
        for name, chain in (("pay0", self.video_chain()), ("pay1", self.audio_chain())):
            if chain:
                stream = Gst.parse_bin_from_description(chain, True)
                stream.set_name(name)
                pipeline.add(stream)
        return pipeline

    def _configure(self, _factory, media):
        pipeline, stopped = media.get_element(), threading.Event()
        entry = (pipeline, stopped)
        self.running.append(entry)

        def ended(_media):
            stopped.set()
            if entry in self.running:
                self.running.remove(entry)

        media.connect("unprepared", ended)
        self._prepare(pipeline)
        threading.Thread(target=self._run, args=entry, daemon=True, name=self.path).start()

    def _run(self, pipeline, stopped):
        # The pipeline has its clock and its base time once it plays; the feeder starts before that.
        while not stopped.is_set() and (pipeline.get_clock() is None or pipeline.get_base_time() == 0):
            time.sleep(0.002)
        if not stopped.is_set():
            clock_offset = pipeline.get_clock().get_time() - time.monotonic_ns()
            self.feed(pipeline, stopped, lambda mono_ns: mono_ns + clock_offset - pipeline.get_base_time())
