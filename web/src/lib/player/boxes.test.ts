import { expect, test } from 'vitest';
import { isWhole } from './boxes';

function box(kind: string, inside: number[] = []): number[] {
  const size = 8 + inside.length;
  return [size >> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255, ...[...kind].map((c) => c.charCodeAt(0)), ...inside];
}
const bytes = (...parts: number[][]) => new Uint8Array(parts.flat()).buffer;
const moof = box('moof', [...box('mfhd', [0, 0, 0, 0]), ...box('traf')]);
const mdat = box('mdat', [1, 2, 3]);

test('fragments one after the other are whole, and so is the beginning of a file', () => {
  expect(isWhole(bytes(moof, mdat, moof, mdat))).toBe(true);
  expect(isWhole(bytes(box('ftyp', [1, 2]), box('moov', box('mvhd'))))).toBe(true);
});

test('what is cut short, filled with zeros or overwritten is not', () => {
  const whole = new Uint8Array(bytes(moof, mdat, moof, mdat));
  expect(isWhole(whole.slice(0, -1).buffer)).toBe(false);
  expect(isWhole(whole.slice().fill(0, moof.length + 4).buffer)).toBe(false);
  expect(isWhole(whole.slice().fill(255, 9, 14).buffer)).toBe(false);
  expect(isWhole(new ArrayBuffer(0))).toBe(false);
  expect(isWhole(new ArrayBuffer(64))).toBe(false);
});
