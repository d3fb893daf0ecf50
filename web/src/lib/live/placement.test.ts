import { expect, test } from 'vitest';
import type { Fragment } from './message';
import { Places } from './placement';

const wall = Date.parse('2026-11-27T02:10:00Z');
const fragment = (run: number, start_s: number, more: Partial<Fragment> = {}): Fragment => ({
  camera: 'counter-1',
  stream: 'sub',
  kind: 'fragment',
  key: true,
  run,
  start_s,
  duration_s: 0.5,
  wall: new Date(wall + start_s * 1000).toISOString(),
  ...more,
});

test('fragments of one run stand one after the other, and the buffer begins at ten', () => {
  const places = new Places();
  expect(places.place(fragment(1, 100))).toEqual({ drop: false, offset: -90, moved: true });
  expect(places.place(fragment(1, 100.5, { key: false }))).toEqual({ drop: false, offset: -90, moved: false });
  expect(places.end).toBeCloseTo(11);
});

test('nothing is appended before the first keyframe', () => {
  expect(new Places().place(fragment(1, 100, { key: false }))).toEqual({ drop: true });
});

test('a new run goes on where the last one ended', () => {
  const places = new Places();
  places.place(fragment(1, 100));
  expect(places.place(fragment(2, 0))).toEqual({ drop: false, offset: 10.5, moved: true });
});

test('skipped fragments leave no hole', () => {
  const places = new Places();
  places.place(fragment(1, 100));
  expect(places.place(fragment(1, 107, { skipped: true }))).toEqual({ drop: false, offset: -96.5, moved: true });
});

test('a group that comes again is left out as far as it is there', () => {
  const places = new Places();
  for (const start of [100, 100.5, 101]) places.place(fragment(1, start));
  expect(places.place(fragment(1, 100))).toEqual({ drop: true });
  expect(places.place(fragment(1, 101.5, { key: false }))).toEqual({ drop: false, offset: -90, moved: false });
});

test('the wall time of each part of the buffer is known', () => {
  const places = new Places();
  places.place(fragment(1, 100));
  places.place(fragment(1, 107));
  expect(places.wallAt(10.2)).toBeCloseTo(wall + 100_200);
  expect(places.wallAt(10.7)).toBeCloseTo(wall + 107_200);
  expect(new Places().wallAt(10)).toBeNull();
});
