// The few boxes of a piece that matter here: whether it has the outer shape of a piece, and when its first picture is
// shown. A browser that is given bytes of another shape throws its whole buffer away, also what is good in it; so damage
// is looked for before.

const box = (bytes: DataView, at: number) =>
  String.fromCharCode(...[4, 5, 6, 7].map((i) => bytes.getUint8(at + i)));

/** Whether these bytes are whole boxes one after the other, of the kinds that a piece or the beginning of a file has. */
export function isWhole(buffer: ArrayBuffer): boolean {
  const bytes = new DataView(buffer);
  let at = 0;
  let media = 0;
  while (at + 8 <= bytes.byteLength) {
    const short = bytes.getUint32(at);
    const kind = box(bytes, at);
    const isLong = short === 1 && at + 16 <= bytes.byteLength;
    const size = isLong ? Number(bytes.getBigUint64(at + 8)) : short;
    if (size < 8 || at + size > bytes.byteLength) return false;
    if (kind === 'mdat' || kind === 'moov') media++;
    else if (kind === 'moof' && !isWholeInside(bytes, at + 8, at + size)) return false;
    else if (!/^[a-z0-9]{4}$/.test(kind)) return false;
    at += size;
  }
  return at === bytes.byteLength && media > 0;
}

/** The boxes in a box fill it. */
function isWholeInside(bytes: DataView, from: number, to: number): boolean {
  let at = from;
  while (at + 8 <= to) {
    const size = bytes.getUint32(at);
    if (size < 8 || at + size > to) return false;
    at += size;
  }
  return at === to;
}

/** The track of the pictures in a file. */
export interface PictureTrack {
  id: number;
  /** Ticks in a second. */
  timescale: number;
}

/** The track of the pictures, by the beginning of a file (`ftyp` and `moov`); null if there is none. */
export function pictureTrack(buffer: ArrayBuffer): PictureTrack | null {
  const bytes = new DataView(buffer);
  for (const moov of boxes(bytes, 0, bytes.byteLength, 'moov'))
    for (const trak of boxes(bytes, moov.from, moov.to, 'trak')) {
      const [tkhd] = boxes(bytes, trak.from, trak.to, 'tkhd');
      const [mdia] = boxes(bytes, trak.from, trak.to, 'mdia');
      const [mdhd] = mdia ? boxes(bytes, mdia.from, mdia.to, 'mdhd') : [];
      const [minf] = mdia ? boxes(bytes, mdia.from, mdia.to, 'minf') : [];
      if (!tkhd || !mdhd || !minf || boxes(bytes, minf.from, minf.to, 'vmhd').length === 0) continue;
      const skip = (at: number) => at + (bytes.getUint8(at) === 1 ? 20 : 12);
      return { id: bytes.getUint32(skip(tkhd.from)), timescale: bytes.getUint32(skip(mdhd.from)) };
    }
  return null;
}

/** When the first picture of a piece is shown, by its own time stamps in seconds; null if it has none. */
export function firstPicture(buffer: ArrayBuffer, track: PictureTrack): number | null {
  const bytes = new DataView(buffer);
  const [moof] = boxes(bytes, 0, bytes.byteLength, 'moof');
  for (const traf of moof ? boxes(bytes, moof.from, moof.to, 'traf') : []) {
    const [tfhd] = boxes(bytes, traf.from, traf.to, 'tfhd');
    const [tfdt] = boxes(bytes, traf.from, traf.to, 'tfdt');
    const [trun] = boxes(bytes, traf.from, traf.to, 'trun');
    if (!tfhd || !tfdt || bytes.getUint32(tfhd.from + 4) !== track.id) continue;
    const isLong = bytes.getUint8(tfdt.from) === 1;
    const decoded = isLong ? Number(bytes.getBigUint64(tfdt.from + 4)) : bytes.getUint32(tfdt.from + 4);
    return (decoded + (trun ? firstShift(bytes, trun.from) : 0)) / track.timescale;
  }
  return null;
}

/** How much later than it is decoded the first sample of a `trun` is shown (ISO/IEC 14496-12, 8.8.8). */
function firstShift(bytes: DataView, at: number): number {
  const flags = bytes.getUint32(at) & 0xffffff;
  if (!(flags & 0x800)) return 0;
  const before = [0x1, 0x4, 0x100, 0x200, 0x400].filter((flag) => flags & flag).length;
  return bytes.getInt32(at + 8 + 4 * before);
}

interface Extent {
  from: number;
  to: number;
}

/** The bodies of the boxes of a kind that stand one after the other within a range. */
function boxes(bytes: DataView, from: number, to: number, kind: string): Extent[] {
  const found: Extent[] = [];
  for (let at = from; at + 8 <= to; ) {
    const size = bytes.getUint32(at);
    if (size < 8 || at + size > to) break;
    if (box(bytes, at) === kind) found.push({ from: at + 8, to: at + size });
    at += size;
  }
  return found;
}
