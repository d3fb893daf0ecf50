// Whether what came for a piece has the outer shape of a piece. A browser that is given bytes of another shape
// throws its whole buffer away, also what is good in it; so damage is looked for before.

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
