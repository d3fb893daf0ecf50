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
