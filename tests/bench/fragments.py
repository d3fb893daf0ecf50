"""The packed list of a file's fragments, as src/record/fragments.rs describes it: as far as a benchmark makes some up."""


def moved(fragments, ticks):
    """A list of fragments (src/record/fragments.rs) whose first picture is so many ticks later."""
    first_bytes, at = varint(fragments, 1)
    start, rest = varint(fragments, at)
    start = (start >> 1) ^ -(start & 1)
    return fragments[:1] + packed(first_bytes) + packed((start + ticks) << 1) + fragments[rest:]


def varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 0x80:
            return number, at


def packed(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


SAMPLES = b"quaywatch:smpl:1"
SOUND, SHIFTED, UNEVEN = 1, 2, 4


def moved_table(data, place, video_ticks, audio_ticks):
    """The whole box of samples (src/record/sample_table.rs) at `place` of a file, its times so much later.

    Only the first sample of each track has a time of its own: the others follow it.
    """
    size = int.from_bytes(data[place:place + 4], "big")
    body = data[place + 24:place + size]
    out, at, left = bytearray(body[:1]), 1, {True: audio_ticks, False: video_ticks}
    while left and at < len(body):
        runs, at = varint(body, at)
        out += packed(runs)
        for _ in range(runs):
            flags, at = varint(body, at)
            count, at = varint(body, at)
            where, at = varint(body, at)
            time, at = varint(body, at)
            time = ((time >> 1) ^ -(time & 1)) + left.pop(bool(flags & SOUND), 0)
            out += packed(flags) + packed(count) + packed(where) + packed(time << 1 if time >= 0 else ~(time << 1))
            fields = count * (1 + bool(flags & UNEVEN) + bool(flags & SHIFTED)) + (0 if flags & UNEVEN else 1)
            begun = at
            for _ in range(fields):
                _, at = varint(body, at)
            out += body[begun:at]
    out += body[at:]
    return (len(out) + 24).to_bytes(4, "big") + b"uuid" + SAMPLES + bytes(out)
