import { expect, test } from 'vitest';
import { around, curvePath, longest, momentAt, moved, placeOf, shortest, thumbMoment, ticks, zoomed } from './scale';

const zone = 'Asia/Ho_Chi_Minh';
const nine = Date.parse('2026-11-27T09:00:00+07:00');
const hour = { from: nine, to: nine + 3_600_000 };

test('a moment and its place belong together', () => {
  expect(placeOf(nine + 1_800_000, hour, 1000)).toBe(500);
  expect(momentAt(500, hour, 1000)).toBe(nine + 1_800_000);
});

test('the moment under the pointer stays there while zooming', () => {
  const anchor = nine + 900_000;
  expect(placeOf(anchor, zoomed(hour, 0.5, anchor), 1000)).toBeCloseTo(250);
  expect(placeOf(anchor, zoomed(hour, 3, anchor), 1000)).toBeCloseTo(250);
});

test('zoom ends at two minutes and at a day', () => {
  const length = ({ from, to }: { from: number; to: number }) => to - from;
  expect(length(zoomed(hour, 1e-6, nine))).toBeCloseTo(shortest);
  expect(length(zoomed(hour, 1e6, nine))).toBeCloseTo(longest);
});

test('the view moves and centres', () => {
  expect(moved(hour, 0.5).from).toBe(nine + 1_800_000);
  expect(around(hour, nine)).toEqual({ from: nine - 1_800_000, to: nine + 1_800_000 });
});

test('times are written at round times of day of the centre', () => {
  expect(ticks(hour, 700, zone).map((t) => t.label)).toEqual(['09:00', '09:10', '09:20', '09:30', '09:40', '09:50']);
  const day = { from: nine - 9 * 3_600_000, to: nine + 15 * 3_600_000 };
  expect(ticks(day, 800, zone).map((t) => t.label)).toContain('06:00');
  expect(ticks({ from: nine, to: nine + 120_000 }, 800, zone)[1]?.label).toBe('09:00:15');
});

test('small pictures are asked for at round moments', () => {
  expect(thumbMoment(nine + 3100, { from: nine, to: nine + 600_000 })).toBe(nine + 2000);
  expect(thumbMoment(nine + 61_000, { from: nine, to: nine + 24 * 3_600_000 })).toBe(nine);
});

test('a curve has holes where there was nothing to measure', () => {
  expect(curvePath([-60, null, 0, -30], (i) => i * 10, 20, -60, 0)).toBe('M0.0 20.0M20.0 0.0L30.0 10.0');
});
