import { expect, test } from 'vitest';
import { crc8, readStamp, type Picture } from './stamp';

/** Draws a stamp as a browser shows it: full-range RGB, a little noise, smeared borders. */
function drawn(number: number, sent: number, width = 320): Picture {
  const body = [...bytesOf(number, 4), ...bytesOf(sent, 6)];
  const packed = [0b10101100, ...body, crc8(body)];
  const bits = packed.flatMap((byte) => Array.from({ length: 8 }, (_, i) => (byte >> (7 - i)) & 1));
  const data = new Uint8ClampedArray(width * 40 * 4).fill(90);
  for (let y = 0; y < 32; y++)
    for (let x = 0; x < width; x++) {
      const bit = bits[Math.floor(y / 16) * 48 + blockAt(x, width)];
      const luma = ((bit ? 220 : 30) - 16) * (255 / 219) + ((x * 7 + y * 13) % 21) - 10;
      data.set([luma, luma, luma, 255], (y * width + x) * 4);
    }
  return { width, height: 40, data };
}

const bytesOf = (value: number, count: number) =>
  Array.from({ length: count }, (_, i) => Math.floor(value / 256 ** (count - 1 - i)) % 256);

function blockAt(x: number, width: number): number {
  return Array.from({ length: 48 }, (_, i) => i).findLast((i) => Math.floor((i * width) / 48) <= x) ?? 0;
}

test('the checksum is the one of the simulated cameras', () => {
  expect(crc8([...'123456789'].map((c) => c.charCodeAt(0)))).toBe(0xf4);
});

test('number and send time are read back, at any width', () => {
  for (const width of [192, 320, 640, 1920])
    expect(readStamp(drawn(4_000_000_123, 1_795_799_107_084, width))).toEqual({
      number: 4_000_000_123,
      sent: 1_795_799_107_084,
    });
});

test('a picture without a stamp, or with a damaged one, has none', () => {
  const picture = drawn(7, 1_795_799_107_084);
  (picture.data as Uint8ClampedArray).fill(255, 0, 320 * 16 * 4);
  expect(readStamp(picture)).toBeNull();
  expect(readStamp({ width: 320, height: 40, data: new Uint8ClampedArray(320 * 40 * 4) })).toBeNull();
  expect(readStamp({ width: 100, height: 16, data: [] })).toBeNull();
});
