// Reads the stamp that a simulated camera draws into each picture: which frame this is and when it was sent.
// The format is that of deploy/sim/stamp.py: two rows of 48 blocks at the top, 16 lines each; 220 is a one, 30 a zero;
// 8 bits sync, 32 frame number, 48 send time in milliseconds, 8 CRC over number and time.

/** What a stamp says. */
export interface Stamp {
  /** Frame number of the mount, from 0. */
  number: number;
  /** Milliseconds since the Unix epoch. */
  sent: number;
}

/** The pixels of a canvas, as `getImageData` gives them: RGBA, row by row. At least the first 32 rows. */
export interface Picture {
  width: number;
  height: number;
  data: Uint8ClampedArray | Uint8Array | number[];
}

const blocks = 48;
const blockLines = 16;
const sync = 0b10101100;
const threshold = (220 + 30) / 2;

/** CRC-8 with polynomial 0x07 and start value 0. */
export function crc8(bytes: Iterable<number>): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}

/** The stamp of a picture, or null if there is none that can be read for sure. */
export function readStamp(picture: Picture): Stamp | null {
  if (picture.height < 2 * blockLines || picture.width < 4 * blocks) return null;
  const bytes = new Array<number>(12).fill(0);
  for (let i = 0; i < 2 * blocks; i++)
    if (blockLuma(picture, Math.floor(i / blocks), i % blocks) > threshold) bytes[i >> 3]! |= 0x80 >> (i & 7);
  if (bytes[0] !== sync || crc8(bytes.slice(1, 11)) !== bytes[11]) return null;
  const value = (from: number, to: number) => bytes.slice(from, to).reduce((sum, byte) => sum * 256 + byte, 0);
  return { number: value(1, 5), sent: value(5, 11) };
}

/** The mean luma of the middle of a block; its borders are smeared by the codec. */
function blockLuma({ width, data }: Picture, row: number, block: number): number {
  const [left, right] = [Math.floor((block * width) / blocks), Math.floor(((block + 1) * width) / blocks)];
  const inset = Math.floor((right - left) / 4);
  let sum = 0;
  let count = 0;
  for (let y = row * blockLines + 5; y < row * blockLines + 11; y++)
    for (let x = left + inset; x < right - inset; x++) {
      const at = (y * width + x) * 4;
      sum += videoLuma(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0);
      count++;
    }
  return sum / count;
}

/** The luma of the video (16 to 235) that was shown as this colour (BT.601; the strip is grey, so BT.709 is the same). */
function videoLuma(red: number, green: number, blue: number): number {
  return 16 + (219 / 255) * (0.299 * red + 0.587 * green + 0.114 * blue);
}
