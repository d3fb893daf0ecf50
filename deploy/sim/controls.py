"""What a running hall can be told: one JSON line each on stdin, each with a "mount".

"for_s" undoes an order after so many seconds, where it can be undone.

    {"do":"hang"}                 nothing is sent, the connection stays
    {"do":"away"}                 clients are cut off, the mount answers 404
    {"do":"cut"}                  clients are cut off once; they may come back at once
    {"do":"resume"}               ends hang and away
    {"do":"loss","share":0.01}    this share of the video's RTP packets is lost
    {"do":"mute","on":true}       digital silence
    {"do":"sound","sound":S}      another sound, from its start; S as in HALL.json
    {"do":"sound-stop"}           no sound packets at all, in mid-stream; picture goes on
    {"do":"sound-start"}          they are there again
    {"do":"params","size":[W,H]}  another size in mid-stream
    {"do":"clock-jump","s":N}     the RTP time of both tracks leaps by N seconds, also backwards; the
                                  sender reports follow it
    {"do":"clock-drift","ppm":P}  the RTP time of both tracks runs fast by so much, or slow
The last four are for live mounts only.
"""

import settings
import sound
from live import load_pictures
from mounts import SECOND


def carry_out(order, mount, hall):
    """Does it, and returns the order that undoes it, or None."""
    what = order["do"]
    if what == "hang":
        mount.hanging = True
    elif what == "away":
        hall.points.remove_factory(mount.path)
        # A client over UDP may outlive its connection: nothing is sent to it either.
        mount.hanging = True
        hall.cut_clients(mount)
    elif what == "cut":
        hall.cut_clients(mount)
        return None
    elif what == "resume":
        mount.hanging = False
        hall.points.add_factory(mount.path, mount)
        return None
    elif what == "loss":
        before = mount.loss
        mount.set_loss(float(order["share"]))
        return {"do": "loss", "share": before}
    elif what == "mute":
        mount.muted = bool(order["on"])
        return {"do": "mute", "on": not mount.muted}
    elif what == "sound":
        before = mount.camera["sound"]
        mount.camera["sound"] = settings.absolute(order["sound"], hall.folder)
        mount.sound = sound.open_sound(mount.camera["sound"], mount.rate)
        return {"do": "sound", "sound": before}
    elif what in ("sound-stop", "sound-start"):
        mount.sends_sound = what == "sound-start"
        return {"do": "sound-start" if what == "sound-stop" else "sound-stop"}
    elif what == "params":
        before = mount.pictures
        mount.pictures = load_pictures(mount.camera, order["size"])
        return {"do": "params", "size": [before.width, before.height]}
    elif what == "clock-jump":
        mount.leapt_ns += round(order["s"] * SECOND)
        return {"do": "clock-jump", "s": -order["s"]}
    elif what == "clock-drift":
        before = mount.drift_ppm
        mount.drift_ppm = float(order["ppm"])
        return {"do": "clock-drift", "ppm": before}
    else:
        raise ValueError(f"no such control: {what}")
    return {"do": "resume"}
