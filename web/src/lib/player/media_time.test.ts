import { expect, test } from 'vitest';
import { holesBetween, mediaAt, wallAt, type Stretch } from './media_time';

const wall = Date.parse('2026-11-27T02:10:00Z');
const stretches: Stretch[] = [
  { start: 0, duration: 2, wall },
  { start: 2, duration: 2, wall: wall + 2010 },
  { start: 4, duration: 2, wall: wall + 120_000 },
];

test('media time is wall time within a piece', () => {
  expect(wallAt(stretches, 1.5)).toBe(wall + 1500);
  expect(wallAt(stretches, 4.25)).toBe(wall + 120_250);
  expect(mediaAt(stretches, wall + 1500)).toEqual({ time: 1.5, hole: null });
  expect(mediaAt(stretches, wall + 120_500)).toEqual({ time: 4.5, hole: null });
});

test('times outside of what there is are held at its ends', () => {
  expect(wallAt(stretches, -1)).toBe(wall);
  expect(wallAt(stretches, 99)).toBe(wall + 122_000);
  expect(wallAt([], 1)).toBeNull();
});

test('a moment in a gap is the first picture after it, and the gap is named', () => {
  const hole = { from: wall + 4010, to: wall + 120_000 };
  expect(mediaAt(stretches, wall + 60_000)).toEqual({ time: 4, hole });
  expect(holesBetween(stretches, wall, wall + 121_000)).toEqual([hole]);
  expect(holesBetween(stretches, wall, wall + 3000)).toEqual([]);
});

test('rounding between two pieces is no gap', () => {
  expect(mediaAt(stretches, wall + 2005)).toEqual({ time: 2, hole: null });
});

test('before the first picture is a gap, after the last there is nothing', () => {
  expect(mediaAt(stretches, wall - 5000)).toEqual({ time: 0, hole: { from: wall - 5000, to: wall } });
  expect(mediaAt(stretches, wall + 130_000)).toBeNull();
});
